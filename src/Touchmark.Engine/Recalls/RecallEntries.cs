using Touchmark.Engine.Custody;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Parts;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Recalls;

/// <summary>
/// Enters recalls into the chains of the parts that they cover. Each part is caught up with whatever covers it before anybody acts on its chain, so it does not matter how far the work on a
/// recall of many parts has come.
/// </summary>
internal sealed class RecallEntries(Database database, EngineStatements statements, TimeProvider time)
{
    /// <summary>Which recalls cover which parts, as <see cref="Recall.Covers"/> has it.</summary>
    internal const string Covers =
        """
        (recalls.design_id is null or recalls.design_id = parts.design_id) and (recalls.licence_id is null or recalls.licence_id = parts.licence_id)
        and (recalls.printer_id is null or recalls.printer_id = parts.printer_id) and (recalls.material_key is null or recalls.material_key = parts.material_key)
        and (recalls.printed_from is null or parts.made_at >= recalls.printed_from) and (recalls.printed_to is null or parts.started_at <= recalls.printed_to)
        """;

    private const string Outstanding =
        $"""
        select recalls.id, recalls.sha256, recalls.statement from recalls join parts on parts.id = @Id
        where {Covers} and not exists (select 1 from part_recalls where part_recalls.part_id = parts.id and part_recalls.recall_id = recalls.id) order by recalls.id
        """;

    /// <summary>The statements of all recalls that cover a part.</summary>
    public Task<IReadOnlyList<byte[]>> CoveringAsync(PartId part, CancellationToken cancel) =>
        database.QueryAsync<byte[]>($"select recalls.statement from recalls join parts on parts.id = @Id where {Covers} order by recalls.id", new { Id = part }, cancel);

    /// <summary>Enters what is not entered yet; the part as it is then. It costs one question where there is nothing.</summary>
    public async Task<Part> CatchUpAsync(Part part, CancellationToken cancel)
    {
        if (!CanBeEntered(part) || (await database.QueryAsync<OutstandingRecall>(Outstanding, new { part.Id }, cancel)).Count == 0)
        {
            return part;
        }

        await using var work = await database.BeginAsync(cancel);
        part = await EnterAsync(work, await CustodyChains.LockAsync(work, part.Id, cancel), cancel);
        await work.CommitAsync(cancel);
        return part;
    }

    /// <summary>The same for a part that is locked.</summary>
    public async Task<Part> EnterAsync(Transaction work, Part part, CancellationToken cancel)
    {
        if (!CanBeEntered(part))
        {
            return part;
        }

        foreach (var recall in await work.QueryAsync<OutstandingRecall>(Outstanding, new { part.Id }, cancel))
        {
            part = await EnterAsync(work, part, recall, cancel);
        }

        return part;
    }

    private static bool CanBeEntered(Part part) => part is { Events: > 0 and < CustodyEvent.MaxNumber, IsScrapped: false };

    private async Task<Part> EnterAsync(Transaction work, Part part, OutstandingRecall row, CancellationToken cancel)
    {
        if (!CanBeEntered(part))
        {
            return part;
        }

        var now = time.GetUtcNow();
        var recall = CustodyChains.Read<Recall>(row.Statement);
        var link = new CustodyEvent
        {
            EventId = Guid.CreateVersion7(now),
            PartId = part.Id,
            Number = part.Events + 1,
            Kind = CustodyEventKind.Recalled,
            At = new[] { now, part.LastAt, recall.At }.Max(),
            Previous = part.Head,
            Custodian = Pseudonym.Registry,
            Recall = row.Sha256,
            Reason = recall.Reason,
        };
        await work.ExecuteAsync("insert into part_recalls (part_id, recall_id) values (@Part, @Recall)", new { Part = part.Id, Recall = row.Id }, cancel);
        return await CustodyChains.AddAsync(work, part, link, await statements.SignAsync(work, link, cancel), cancel);
    }

    private sealed record OutstandingRecall
    {
        public Guid Id { get; init; }

        public byte[] Sha256 { get; init; } = [];

        public byte[] Statement { get; init; } = [];
    }
}
