using System.Globalization;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Review.Learning;

namespace Touchmark.Vault.Review;

/// <summary>What the signals are called, on the wire and in the database: never change one.</summary>
internal static class Signals
{
    public const string SlicerDrift = "slicer-drift";
    public const string SensorAnomaly = "sensor-anomaly";
    public const string OperatorContext = "operator-context";

    /// <summary>The one whose findings keep an audit export back until somebody has looked at them. They keep back nothing else.</summary>
    public const string Completeness = "bundle-completeness";

    /// <summary>From this score on a signal is a finding, which a reviewer accepts or rejects.</summary>
    public const double Finding = 0.5;

    private const int LongestReason = 512;
    private const int LongestValue = 256;
    private const int MostEvidence = 32;

    /// <summary>A signal of what speaks against normal; its score is what they say together, its reason the strongest of them.</summary>
    /// <param name="name">The signal's.</param>
    /// <param name="usual">The reason where nothing is unusual.</param>
    /// <param name="doubts">A score from 0 to 1, a clause for people, and the evidence for it.</param>
    public static ReviewSignal Of(string name, string usual, IReadOnlyList<Doubt> doubts)
    {
        var score = Math.Round(Statistics.Together(doubts.Select(doubt => doubt.Score)), 3);
        var told = doubts.OrderByDescending(doubt => doubt.Score).Where(doubt => doubt.Score >= 0.05).ToList();
        var reason = told.Count == 0 ? usual : Sentence(string.Join("; ", told.Take(3).Select(doubt => doubt.Words)));
        return new ReviewSignal(name, score, Cut(reason, LongestReason), [.. told.Take(MostEvidence).Select(doubt => new SignalEvidence(
            Cut(doubt.Subject, 128), Cut(string.Create(CultureInfo.InvariantCulture, $"{doubt.Score:0.000}: {doubt.Words}"), LongestValue)))]);
    }

    private static string Sentence(string words) => char.ToUpperInvariant(words[0]) + words[1..] + ".";

    private static string Cut(string text, int most) => text.Length <= most ? text : text[..(most - 1)] + "…";
}

/// <summary>One thing that is unlike what is usual here.</summary>
/// <param name="Subject">What it is about, for example a channel.</param>
/// <param name="Score">0 to 1.</param>
/// <param name="Words">A clause for people, figures included.</param>
internal sealed record Doubt(string Subject, double Score, string Words);
