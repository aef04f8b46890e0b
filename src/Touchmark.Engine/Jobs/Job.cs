using Touchmark.Streaming.Files;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Jobs;

/// <summary>How far a job is. The numbers are in databases: never change or reuse one.</summary>
internal enum JobState : long
{
    /// <summary>A print is taken from the licence; the slicer has others before it.</summary>
    Queued = 1,

    Slicing = 2,

    /// <summary>Sliced; the printer's gateway is away or busy with another job.</summary>
    Waiting = 3,

    /// <summary>Offered to the gateway, which checks the printer.</summary>
    Preflight = 4,

    /// <summary>Written down before the first segment leaves: from here on the print counts.</summary>
    Streaming = 5,

    Done = 6,
    Failed = 7,
    Cancelled = 8,
}

internal static class JobStates
{
    public static bool IsFinal(this JobState state) => state >= JobState.Done;

    /// <summary>A segment may have left.</summary>
    public static bool HasStarted(this JobState state) => state >= JobState.Streaming;
}

/// <summary>Why a job ended without a part, for people and programs.</summary>
[method: System.Text.Json.Serialization.JsonConstructor]
internal sealed record JobFailure(string Code, string Text, IReadOnlyDictionary<string, object?> Figures, string Fix)
{
    private static readonly Dictionary<string, object?> NoFigures = [];

    public JobFailure(string code, string text, string fix)
        : this(code, text, NoFigures, fix)
    {
    }

    public static JobFailure Of(Refusal refusal) => new(refusal.Code, refusal.Text, refusal.Figures, refusal.Fix);

    public static JobFailure Of(Streaming.Refusal refusal) =>
        new(refusal.Code, refusal.Text, refusal.Figures.ToDictionary(figure => figure.Key, object? (figure) => figure.Value), refusal.Fix);
}

/// <summary>A job as it stands in the database, with the names that people know.</summary>
internal sealed record Job
{
    public Guid Id { get; init; }

    public Guid LicenceId { get; init; }

    /// <summary>Which of the licence's prints this is, from 1.</summary>
    public long PrintNumber { get; init; }

    public Guid DesignId { get; init; }

    public string DesignName { get; init; } = "";

    /// <summary>The organisation that owns the design.</summary>
    public Guid OwnerId { get; init; }

    public Guid PrinterId { get; init; }

    public string PrinterName { get; init; } = "";

    /// <summary>The organisation that prints.</summary>
    public Guid OrganisationId { get; init; }

    public string Material { get; init; } = "";

    /// <summary>The batch of the material, as whoever prints names it.</summary>
    public string? MaterialLot { get; init; }

    public string Quality { get; init; } = "";

    public double? ExposureLimitS { get; init; }

    public double? OutageLimitS { get; init; }

    /// <summary>The licence lets it be printed although the printer's Moonraker keeps scripts.</summary>
    public bool AllowScriptStore { get; init; }

    /// <summary>The licence lets it be printed on a printer without a dead-man timer.</summary>
    public bool AllowNoDeadMan { get; init; }

    /// <summary>By how much the engine may slow the feed, %.</summary>
    public double MaxSlowdownPercent { get; init; }

    /// <summary>By how much the engine may move a heater's target, °C.</summary>
    public double MaxTemperatureTrimC { get; init; }

    /// <summary>What a marketplace knows the design by: an <see cref="ExternalLicence"/> as JSON, or null.</summary>
    public string? External { get; init; }

    public JobState State { get; init; }

    public JobPriority Priority { get; init; }

    public Guid? SliceId { get; init; }

    public Guid? SessionId { get; init; }

    public Guid? CertificateId { get; init; }

    /// <summary>A <see cref="JobFailure"/> as JSON.</summary>
    public string? Failure { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the first segment was about to leave.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When somebody asked to pause it; null while it goes on.</summary>
    public DateTimeOffset? PauseRequestedAt { get; init; }

    /// <summary>Whether the gateway reported, when the print ended, that the printer is at rest; null where nothing was printed.</summary>
    public bool? AtRest { get; init; }

    /// <summary>How far the pause had come when the node that prints last wrote it down.</summary>
    public JobPauseState PauseState { get; init; }

    /// <summary>Whether the gateway that prints it can hold it; null while it does not print.</summary>
    public bool? GatewayHolds { get; init; }
}
