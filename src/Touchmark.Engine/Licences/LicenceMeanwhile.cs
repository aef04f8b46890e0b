using Touchmark.Engine.Audit;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Pages;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Licences;

/// <summary>How a licence ended: when, by whose hand, and for which reason.</summary>
public sealed record LicenceEnd(DateTimeOffset At, string By, string Reason);

/// <summary>
/// Tells whoever comes second what somebody else did to the licences of a design meanwhile. A licence is never changed: it is granted, and it is revoked. So two people at the same one either grant
/// twice what was wanted once, or revoke it with two reasons. A revocation is never held up by what a shop does meanwhile: it could hold it up for ever.
/// </summary>
internal sealed class LicenceMeanwhile(Database database)
{
    /// <summary>The refusal of a licence that was overtaken by another one.</summary>
    public const string Code = "LICENCE_MEANWHILE";

    /// <summary>Licences of a design, whatever became of them. None is ever taken out of the database: more than were known are new ones.</summary>
    public Task<long> CountAsync(Guid design, CancellationToken cancel) => database.FirstOrDefaultAsync<long>("select count(*) from licences where design_id = @Design", new { Design = design }, cancel);

    /// <summary>Refuses when the design has more licences by now than the caller knew of, where the caller said how many. Whoever licenses it at the same moment waits until this transaction has ended, and counts what it granted.</summary>
    public static async Task<Refusal?> GrantedAsync(Transaction work, Guid design, long? known, CancellationToken cancel)
    {
        await work.ExecuteAsync("update designs set name = name where id = @Design", new { Design = design }, cancel);
        if (known is null)
        {
            return null;
        }

        var count = await work.FirstOrDefaultAsync<long>("select count(*) from licences where design_id = @Design", new { Design = design }, cancel);
        if (count <= known)
        {
            return null;
        }

        var last = (await work.FirstOrDefaultAsync<GrantRow>(
            """
            select licences.id, licences.prints, licences.granted_at, accounts.name as by_name from licences join accounts on accounts.id = licences.created_by
            where licences.design_id = @Design order by licences.granted_at desc, licences.id desc limit 1
            """,
            new { Design = design }, cancel))!;
        return Refusal.Conflict(
            Code,
            $"Nothing was granted now, because this design was licensed meanwhile: {last.ByName} granted {last.Prints} {(last.Prints == 1 ? "print" : "prints")} on {Say.Time(last.GrantedAt)}.",
            "Look at what was granted. If yours is wanted besides, send it again.")
            .With("licence", last.Id).With("granted_by", last.ByName).With("prints", last.Prints).With("licences_known", count);
    }

    /// <summary>The refusal of a second revocation.</summary>
    public async Task<Refusal> RevokedAsync(Guid id, CancellationToken cancel)
    {
        var end = (await FindEndAsync(id, cancel))!;
        return Refusal.Conflict("LICENCE_REVOKED", $"{end.By} revoked this licence on {Say.Time(end.At)}, with the reason “{end.Reason}”.", "Nothing is left to do. Your reason goes into no statement.")
            .With("licence", id).With("revoked_at", end.At).With("revoked_by", end.By).With("reason", end.Reason);
    }

    /// <summary>Who revoked a licence, when and why; null while nobody has.</summary>
    public async Task<LicenceEnd?> FindEndAsync(Guid id, CancellationToken cancel)
    {
        var row = await database.FirstOrDefaultAsync<EndRow>(
            """
            select licences.revocation_statement as statement, (select accounts.name from audit join accounts on accounts.id = audit.account_id
                where audit.subject = @Subject and audit.act = @Act order by audit.number desc limit 1) as by_name
            from licences where licences.id = @Id and licences.revoked_at is not null
            """,
            new { Id = id, Subject = $"licence/{id:D}", Act = Acts.LicenceRevoked }, cancel);
        if (row is null)
        {
            return null;
        }

        var end = CustodyChains.Read<LicenceRevocation>(row.Statement);
        return new(end.RevokedAt, row.ByName ?? "Somebody", end.Reason);
    }

    private sealed record GrantRow
    {
        public Guid Id { get; init; }

        public long Prints { get; init; }

        public DateTimeOffset GrantedAt { get; init; }

        public string ByName { get; init; } = "";
    }

    private sealed record EndRow
    {
        public byte[] Statement { get; init; } = [];

        public string? ByName { get; init; }
    }
}
