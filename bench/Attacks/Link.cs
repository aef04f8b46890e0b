namespace Touchmark.Bench.Attacks;

/// <summary>One direction of the network between engine and gateway: in order, with a delay of its own and a little jitter, s.</summary>
internal sealed class Link(SplitMix random, double delay)
{
    private const double Jitter = 0.05;

    private readonly Queue<(double Due, ReadOnlyMemory<byte> Frame)> underWay = new();
    private double last;

    public void Send(ReadOnlyMemory<byte> frame, double now)
    {
        last = Math.Max(last, now + delay + random.Between(0, Jitter));
        underWay.Enqueue((last, frame));
    }

    public bool TryTake(double now, out ReadOnlyMemory<byte> frame)
    {
        var due = underWay.TryPeek(out var next) && next.Due <= now;
        frame = due ? underWay.Dequeue().Frame : default;
        return due;
    }
}

/// <summary>A small seeded generator, so that a run follows from its seed.</summary>
internal sealed class SplitMix(ulong seed)
{
    private ulong state = (seed * 0x9E3779B97F4A7C15) + 0x2545F4914F6CDD1D;

    /// <summary>Uniform from <paramref name="low"/> to below <paramref name="high"/>.</summary>
    public double Between(double low, double high)
    {
        state += 0x9E3779B97F4A7C15;
        var mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return low + ((high - low) * (((mixed ^ (mixed >> 31)) >> 11) * (1.0 / (1UL << 53))));
    }
}
