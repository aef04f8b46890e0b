namespace Touchmark.Streaming.Tests;

/// <summary>Numbers that look random and are the same for the same seed (SplitMix64).</summary>
internal sealed class Draws(int seed)
{
    private ulong _state = (ulong)seed;

    /// <summary>From 0 to below <paramref name="below"/>.</summary>
    public int Next(int below)
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)below);
    }
}
