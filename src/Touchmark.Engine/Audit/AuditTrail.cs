using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Keys;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Audit;

/// <summary>An administrative act as it is written down: who did what to what.</summary>
/// <param name="Actor">Kind and id, see <see cref="AuditRecord.Actor"/>.</param>
/// <param name="AccountId">The account, where the actor is one.</param>
/// <param name="Role">In which role.</param>
/// <param name="Name">One of <see cref="Acts"/>.</param>
/// <param name="Subject">Kind and id.</param>
internal sealed record AuditedAct(string Actor, Guid? AccountId, Role? Role, string Name, string Subject)
{
    /// <summary>The stable code of a refusal; null when it was done.</summary>
    public string? RefusalCode { get; init; }

    /// <summary>For people; never a secret.</summary>
    public IReadOnlyList<AuditDetail> Details { get; init; } = [];

    /// <summary>An act of somebody who is signed in.</summary>
    public static AuditedAct By(Caller caller, string name, string subject, params AuditDetail[] details) =>
        new($"account/{caller.AccountId:D}", caller.AccountId, caller.Role, name, subject) { Details = details };

    /// <summary>An act of somebody who is named by what they hold, or of the engine itself.</summary>
    public static AuditedAct By(string actor, string name, string subject, params AuditDetail[] details) => new(actor, null, null, name, subject) { Details = details };
}

/// <summary>Which records are asked for; all of it has to fit.</summary>
internal sealed record AuditFilter
{
    /// <summary>Only those before this number.</summary>
    public long? Before { get; init; }

    /// <summary>Only those after this number, the oldest first.</summary>
    public long? After { get; init; }

    /// <summary>To what it was done, kind and id.</summary>
    public string? Subject { get; init; }

    /// <summary>One of <see cref="Acts"/>.</summary>
    public string? Act { get; init; }

    /// <summary>Who did it: kind and id, or the e-mail address that the account has now.</summary>
    public string? Actor { get; init; }

    /// <summary>Then or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before then.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>The signed record of administrative acts, each bound to the one before it.</summary>
internal sealed class AuditTrail(Database database, EngineStatements statements, TimeProvider time)
{
    public const int MostPerPage = 500;

    private const string Columns =
        "select audit.number, audit.id, audit.at, audit.actor, accounts.email as actor_email, audit.act, audit.subject, audit.outcome, audit.refusal_code, audit.details, audit.statement "
        + "from audit left join accounts on accounts.id = audit.account_id ";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>
    /// Writes an act down in the transaction in which it is done: both happen, or neither. To be called last in it, because other acts wait from here on until the transaction ends.
    /// </summary>
    public async Task RecordAsync(Transaction work, AuditedAct act, CancellationToken cancel)
    {
        await work.ExecuteAsync(database.Dialect.LockAudit, null, cancel);
        var last = await work.FirstOrDefaultAsync<LastRow>("select number, statement from audit order by number desc limit 1", null, cancel);
        var now = time.GetUtcNow();
        var record = new AuditRecord
        {
            RecordId = Guid.CreateVersion7(now),
            Number = (last?.Number ?? 0) + 1,
            At = now,
            Actor = act.Actor,
            ActorRole = act.Role?.ToString().ToLowerInvariant(),
            Act = act.Name,
            AboutWhat = act.Subject,
            Outcome = act.RefusalCode is null ? AuditOutcome.Done : AuditOutcome.Refused,
            RefusalCode = act.RefusalCode,
            Details = act.Details,
            Previous = last is null ? (ReadOnlyMemory<byte>?)null : SHA256.HashData(last.Statement),
        };
        await work.ExecuteAsync(
            """
            insert into audit (number, id, at, actor, account_id, act, subject, outcome, refusal_code, details, statement)
            values (@Number, @RecordId, @At, @Actor, @AccountId, @Act, @AboutWhat, @Outcome, @RefusalCode, @Details, @Statement)
            """,
            new
            {
                record.Number,
                record.RecordId,
                record.At,
                record.Actor,
                act.AccountId,
                record.Act,
                record.AboutWhat,
                Outcome = AuditRecord.NameOf(record.Outcome),
                record.RefusalCode,
                Details = JsonSerializer.Serialize(record.Details, Json),
                Statement = await statements.SignAsync(work, record, cancel),
            }, cancel);
    }

    /// <summary>Writes down an act that was refused, on its own: there is nothing that it could be one with.</summary>
    public async Task RecordRefusalAsync(AuditedAct act, string code, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        await RecordAsync(work, act with { RefusalCode = code }, cancel);
        await work.CommitAsync(cancel);
    }

    /// <summary>A page of records that fit all that is named: the newest first, or from <see cref="AuditFilter.After"/> on the oldest first.</summary>
    public Task<IReadOnlyList<AuditRow>> ListAsync(AuditFilter filter, int count, CancellationToken cancel)
    {
        // Only what is named stands in the statement.
        var conditions = new List<string> { "audit.number < @Before", "audit.number > @After" };
        Add(filter.Subject, "audit.subject = @Subject");
        Add(filter.Act, "audit.act = @Act");
        Add(filter.Actor, "(audit.actor = @Actor or accounts.email = lower(@Actor))");
        Add(filter.From, "audit.at >= @From");
        Add(filter.To, "audit.at < @To");
        return database.QueryAsync<AuditRow>(
            string.Create(CultureInfo.InvariantCulture, $"{Columns} where {string.Join(" and ", conditions)} order by audit.number {(filter.After is null ? "desc" : "asc")} limit @Count"),
            new { Before = filter.Before ?? long.MaxValue, After = filter.After ?? 0, filter.Subject, filter.Act, filter.Actor, From = filter.From?.ToUniversalTime(), To = filter.To?.ToUniversalTime(), Count = count }, cancel);

        void Add(object? named, string condition)
        {
            if (named is not null)
            {
                conditions.Add(condition);
            }
        }
    }

    public Task<AuditRow?> FindAsync(long number, CancellationToken cancel) => database.FirstOrDefaultAsync<AuditRow>(Columns + "where audit.number = @Number", new { Number = number }, cancel);

    /// <summary>The details of the last record of this act about this subject; null when there is none.</summary>
    internal static async Task<IReadOnlyList<AuditDetail>?> LastDetailsAsync(Transaction work, string act, string subject, CancellationToken cancel) =>
        await work.FirstOrDefaultAsync<string>("select details from audit where act = @Act and subject = @Subject order by number desc limit 1", new { Act = act, Subject = subject }, cancel) is { } json ? Details(json) : null;

    internal static IReadOnlyList<AuditDetail> Details(string json) => JsonSerializer.Deserialize<List<AuditDetail>>(json, Json) ?? [];

    private sealed record LastRow
    {
        public long Number { get; init; }

        public byte[] Statement { get; init; } = [];
    }
}

/// <summary>A record as it lies in the database, with the e-mail address that its account has now.</summary>
internal sealed record AuditRow
{
    public long Number { get; init; }

    public Guid Id { get; init; }

    public DateTimeOffset At { get; init; }

    public string Actor { get; init; } = "";

    public string? ActorEmail { get; init; }

    public string Act { get; init; } = "";

    public string Subject { get; init; } = "";

    public string Outcome { get; init; } = "";

    public string? RefusalCode { get; init; }

    /// <summary>JSON.</summary>
    public string Details { get; init; } = "[]";

    public byte[] Statement { get; init; } = [];
}
