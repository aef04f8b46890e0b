using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Licences;

/// <summary>Shows one licence.</summary>
internal sealed class LicenceDesk(LicenceLedger ledger, LicenceMeanwhile meanwhile, JobStore jobs, JobFeed feed, TimeProvider time)
{
    /// <param name="id">Of the licence.</param>
    /// <param name="visit">Who looks.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="refusal">Why it was not revoked just now.</param>
    /// <param name="reason">What was typed then.</param>
    public async Task<IResult> ShowAsync(Guid id, Visit visit, CancellationToken cancel, Refusal? refusal = null, string? reason = null)
    {
        if (await ledger.FindAsync(id, visit.Caller, cancel) is not { } licence)
        {
            return visit.Refuse(Refusal.NotFound("licence"));
        }

        var caller = visit.Caller;
        var seesAll = caller.MaySee(licence.OrganisationId);
        var isShop = caller.Role is Role.Manufacturer or Role.Operator;
        var isOwner = caller.Role == Role.Oem && caller.OrganisationId == licence.OrganisationId;
        var row = LicenceRow.SeenBy(licence, caller, time.GetUtcNow());
        var prints = (await jobs.ListOfLicenceAsync(id, 100, cancel)).Where(job => caller.MaySee(job.OrganisationId) || caller.MaySee(job.OwnerId)).Select(job => JobRow.Of(JobView.Of(job, feed.Read(job.Id)))).ToList();
        return visit.Show<LicencePage>(
            new LicenceModel(
                row, LicenceRow.Any(licence.Of(LicenceScope.Quality)), licence.ExposureLimitS, licence.OutageLimitS, LicenceRow.Says(licence.RevocationPolicy),
                licence.AllowScriptStore, licence.AllowNoDeadMan, licence.MaxSlowdownPercent, licence.MaxTemperatureTrimC, licence.GrantedAt, licence.RevokedAt, prints,
                StopsPrints: licence.RevocationPolicy == RevocationPolicy.AtOnce, CanRevoke: licence.RevokedAt is null && isOwner,
                SeesDesign: seesAll, End: seesAll ? await meanwhile.FindEndAsync(id, cancel) : null, Reason: reason,
                CanPrint: isShop && row.State == LicenceRow.Usable, CanRecall: isOwner || caller.Role == Role.Admin), refusal);
    }
}

/// <summary>Shows the form of a new licence, with what the design was licensed for so far.</summary>
internal sealed class NewLicenceDesk(DesignLibrary designs, AccountDirectory accounts, LicenceLedger ledger, LicenceMeanwhile meanwhile, TimeProvider time)
{
    public async Task<IResult> ShowAsync(Visit visit, LicenceForm form, Refusal? refusal, CancellationToken cancel)
    {
        if (await designs.FindAsync(form.Design, cancel) is not { } design || design.OrganisationId != visit.Caller.OrganisationId)
        {
            return visit.Refuse(Refusal.NotFound("design"));
        }

        // Counted before they are listed: one that comes in between is shown and, at worst, told once more.
        var known = await meanwhile.CountAsync(design.Id, cancel);
        var granted = await ledger.ListOfDesignAsync(design.Id, cancel);
        var shops = await accounts.ListManufacturersAsync(cancel);
        // What somebody was told counts as known from then on; a slip in another field tells nothing of it.
        var isTold = form.Known.Length == 0 || refusal?.Code == LicenceMeanwhile.Code;
        return visit.Show<NewLicencePage>(
            new NewLicenceModel(
                isTold ? form with { Known = known.ToString(System.Globalization.CultureInfo.InvariantCulture) } : form, design.Name, [.. shops.Select(shop => new LicenceShop(shop.Id.ToString("D"), shop.Name))], [.. Material.Names], [.. Quality.Names],
                [.. granted.Select(licence => LicenceRow.Of(licence, time.GetUtcNow()))]), refusal);
    }
}
