using System.Text.Json.Serialization;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.GCode;

namespace Touchmark.Vault.Review;

/// <summary>The values of one sensor in the order of their times, which no statement keeps.</summary>
/// <param name="PeriodSeconds">From one value to the next, s.</param>
/// <param name="Values">In the channel's unit.</param>
internal sealed record SensorSeries([property: JsonPropertyName("period_s")] double PeriodSeconds, IReadOnlyList<double> Values);

/// <summary>What is looked at before a bundle is signed.</summary>
/// <param name="Draft">The bundle without signals.</param>
/// <param name="Toolpath">What the toolpath says about itself; null where the vault was given its hash alone.</param>
/// <param name="Series">By channel; those that the caller gave.</param>
internal sealed record Reviewed(EvidenceBundle Draft, ToolpathMetadata? Toolpath, IReadOnlyDictionary<string, SensorSeries> Series);

/// <summary>What the reviewer says; it decides nothing.</summary>
internal sealed record Judgement(IReadOnlyList<ReviewModel> Models, IReadOnlyList<ReviewSignal> Signals);

/// <summary>Looks for what is unusual. It fails nothing, and learns from what people say of its findings.</summary>
internal sealed class Reviewer(ReviewLearner learner, Completeness completeness)
{
    public Judgement Judge(Reviewed reviewed)
    {
        ArgumentNullException.ThrowIfNull(reviewed);
        var job = Observation.Of(reviewed);
        var (models, signals) = learner.Judge(reviewed.Draft, job);
        return new Judgement([.. models, new ReviewModel(Signals.Completeness, Completeness.Version, completeness.Sha256)], [.. signals, completeness.Judge(reviewed.Draft)]);
    }
}
