using System.Diagnostics;
using System.Globalization;

namespace Touchmark.Vault.Manifest;

/// <summary>Where the time of a signature went, from its beginning on: what whoever calls sees as Server-Timing (W3C), and the bench adds up.</summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class TurnTimes
{
    private static readonly string[] Names = Enum.GetNames<Step>().Select(name => name.ToLowerInvariant()).ToArray();

    private readonly long[] ticks = new long[Names.Length];
    private Step now = Step.Rest;
    private long since = Stopwatch.GetTimestamp();

    /// <summary>What is done one after the other.</summary>
    public enum Step
    {
        /// <summary>The request comes in, and its toolpath is brought into canonical form and hashed. The token sets values of its counter aside meanwhile.</summary>
        Read,

        /// <summary>Others have the turn.</summary>
        Turn,

        /// <summary>A value of the token's counter is taken.</summary>
        Count,

        /// <summary>Keys sign: those in the token, and those in software.</summary>
        Sign,

        /// <summary>The manifest takes the statement, durably, and signs its new checkpoint.</summary>
        Enter,

        /// <summary>The index takes it.</summary>
        Index,

        /// <summary>All else: the job is looked up, operator and slicer are checked, the review looks at it.</summary>
        Rest,
    }

    /// <summary>Counts for the step until it is disposed, and for the one before then.</summary>
    public Span Measure(Step step) => new(this, Switch(step));

    /// <summary>The value of the header. What it names adds up to all of the time.</summary>
    public override string ToString()
    {
        Switch(now);
        return string.Join(", ", Names.Select((name, step) => string.Create(CultureInfo.InvariantCulture, $"{name};dur={Stopwatch.GetElapsedTime(0, ticks[step]).TotalMilliseconds:0.000}")));
    }

    private Step Switch(Step next)
    {
        var (before, time) = (now, Stopwatch.GetTimestamp());
        ticks[(int)before] += time - since;
        (now, since) = (next, time);
        return before;
    }

    internal readonly struct Span(TurnTimes owner, Step before) : IDisposable
    {
        public void Dispose() => owner.Switch(before);
    }
}
