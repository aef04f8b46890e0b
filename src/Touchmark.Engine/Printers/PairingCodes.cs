using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Printers;

/// <summary>
/// One-time codes that bring a printer into an organisation, good for ten minutes.
/// </summary>
internal sealed class PairingCodes(Database database, AuditTrail trail, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Codes that one organisation may have open at once.</summary>
    private const int MostOpen = 20;

    /// <summary>A code for the caller's own organisation or, where an admin looks after a shop that has only just begun, for that one.</summary>
    public async Task<Outcome<PairingCode>> IssueAsync(Caller caller, CancellationToken cancel, Guid? shop = null)
    {
        var organisationId = shop ?? caller.OrganisationId;
        var now = time.GetUtcNow();
        var (code, hash) = OneTimeCode.Create();
        var id = Guid.CreateVersion7(now);
        await using var work = await database.BeginAsync(cancel);
        if (shop is not null && await work.FirstOrDefaultAsync<long>(
            "select count(*) from accounts where organisation_id = @Shop and role = @Manufacturer and disabled_at is null", new { Shop = shop, Role.Manufacturer }, cancel) == 0)
        {
            return Refusal.NotFound("manufacturer");
        }

        await work.ExecuteAsync("delete from pairing_codes where expires_at <= @Now", new { Now = now }, cancel);
        var open = await work.FirstOrDefaultAsync<long>("select count(*) from pairing_codes where organisation_id = @OrganisationId and used_at is null", new { OrganisationId = organisationId }, cancel);
        if (open >= MostOpen)
        {
            return Refusal.Conflict("PAIRING_CODES_OPEN", $"Your organisation has {open} pairing codes that were not used yet.", "Use one of them, or wait until they expire after ten minutes.")
                .With("open", open).With("maximum", MostOpen);
        }

        await work.ExecuteAsync(
            "insert into pairing_codes (id, hash, organisation_id, created_by, expires_at) values (@Id, @Hash, @OrganisationId, @AccountId, @ExpiresAt)",
            new { Id = id, Hash = hash, OrganisationId = organisationId, caller.AccountId, ExpiresAt = now + Lifetime }, cancel);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.PairingCodeMade, $"organisation/{organisationId:D}"), cancel);
        await work.CommitAsync(cancel);
        return new PairingCode(id, code, now + Lifetime);
    }

    /// <summary>Uses the code up and says to which organisation it leads, and who made it.</summary>
    public async Task<Outcome<Sponsor>> RedeemAsync(Transaction work, string code, CancellationToken cancel)
    {
        if (OneTimeCode.Read(code) is { } hash)
        {
            var args = new { Hash = hash, Now = time.GetUtcNow() };
            // One statement decides, so two gateways with one code cannot both win.
            if (await work.ExecuteAsync("update pairing_codes set used_at = @Now where hash = @Hash and used_at is null and expires_at > @Now", args, cancel) == 1)
            {
                return (await work.FirstOrDefaultAsync<Sponsor>("select organisation_id, created_by as account_id, id as pairing_id from pairing_codes where hash = @Hash", args, cancel))!;
            }
        }

        return new Refusal(StatusCodes.Status403Forbidden, "PAIRING_CODE_REFUSED", "The pairing code is wrong, was used, or is older than ten minutes.", "Get a new code and enrol again within ten minutes.");
    }
}

/// <param name="Id">No secret: the printer that comes by the code bears it from then on.</param>
/// <param name="Code">Four groups of four characters; shown once.</param>
/// <param name="ExpiresAt">Ten minutes after it was made.</param>
internal sealed record PairingCode(Guid Id, string Code, DateTimeOffset ExpiresAt);

/// <summary>Who answers for a printer that is enrolled, and the organisation that it belongs to from then on.</summary>
internal sealed record Sponsor
{
    public Guid OrganisationId { get; init; }

    public Guid AccountId { get; init; }

    /// <summary>Of the code that the printer comes by; null when it comes by a password.</summary>
    public Guid? PairingId { get; init; }
}
