using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Evidence.Verification;

/// <summary>Where a part's chain of custody stands: what the next event has to follow, and what it may be. <see cref="CustodyRules"/> takes it from one event to the next.</summary>
public sealed record CustodyState
{
    public required PartId PartId { get; init; }

    /// <summary>SHA-256 of the envelope that the next event has to name: of the last event, or of the print certificate.</summary>
    public required ReadOnlyMemory<byte> Head { get; init; }

    /// <summary>How many events there are.</summary>
    public long Number { get; init; }

    /// <summary>Time of the last event, or of the end of the print: the next one is not before it.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Pseudonym of whoever has the part; of whoever had it last when it <see cref="IsScrapped"/>; null before the first event.</summary>
    public string? Holder { get; init; }

    /// <summary>Pseudonym of whoever may receive it, null while it is offered to nobody.</summary>
    public string? OfferedTo { get; init; }

    /// <summary>What it is built into, null while it is not.</summary>
    public string? InstalledInto { get; init; }

    /// <summary>Whether it was recalled and has passed no inspection since.</summary>
    public bool IsRecalled { get; init; }

    public bool IsScrapped { get; init; }

    /// <summary>The beginning of the chain of a printed part; null where there is none: the certificate names no part, or its print was not completed.</summary>
    /// <param name="certificate">What was printed.</param>
    /// <param name="certificateSha256">SHA-256 of the envelope of its statement.</param>
    public static CustodyState? Begin(PrintCertificate certificate, ReadOnlyMemory<byte> certificateSha256)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return certificate is { PartId: { } part, Result: PrintResult.Completed } ? new() { PartId = part, Head = certificateSha256, At = certificate.EndedAt } : null;
    }
}

/// <summary>Why an event may not be the next one.</summary>
/// <param name="Code">Stable.</param>
/// <param name="Text">A sentence for people, with the figures.</param>
/// <param name="Fix">What to do instead.</param>
public sealed record CustodyRefusal(string Code, string Text, string Fix);
