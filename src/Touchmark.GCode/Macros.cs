using System.Text;

namespace Touchmark.GCode;

/// <summary>Names that a machine's configuration gives.</summary>
internal static class Macros
{
    private const int LongestName = 64;

    public static bool Contains(MachineLimits limits, ReadOnlySpan<byte> name) =>
        limits.AllowedMacros.Count > 0 && name.Length <= LongestName && limits.AllowedMacros.Contains(Encoding.ASCII.GetString(name));

    /// <summary>Klipper's section names: extruder, extruder1, extruder2 and so on.</summary>
    public static bool TryExtruder(ReadOnlySpan<byte> name, out int tool)
    {
        tool = 0;
        return name.StartsWith("extruder"u8)
            && (name.Length == 8 || (name.Length is 9 or 10 && int.TryParse(name[8..], System.Globalization.NumberStyles.None, null, out tool)));
    }
}
