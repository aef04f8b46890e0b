using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Parts;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Recalls;

/// <summary>Calls parts back, and says who has them.</summary>
internal sealed class RecallDesk(Database database, EngineStatements statements, AuditTrail trail, RecallRunner runner, TimeProvider time)
{
    public const int MostPerPage = 500;

    private const string Columns = "select recalls.id, recalls.organisation_id, recalls.sha256, recalls.statement, recalls.finished_at from recalls ";

    /// <summary>
    /// States the recall, which from then on stands in the evidence of every part that it covers, printed or yet to be printed. The entries in the chains of those that are there follow, part by part.
    /// </summary>
    public async Task<Outcome<RecallView>> CallAsync(NewRecall request, Caller caller, CancellationToken cancel)
    {
        if (await WhyNotAsync(request, caller, cancel) is { } refusal)
        {
            return refusal;
        }

        var now = time.GetUtcNow();
        var recall = new Recall
        {
            RecallId = Guid.CreateVersion7(now),
            By = (await database.FirstOrDefaultAsync<string>("select name from organisations where id = @OrganisationId", new { caller.OrganisationId }, cancel))!,
            At = now,
            Reason = request.Reason,
            DesignId = request.DesignId,
            LicenceId = request.LicenceId,
            PrinterId = request.PrinterId,
            PrintedFrom = request.PrintedFrom?.ToUniversalTime(),
            PrintedTo = request.PrintedTo?.ToUniversalTime(),
            Material = request.Material,
        };
        if (!Document.TryDecode<Recall>(Document.Encode(recall), out _, out var problem))
        {
            return Refusal.Invalid("RECALL_INVALID", $"This is no recall: {problem}.", "Say why, and name at least one of design, licence, printer, material, printed_from and printed_to.");
        }

        await using (var work = await database.BeginAsync(cancel))
        {
            var signed = await statements.SignAsync(work, recall, sessionMac: null, cancel);
            await work.ExecuteAsync(
                """
                insert into recalls (id, organisation_id, made_at, design_id, licence_id, printer_id, printed_from, printed_to, material_key, sha256, statement, worked_to)
                values (@RecallId, @OrganisationId, @At, @DesignId, @LicenceId, @PrinterId, @PrintedFrom, @PrintedTo, @MaterialKey, @Sha256, @Statement, '')
                """,
                new
                {
                    recall.RecallId,
                    caller.OrganisationId,
                    recall.At,
                    recall.DesignId,
                    recall.LicenceId,
                    recall.PrinterId,
                    recall.PrintedFrom,
                    recall.PrintedTo,
                    MaterialKey = recall.Material is { } material ? PartRegistry.KeyOf(material) : null,
                    signed.Sha256,
                    Statement = signed.Envelope.ToArray(),
                }, cancel);
            await trail.RecordAsync(work, AuditedAct.By(caller, Acts.PartsRecalled, $"recall/{recall.RecallId:D}"), cancel);
            await work.CommitAsync(cancel);
        }

        runner.Look();
        return (await FindAsync(recall.RecallId, caller, cancel))!;
    }

    /// <summary>A recall with how many parts it covers and how many of their chains say so; null when the caller may not see it.</summary>
    public async Task<RecallView?> FindAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (await database.FirstOrDefaultAsync<RecallRow>(Columns + "where recalls.id = @Id", new { Id = id }, cancel) is not { } row || !caller.MaySee(row.OrganisationId))
        {
            return null;
        }

