using Touchmark.Streaming;

namespace Touchmark.Engine.Printers;

/// <summary>What became of an enrolment. The numbers are in databases: never change or reuse one.</summary>
internal enum EnrolmentState : long
{
    /// <summary>The gateway presented a changed machine; nobody has decided yet.</summary>
    Pending = 1,

    /// <summary>Signed; the latest of these is the one that counts.</summary>
    Accepted = 2,

    Declined = 3,

    /// <summary>The gateway presented the machine once more before anybody decided.</summary>
    Replaced = 4,
}

/// <summary>One enrolment of a printer.</summary>
internal sealed record PresentedEnrolment
{
    public Guid Id { get; init; }

    public Guid PrinterId { get; init; }

    public string PrinterName { get; init; } = "";

    public Guid OrganisationId { get; init; }

    public string Organisation { get; init; } = "";

    public EnrolmentState State { get; init; }

    /// <summary>The machine identity profile, encoded.</summary>
    public byte[] Profile { get; init; } = [];

    /// <summary>What differed from the enrolment before, a sentence a line; empty for the first.</summary>
    public string Differences { get; init; } = "";

    public DateTimeOffset PresentedAt { get; init; }

    /// <summary>Name of the organisation whose account decided; null for a first enrolment and before.</summary>
    public string? DecidedBy { get; init; }

    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>The signed PrinterEnrolment, once accepted.</summary>
    public byte[]? Statement { get; init; }
}

/// <summary>What differs between an enrolment and what a gateway presents now, for whoever has to decide.</summary>
internal static class EnrolmentDifferences
{
    public static IReadOnlyList<string> Between(MachineProfile enrolled, MachineProfile presented)
    {
        var differences = MachineProfile.Compare(enrolled, presented).Select(difference => difference.ToString());
        if (enrolled.Behaviour is { } before && presented.Behaviour is { } after)
        {
            differences = differences.Concat(SnapshotComparison.Compare(before, after).Where(figure => figure.Differs).Select(figure => figure.ToString()));
        }

        var (had, has) = (Named(enrolled), Named(presented));
        return [.. differences, .. had == has ? Array.Empty<string>() : [$"measured behaviour was {had}, is {has}"]];
    }

    public static string Named(MachineProfile profile) => profile.Behaviour is { Names: { Count: > 0 } names } ? string.Join(", ", names) : "none";
}
