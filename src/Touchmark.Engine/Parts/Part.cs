using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Parts;

/// <summary>A printed part as the registry keeps it.</summary>
internal sealed record Part
{
    public PartId Id { get; init; } = null!;

    public Guid CertificateId { get; init; }

    public Guid DesignId { get; init; }

    public string DesignName { get; init; } = "";

    /// <summary>Of its product: 14 digits, or null.</summary>
    public string? Gtin { get; init; }

    public Guid LicenceId { get; init; }

    public Guid PrinterId { get; init; }

    public string PrinterName { get; init; } = "";

    public Guid JobId { get; init; }

    /// <summary>The organisation that owns the design.</summary>
    public Guid OwnerId { get; init; }

    /// <summary>The organisation that printed it.</summary>
    public Guid OrganisationId { get; init; }

    public string Material { get; init; } = "";

    /// <summary>What the manufacturer calls the batch of material; null where nothing was said.</summary>
    public string? MaterialLot { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    /// <summary>When its print ended.</summary>
    public DateTimeOffset MadeAt { get; init; }

    public long Events { get; init; }

    /// <summary>SHA-256 of the envelope that the next event names.</summary>
    public byte[] Head { get; init; } = [];

    public DateTimeOffset LastAt { get; init; }

    public string? Holder { get; init; }

    public string? OfferedTo { get; init; }

    public string? InstalledInto { get; init; }

    public bool IsRecalled { get; init; }

    public bool IsScrapped { get; init; }

    /// <summary>Where its chain of custody stands.</summary>
    public CustodyState Custody => new()
    {
        PartId = Id, Head = Head, Number = Events, At = LastAt, Holder = Holder, OfferedTo = OfferedTo, InstalledInto = InstalledInto, IsRecalled = IsRecalled, IsScrapped = IsScrapped,
    };

    /// <summary>The part after an event that leaves its chain there.</summary>
    public Part After(CustodyState state) => this with
    {
        Events = state.Number, Head = state.Head.ToArray(), LastAt = state.At, Holder = state.Holder, OfferedTo = state.OfferedTo, InstalledInto = state.InstalledInto,
        IsRecalled = state.IsRecalled, IsScrapped = state.IsScrapped,
    };

    /// <summary>The standing in one word: as the vectors of spec/custody.md have it.</summary>
    public string Standing => this switch
    {
        { IsScrapped: true } => "scrapped",
        { IsRecalled: true } => "recalled",
        { InstalledInto: not null } => "installed",
        { Holder: not null } => "held",
        _ => "unknown",
    };
}
