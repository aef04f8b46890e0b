using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents;

/// <summary>What became of an administrative act.</summary>
public enum AuditOutcome
{
    Done,
    Refused,
}

/// <summary>One circumstance of an act, for people; never a secret.</summary>
public sealed record AuditDetail(string Name, string Value);

/// <summary>
/// Somebody did something to an engine that has to be answered for: an account, a role, a licence, a printer, a key, a setting. Accounts are named by their ids alone,
/// so that a record that is kept for good holds no e-mail address.
/// </summary>
public sealed record AuditRecord : IDocument<AuditRecord>
{
    /// <summary>Longest <see cref="Actor"/>, <see cref="Act"/> and <see cref="AboutWhat"/>, characters.</summary>
    public const int MaxName = 200;

    /// <summary>Longest value of a detail, characters.</summary>
    public const int MaxValue = 1024;

    private static readonly (AuditOutcome, string)[] Outcomes = [(AuditOutcome.Done, "done"), (AuditOutcome.Refused, "refused")];

    public static string ContentType => "application/vnd.touchmark.audit-record+cbor";

    public required Guid RecordId { get; init; }

    /// <summary>Its place among the engine's records, from 1, without gaps.</summary>
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Who: kind and id such as <c>account/…</c>, or <c>setup-token</c>, or <c>engine</c> for what its operator told it at start.</summary>
    public required string Actor { get; init; }

    /// <summary>In which role, where the actor has one.</summary>
    public string? ActorRole { get; init; }

    /// <summary>What, by its stable name, such as <c>licence.revoked</c>.</summary>
    public required string Act { get; init; }

    /// <summary>To what: kind and id, such as <c>licence/…</c>.</summary>
    public required string AboutWhat { get; init; }

    public required AuditOutcome Outcome { get; init; }

    /// <summary>The stable code of a refusal.</summary>
    public string? RefusalCode { get; init; }

    public IReadOnlyList<AuditDetail> Details { get; init; } = [];

    /// <summary>SHA-256 of the statement of the record before this one; null for the first.</summary>
    public ReadOnlyMemory<byte>? Previous { get; init; }

    public string Subject => $"audit-record/{RecordId:D}";

    /// <summary>The name that an outcome has in statements.</summary>
    public static string NameOf(AuditOutcome outcome) => Wire.NameOf(Outcomes, outcome);

    public CborMap ToCbor() => CborMap.Of(
        ("record_id", Document.Id(RecordId)),
        ("number", Number),
        ("at", Document.Time(At)),
        ("actor", Actor),
        ("actor_role", Document.Text(ActorRole)),
        ("act", Act),
        ("subject", AboutWhat),
        ("outcome", NameOf(Outcome)),
        ("refusal_code", Document.Text(RefusalCode)),
        ("details", new CborArray([.. Details.Select(detail => CborMap.Of(("name", detail.Name), ("value", detail.Value)))])),
        ("previous", Previous is { } previous ? new CborBytes(previous) : null));

    public static AuditRecord Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var record = new AuditRecord
        {
            RecordId = fields.Id("record_id"),
            Number = fields.Integer("number", 1),
            At = fields.Time("at"),
            Actor = fields.Text("actor", MaxName),
            ActorRole = fields.OptionalText("actor_role", MaxName),
            Act = fields.Text("act", MaxName),
            AboutWhat = fields.Text("subject", MaxName),
            Outcome = fields.Choice("outcome", Outcomes),
            RefusalCode = fields.OptionalText("refusal_code", MaxName),
            Details = fields.Maps("details", 32, detail => new AuditDetail(detail.Text("name", MaxName), detail.Text("value", MaxValue))),
            Previous = fields.OptionalBytes("previous", 32, 32),
        };
        if (record.Previous is null != (record.Number == 1))
        {
            fields.Refuse("previous", "missing, or there although this is the first record");
        }

        return record;
    }
}
