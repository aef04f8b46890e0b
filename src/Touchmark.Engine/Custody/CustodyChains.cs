using System.Security.Cryptography;
using Touchmark.Engine.Parts;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Custody;

/// <summary>The rows of chains of custody. They are added under the lock of the part's row, so that whatever node adds one, it follows the one before.</summary>
internal sealed class CustodyChains(Database database)
{
    /// <summary>Makes others who would add to the chain wait until this transaction has ended, and reads where it stands.</summary>
    public static async Task<Part> LockAsync(Transaction work, PartId id, CancellationToken cancel)
    {
        // A statement that both databases know, and that takes the row's lock in both.
        await work.ExecuteAsync("update parts set events = events where id = @Id", new { Id = id }, cancel);
        return (await work.FirstOrDefaultAsync<Part>(PartRegistry.Columns + "where parts.id = @Id", new { Id = id }, cancel))!;
    }

    /// <summary>Adds an event that the rules allow to the chain of a part that is locked; the part as it is then.</summary>
    public static async Task<Part> AddAsync(Transaction work, Part part, CustodyEvent link, byte[] envelope, CancellationToken cancel)
    {
        var sha256 = SHA256.HashData(envelope);
        var next = part.After(CustodyRules.After(part.Custody, link, sha256));
        await work.ExecuteAsync(
            "insert into custody_events (part_id, number, sha256, statement) values (@Id, @Events, @Head, @Statement)", new { next.Id, next.Events, next.Head, Statement = envelope }, cancel);
        await work.ExecuteAsync(
            """
            update parts set events = @Events, head = @Head, last_at = @LastAt, holder = @Holder, offered_to = @OfferedTo, installed_into = @InstalledInto,
                is_recalled = @IsRecalled, is_scrapped = @IsScrapped
            where id = @Id
            """,
            new { next.Id, next.Events, next.Head, next.LastAt, next.Holder, next.OfferedTo, next.InstalledInto, next.IsRecalled, next.IsScrapped }, cancel);
        return next;
    }

    /// <summary>An event of the chain; null when it has none of this number.</summary>
    public static Task<byte[]?> FindAsync(Transaction work, PartId part, long number, CancellationToken cancel) =>
        work.FirstOrDefaultAsync<byte[]>("select statement from custody_events where part_id = @Part and number = @Number", new { Part = part, Number = number }, cancel);

    public static async Task<CustodianAdmission?> FindCustodianAsync(Transaction work, PartId part, string pseudonym, CancellationToken cancel) =>
        await work.FirstOrDefaultAsync<byte[]>("select statement from custodians where part_id = @Part and pseudonym = @Pseudonym", new { Part = part, Pseudonym = pseudonym }, cancel)
            is { } envelope ? Read<CustodianAdmission>(envelope) : null;

    /// <summary>The events of a part, from the first to the last, with their statements.</summary>
    public async Task<IReadOnlyList<ChainLink<CustodyEvent>>> EventsAsync(PartId part, CancellationToken cancel) =>
        [.. (await database.QueryAsync<byte[]>("select statement from custody_events where part_id = @Part order by number", new { Part = part }, cancel)).Select(ChainLink<CustodyEvent>.Of)];

    /// <summary>Those who were admitted to a part, with their statements.</summary>
    public async Task<IReadOnlyList<ChainLink<CustodianAdmission>>> CustodiansAsync(PartId part, CancellationToken cancel) =>
        [.. (await database.QueryAsync<byte[]>("select statement from custodians where part_id = @Part order by pseudonym", new { Part = part }, cancel)).Select(ChainLink<CustodianAdmission>.Of)];

    /// <summary>The document of a statement that was checked before it was stored.</summary>
    public static T Read<T>(byte[] envelope)
        where T : class, IDocument<T> =>
        Statement.TryParse(envelope, out var statement, out var problem) && Document.TryDecode<T>(statement.Payload, out var document, out problem) ? document
            : throw new InvalidDataException($"A stored statement about a part is damaged: {problem}.");
}

/// <summary>A statement about a part and what it says.</summary>
internal sealed record ChainLink<T>(T Document, byte[] Envelope)
    where T : class, IDocument<T>
{
    public byte[] Sha256 => SHA256.HashData(Envelope);

    public static ChainLink<T> Of(byte[] envelope) => new(CustodyChains.Read<T>(envelope), envelope);
}
