using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Parts;

namespace Touchmark.Evidence.Documents;

/// <summary>What happened to a part. The names on the wire are frozen; who may say what when, <see cref="Verification.CustodyRules"/> says.</summary>
public enum CustodyEventKind
{
    Manufactured,

    /// <summary>Offered to another custodian, who has it once it is <see cref="Received"/>.</summary>
    Transferred,
    Received,
    Installed,
    Removed,
    Inspected,
    Maintained,
    Recalled,
    Scrapped,
}

/// <summary>What came of an inspection.</summary>
public enum InspectionOutcome
{
    Passed,
    Failed,
}

/// <summary>One link of a part's chain of custody, signed by the custodian's own keys for this part, or by the registry where it is a recall (spec/custody.md).</summary>
public sealed record CustodyEvent : IDocument<CustodyEvent>
{
    /// <summary>Most events of one part: weekly maintenance for 30 years is 1,560.</summary>
    public const int MaxNumber = 4096;

    /// <summary>Longest <see cref="Into"/>, characters.</summary>
    public const int MaxInto = 256;

    /// <summary>Longest <see cref="Reason"/> and <see cref="Note"/>, characters.</summary>
    public const int MaxText = 1024;

    private static readonly (CustodyEventKind, string)[] Kinds =
    [
        (CustodyEventKind.Manufactured, "manufactured"), (CustodyEventKind.Transferred, "transferred"), (CustodyEventKind.Received, "received"),
        (CustodyEventKind.Installed, "installed"), (CustodyEventKind.Removed, "removed"), (CustodyEventKind.Inspected, "inspected"),
        (CustodyEventKind.Maintained, "maintained"), (CustodyEventKind.Recalled, "recalled"), (CustodyEventKind.Scrapped, "scrapped"),
    ];

    private static readonly (InspectionOutcome, string)[] Outcomes = [(InspectionOutcome.Passed, "passed"), (InspectionOutcome.Failed, "failed")];

    public static string ContentType => "application/vnd.touchmark.custody-event+cbor";

    public required Guid EventId { get; init; }

    public required PartId PartId { get; init; }

    /// <summary>Its place in the chain, from 1 to <see cref="MaxNumber"/>, without gaps.</summary>
    public required long Number { get; init; }

    public required CustodyEventKind Kind { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>SHA-256 of the envelope before: of the print certificate for event 1, else of the event before.</summary>
    public required ReadOnlyMemory<byte> Previous { get; init; }

    /// <summary>Pseudonym of whoever signs, or <see cref="Pseudonym.Registry"/> for a recall.</summary>
    public required string Custodian { get; init; }

    /// <summary>Pseudonym of whom it is offered to: of a transfer, and only there.</summary>
    public string? To { get; init; }

    /// <summary>What it was built into: of an installation, and only there.</summary>
    public string? Into { get; init; }

    /// <summary>Of an inspection, and only there.</summary>
    public InspectionOutcome? Outcome { get; init; }

    /// <summary>SHA-256 of the envelope of the <see cref="Documents.Recall"/>: of a recall, and only there.</summary>
    public ReadOnlyMemory<byte>? Recall { get; init; }

    /// <summary>Why it was removed, recalled or scrapped; there alone, and not always.</summary>
    public string? Reason { get; init; }

    public string? Note { get; init; }

    public string Subject => $"custody-event/{EventId:D}";

    /// <summary>The name of a kind on the wire, in JSON and for people.</summary>
    public static string NameOf(CustodyEventKind kind) => Wire.NameOf(Kinds, kind);

    public CborMap ToCbor() => CborMap.Of(
        ("event_id", Document.Id(EventId)),
        ("part_id", PartId.Value),
        ("number", Number),
        ("kind", NameOf(Kind)),
        ("at", Document.Time(At)),
        ("previous", Previous),
        ("custodian", Custodian),
        ("to", Document.Text(To)),
        ("into", Document.Text(Into)),
        ("outcome", Document.Text(Outcome is { } outcome ? Wire.NameOf(Outcomes, outcome) : null)),
        ("recall", Recall is { } recall ? new CborBytes(recall) : null),
        ("reason", Document.Text(Reason)),
        ("note", Document.Text(Note)));

    public static CustodyEvent Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var kind = fields.Choice("kind", Kinds);
        return new()
        {
            EventId = fields.Id("event_id"),
            PartId = PartId.Read(fields, "part_id"),
            Number = fields.Integer("number", 1, MaxNumber),
            Kind = kind,
            At = fields.Time("at"),
            Previous = fields.Bytes("previous", 32),
            Custodian = ReadCustodian(fields, kind),
            To = Belongs(fields, "to", kind is CustodyEventKind.Transferred) ? Pseudonym.Read(fields, "to") : null,
            Into = Belongs(fields, "into", kind is CustodyEventKind.Installed) ? fields.Text("into", MaxInto) : null,
            Outcome = Belongs(fields, "outcome", kind is CustodyEventKind.Inspected) ? fields.Choice("outcome", Outcomes) : null,
            Recall = Belongs(fields, "recall", kind is CustodyEventKind.Recalled) ? fields.Bytes("recall", 32) : default(ReadOnlyMemory<byte>?),
            Reason = kind is CustodyEventKind.Removed or CustodyEventKind.Recalled or CustodyEventKind.Scrapped || Belongs(fields, "reason", false)
                ? fields.OptionalText("reason", MaxText) : null,
            Note = fields.OptionalText("note", MaxText),
        };
    }

    private static string ReadCustodian(CborFields fields, CustodyEventKind kind)
    {
        if (kind is not CustodyEventKind.Recalled)
        {
            return Pseudonym.Read(fields, "custodian");
        }
        var custodian = fields.Text("custodian");
        if (custodian != Pseudonym.Registry)
        {
            fields.Refuse("custodian", $"only {Pseudonym.Registry} recalls");
        }
        return custodian;
    }

    /// <summary>Whether the field is to be read; one that has no place in this kind of event is refused.</summary>
    private static bool Belongs(CborFields fields, string key, bool belongs)
    {
        if (!belongs && fields.Has(key))
        {
            fields.Refuse(key, "has no place in this kind of event");
        }
        return belongs;
    }
}
