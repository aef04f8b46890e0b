using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.GCode.Tests;

/// <summary>Generators of G-code, from plausible to hostile.</summary>
internal static class Programs
{
    private static readonly Gen<string> Number = Gen.OneOf(
        Gen.Choose(0, 200).Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        Gen.Choose(-9999, 99999).Select(n => (n / 100.0).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture)),
        Gen.Choose(0, 9999).Select(n => (n / 1000.0).ToString("0.000", System.Globalization.CultureInfo.InvariantCulture)),
        Gen.Choose(0, 999).Select(n => $".{n}"),
        Gen.Elements("-0", "00.5", "+1", "1.", "0", "-.5", "-0.50", "0.0", "007"));

    private static readonly Gen<string> Move =
        from command in Gen.Elements("G1", "G0", "G1", "g1", "G01", "G1")
        from words in (from letter in Gen.Elements("X", "Y", "Z", "E", "F", "x")
                       from number in Number
                       from space in Gen.Elements(" ", " ", " ", "", "  ")
                       select space + letter + number).ListOf(3)
        select command + string.Concat(words);

    private static readonly Gen<string> Other = Gen.Elements(
        "G28", "G90", "G91", "M82", "M83", "G92 E0", "G92 X0 Y1.50", "M204 S500", "G4 P10", "M400", "M106 S255", "M117 Layer 0.50", "T0",
        "SET_VELOCITY_LIMIT ACCEL=1500", "G2 X10 Y10 I5 J0 E.1", "G3 X1 Y1 I-2", "; comment", "", "   ", ";TYPE:Skirt", "N7 G1 X1*4", "EXCLUDE_OBJECT_START NAME=a",
        "G1 X1 Y1O", "G1 X1e5", "G1 X1.2.3", "G28 X", "M220 S50", "M221 S90");

    private static readonly Gen<string> Ending = Gen.Elements("\n", "\n", "\r\n", " ; note\n", ";note\n", " \n");

    /// <summary>Lines that slicers could write.</summary>
    public static Arbitrary<byte[]> Plausible { get; } =
        (from lines in (from line in Gen.Frequency((9, Move), (1, Other)) from end in Ending select line + end).ListOf()
         select Encoding.ASCII.GetBytes(string.Concat(lines))).Resize(300).ToArbitrary();

    private static readonly Gen<byte[]> Scraps = Gen.Elements(
        "G1 ", "X", "Y-", "E.", "0", "00", ".5", "-", " ", "\n", "\r", "\r\n", ";", "(", ")", "*12", "N1 ", "M117 ", "\"", "'", "=", "\\", "\0", "\u00fc", "g", "e5", "NaN", "1e308",
        "99999999999999999999", "SET_", "?", "%", "T", "\t", "M112", "G91\n", "G2 ", "I1", "R").Select(Encoding.UTF8.GetBytes);

    /// <summary>Scraps of G-code in any order, and plain noise.</summary>
    public static Arbitrary<byte[]> Hostile { get; } =
        Gen.OneOf(
            Scraps.ListOf().Select(parts => parts.SelectMany(part => part).ToArray()),
            Gen.Choose(0, 255).Select(b => (byte)b).ListOf().Select(bytes => bytes.ToArray()),
            Plausible.Generator.SelectMany(text => Gen.Choose(0, Math.Max(0, text.Length - 1)).SelectMany(at => Gen.Choose(0, 255).Select(b => Mutate(text, at, (byte)b))))).Resize(400).ToArbitrary();

    private static byte[] Mutate(byte[] text, int at, byte value)
    {
        byte[] changed = [.. text];
        if (changed.Length > 0)
        {
            changed[at] = value;
        }

        return changed;
    }
}
