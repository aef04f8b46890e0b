using System.Diagnostics;
using System.Globalization;

namespace Touchmark.Vault.Manifest;

/// <summary>Where the time of a signature went: what whoever calls sees as Server-Timing (W3C), and the bench adds up.</summary>
internal sealed class TurnTimes
{
    private static readonly string[] Names = Enum.GetNames<Step>().Select(name => name.ToLowerInvariant()).ToArray();

    private readonly long[] ticks = new long[Names.Length];

    /// <summary>What is done one after the other.</summary>
    public enum Step
    {
        /// <summary>The token's counter is taken.</summary>
        Count,

        /// <summary>Keys sign: those in the token, and those in software.</summary>
        Sign,

        /// <summary>The manifest takes the statement, durably, and signs its new checkpoint.</summary>
        Enter,

        /// <summary>The index takes it.</summary>
        Index,
    }

    /// <summary>Counts for the step until it is disposed.</summary>
    public Span Measure(Step step) => new(this, step, Stopwatch.GetTimestamp());

    /// <summary>The value of the header.</summary>
    public override string ToString() =>
        string.Join(", ", Names.Select((name, step) => string.Create(CultureInfo.InvariantCulture, $"{name};dur={Stopwatch.GetElapsedTime(0, ticks[step]).TotalMilliseconds:0.000}")));

    internal readonly struct Span(TurnTimes owner, Step step, long start) : IDisposable
    {
        public void Dispose() => owner.ticks[(int)step] += Stopwatch.GetTimestamp() - start;
    }
}
