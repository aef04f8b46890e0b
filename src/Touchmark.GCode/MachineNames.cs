using System.Globalization;
using System.Text;

namespace Touchmark.GCode;

/// <summary>Names that a machine's configuration gives, looked up in bytes without making strings.</summary>
internal sealed class MachineNames
{
    private const int LongestName = 64;

    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _macros;
    private readonly int _count;

    public MachineNames(MachineLimits limits)
    {
        _macros = new HashSet<string>(limits.AllowedMacros, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _count = limits.AllowedMacros.Count;
    }

    /// <summary>Whether the profile allows a macro of this name.</summary>
    public bool IsMacro(ReadOnlySpan<byte> name)
    {
        if (_count == 0 || name.Length > LongestName)
        {
            return false;
        }

        Span<char> characters = stackalloc char[LongestName];
        return _macros.Contains(characters[..Encoding.ASCII.GetChars(name, characters)]);
    }

    /// <summary>Klipper's section names: extruder, extruder1, extruder2 and so on.</summary>
    public static bool TryExtruder(ReadOnlySpan<byte> name, out int tool)
    {
        tool = 0;
        return name.StartsWith("extruder"u8)
            && (name.Length == 8 || (name.Length is 9 or 10 && int.TryParse(name[8..], NumberStyles.None, CultureInfo.InvariantCulture, out tool)));
    }
}