        var covered = await database.FirstOrDefaultAsync<long>($"select count(*) from recalls join parts on {RecallEntries.Covers} where recalls.id = @Id", new { Id = id }, cancel);
        var entered = await database.FirstOrDefaultAsync<long>("select count(*) from part_recalls where recall_id = @Id", new { Id = id }, cancel);
        return RecallView.Of(row, covered, entered);
    }

    public async Task<IReadOnlyList<RecallSummary>> ListAsync(Caller caller, CancellationToken cancel) =>
        [.. (await database.QueryAsync<RecallRow>(
            Columns + (caller.SeesEverything ? "" : "where recalls.organisation_id = @OrganisationId ") + "order by recalls.id desc limit 500", new { caller.OrganisationId }, cancel)).Select(RecallSummary.Of)];

    /// <summary>A page of the parts that a recall covers, in the order of their ids, with who has them.</summary>
    public async Task<IReadOnlyList<RecalledPart>> PartsAsync(Guid id, string? after, int count, CancellationToken cancel)
    {
        var rows = await database.QueryAsync<RecalledRow>(
            $"""
            select parts.id, parts.holder, parts.installed_into, parts.is_recalled, parts.is_scrapped, custodians.statement as admission
            from recalls join parts on {RecallEntries.Covers} left join custodians on custodians.part_id = parts.id and custodians.pseudonym = parts.holder
            where recalls.id = @Id and parts.id > @After order by parts.id limit @Count
            """, new { Id = id, After = after ?? "", Count = count }, cancel);
        return [.. rows.Select(RecalledPart.Of)];
    }

    private async Task<Refusal?> WhyNotAsync(NewRecall request, Caller caller, CancellationToken cancel)
    {
        foreach (var (table, id) in new[] { ("designs", request.DesignId), ("licences", request.LicenceId), ("printers", request.PrinterId) })
        {
            if (id is { } named && await database.FirstOrDefaultAsync<long>($"select count(*) from {table} where id = @Id", new { Id = named }, cancel) == 0)
            {
                return Refusal.NotFound(table[..^1]).With("id", named);
            }
        }

        if (caller.Role == Role.Admin)
        {
            return null;
        }

        // The rest of what it names narrows it down further.
        var own = await database.FirstOrDefaultAsync<long>(
            "select (select count(*) from designs where id = @DesignId and organisation_id = @OrganisationId) + (select count(*) from licences where id = @LicenceId and organisation_id = @OrganisationId)",
            new { DesignId = request.DesignId ?? Guid.Empty, LicenceId = request.LicenceId ?? Guid.Empty, caller.OrganisationId }, cancel);
        return own > 0 ? null : Refusal.Forbidden("An owner of designs recalls parts of its own designs.", "Name one of your designs, or one of your licences; an admin recalls any part.");
    }
}

/// <summary>What is recalled: parts that fit all that is named.</summary>
internal sealed record NewRecall(
    string Reason, Guid? DesignId = null, Guid? LicenceId = null, Guid? PrinterId = null, DateTimeOffset? PrintedFrom = null, DateTimeOffset? PrintedTo = null, string? Material = null);

internal sealed record RecallRow
{
    public Guid Id { get; init; }

    public Guid OrganisationId { get; init; }

    public byte[] Sha256 { get; init; } = [];

    public byte[] Statement { get; init; } = [];

    public DateTimeOffset? FinishedAt { get; init; }
}

internal sealed record RecallSummary(
    Guid Id, string By, DateTimeOffset At, string Reason, Guid? DesignId, Guid? LicenceId, Guid? PrinterId, DateTimeOffset? PrintedFrom, DateTimeOffset? PrintedTo, string? Material, DateTimeOffset? FinishedAt)
{
    public static RecallSummary Of(RecallRow row)
    {
        var said = CustodyChains.Read<Recall>(row.Statement);
        return new(said.RecallId, said.By, said.At, said.Reason, said.DesignId, said.LicenceId, said.PrinterId, said.PrintedFrom, said.PrintedTo, said.Material, row.FinishedAt);
    }
}

/// <param name="Recall">What was recalled.</param>
/// <param name="Covered">How many parts it covers now; it covers those that are printed later, too.</param>
/// <param name="Entered">How many of their histories say so; the others have none yet, or it is being entered.</param>
/// <param name="Sha256">Of its statement.</param>
/// <param name="Statement">The envelope.</param>
internal sealed record RecallView(RecallSummary Recall, long Covered, long Entered, string Sha256, byte[] Statement)
{
    public static RecallView Of(RecallRow row, long covered, long entered) => new(RecallSummary.Of(row), covered, entered, Convert.ToHexStringLower(row.Sha256), row.Statement);
}

internal sealed record RecalledRow
{
    public PartId Id { get; init; } = null!;

    public string? Holder { get; init; }

    public string? InstalledInto { get; init; }

    public bool IsRecalled { get; init; }

    public bool IsScrapped { get; init; }

    public byte[]? Admission { get; init; }
}

/// <summary>A part that was recalled, and whoever has it: by pseudonym, role and region, since that is all that is known of them.</summary>
internal sealed record RecalledPart(string Id, string? Holder, CustodianRole? Role, string? Region, string? InstalledInto, bool Recalled, bool Scrapped)
{
    public static RecalledPart Of(RecalledRow row)
    {
        var holder = row.Admission is { } envelope ? CustodyChains.Read<CustodianAdmission>(envelope) : null;
        return new(row.Id.ToString(), row.Holder, holder?.Role, holder?.Region, row.InstalledInto, row.IsRecalled, row.IsScrapped);
    }
}
