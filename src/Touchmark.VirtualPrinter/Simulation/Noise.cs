namespace Touchmark.VirtualPrinter;

/// <summary>A small seeded generator (SplitMix64), so that a printer's identity and scatter follow from its seed alone.</summary>
internal sealed class Noise(ulong seed)
{
    private ulong state = seed * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03;

    public ulong NextBits()
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double Uniform() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public double Between(double low, double high) => low + (high - low) * Uniform();

    /// <summary>Roughly normal with the given standard deviation (sum of four uniforms).</summary>
    public double Normal(double deviation) => (Uniform() + Uniform() + Uniform() + Uniform() - 2) * 1.7320508 * deviation;

    /// <summary>A string of <paramref name="digits"/> hexadecimal digits.</summary>
    public string Hex(int digits)
    {
        Span<char> text = stackalloc char[digits];
        for (var i = 0; i < digits; i++)
            text[i] = "0123456789ABCDEF"[(int)(NextBits() & 15)];
        return new string(text);
    }
}
