using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Marketplace;
using Touchmark.Engine.PrinterFiles;
using Touchmark.Engine.Printers;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.SliceService;

/// <summary>Begins requests of the slice service: a few at a time for each organisation.</summary>
internal sealed class SliceDesk(Database database, SliceServices services)
{
    private const int AtOnce = 4;

    private readonly Connections running = new(AtOnce);

    /// <summary>Counted until it is disposed. Refusal: SLICES_AT_ONCE.</summary>
    /// <param name="printer">The printer that asks; or</param>
    /// <param name="person">who asks.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Outcome<SliceWork>> BeginAsync(PrinterCaller? printer, Caller? person, CancellationToken cancel)
    {
        var owner = person ?? await SponsorAsync(printer!.Printer, cancel);
        return running.TryOpen($"{owner.OrganisationId:N}") is { } counted ? new SliceWork(services, counted, owner, person, printer?.Printer)
            : new Refusal(StatusCodes.Status429TooManyRequests, "SLICES_AT_ONCE", $"{AtOnce} requests of your organisation are being sliced.", "Send this one when another has ended.").With("limit", AtOnce).With("retry_after_s", 10L);
    }

    /// <summary>The account that answers for what a printer brings: the one that enrolled it, else the first one of its organisation.</summary>
    private async Task<Caller> SponsorAsync(EnrolledPrinter printer, CancellationToken cancel) => new(
        await database.FirstOrDefaultAsync<Guid>(
            """
            select accounts.id from accounts left join audit on audit.account_id = accounts.id and audit.act = @Act and audit.subject = @Subject
            where accounts.organisation_id = @OrganisationId order by case when audit.number is null then 1 else 0 end, accounts.id limit 1
            """,
            new { Act = Acts.PrinterEnrolled, Subject = $"printer/{printer.Id:D}", printer.OrganisationId }, cancel),
        printer.OrganisationId, Role.Manufacturer);
}

/// <summary>What a request goes through.</summary>
internal sealed record SliceServices(
    PrinterFleet Fleet, LicenceLedger Licences, ExternalLicences External, DesignLibrary Designs, UploadQuota Quota, Slicer Slicer, SealedFiles Files, LicenceOffice Office, JobDesk Jobs);
