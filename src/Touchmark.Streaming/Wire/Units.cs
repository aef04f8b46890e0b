namespace Touchmark.Streaming.Wire;

/// <summary>Physical values as the integers that travel: µs, µm, 0.01 °C, thousandths. Whatever the printer says is brought into range, never refused.</summary>
internal static class Units
{
    /// <summary>10 m: no printer is larger.</summary>
    private const long MaxMicrometres = 10_000_000;

    /// <summary>1,000 km of filament.</summary>
    private const long MaxFilament = 1_000_000_000_000;

    private const long MaxCentidegrees = 500_000;
    private const long MaxThousandths = 1_000_000;
    /// <summary>Nearly nine years of uptime; beyond, a double would no longer keep every microsecond.</summary>
    private const long MaxMicroseconds = 1L << 48;

    public static long Microseconds(double seconds) => Scale(seconds, 1e6, 0, MaxMicroseconds);

    public static long Length(double mm) => Scale(mm, 1e3, -MaxMicrometres, MaxMicrometres);

    public static long Filament(double mm) => Scale(mm, 1e3, -MaxFilament, MaxFilament);

    public static long Temperature(double celsius) => Scale(celsius, 100, -MaxCentidegrees, MaxCentidegrees);

    public static long Thousandths(double value) => Scale(value, 1e3, 0, MaxThousandths);

    public static double Microseconds(this ref WireReader reader) => reader.Signed(0, MaxMicroseconds) / 1e6;

    public static double Length(this ref WireReader reader) => reader.Signed(-MaxMicrometres, MaxMicrometres) / 1e3;

    public static double Filament(this ref WireReader reader) => reader.Signed(-MaxFilament, MaxFilament) / 1e3;

    public static double Temperature(this ref WireReader reader) => reader.Signed(-MaxCentidegrees, MaxCentidegrees) / 100.0;

    public static double Thousandths(this ref WireReader reader) => reader.Signed(0, MaxThousandths) / 1e3;

    public static void Type(this ref WireReader reader, WireType type)
    {
        if (reader.Unsigned() != (ulong)type)
        {
            reader.Fail();
        }
    }

    /// <summary>The longest beginning of <paramref name="text"/> that takes at most <paramref name="maxBytes"/> bytes of UTF-8; lone surrogates become U+FFFD.</summary>
    public static string Cut(string text, int maxBytes)
    {
        int length = 0;
        int bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > maxBytes)
            {
                return text[..length];
            }
            bytes += rune.Utf8SequenceLength;
            length += rune.Utf16SequenceLength;
        }
        return text;
    }

    private static long Scale(double value, double scale, long min, long max)
    {
        double scaled = value * scale;
        return double.IsNaN(scaled) ? 0 : scaled <= min ? min : scaled >= max ? max : (long)Math.Round(scaled);
    }
}
