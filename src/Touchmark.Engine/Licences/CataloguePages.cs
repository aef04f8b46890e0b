using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Licences;

/// <summary>The catalogue of what a shop may print, and the order of a print: which of its printers can make it, and why the others cannot.</summary>
internal static class CataloguePages
{
    public static void MapCataloguePages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Manufacturer, Role.Operator);
        pages.MapGet("/catalogue", ListAsync);
        pages.MapGet("/catalogue/{licence:guid}", (Guid licence, Visit visit, CatalogueDesk desk, CancellationToken cancel) => ShowAsync(licence, visit, desk, PrintForm.Empty, null, cancel));
        pages.MapPost("/catalogue/{licence:guid}", PrintAsync).AsForm();
    }

    private static async Task<IResult> ListAsync(Visit visit, LicenceLedger ledger, DesignLibrary designs, TimeProvider time, CancellationToken cancel)
    {
        var items = new List<CatalogueItem>();
        foreach (var licence in await ledger.ListUsableAsync(visit.Caller.OrganisationId, cancel))
        {
            items.Add(CatalogueItem.Of(licence, (await designs.FindAsync(licence.DesignId, cancel))!, time.GetUtcNow()));
        }

        return visit.Show<CataloguePage>(new CatalogueModel(items));
    }

    internal static async Task<IResult> ShowAsync(Guid licence, Visit visit, CatalogueDesk desk, PrintForm form, Refusal? refusal, CancellationToken cancel) =>
        (await desk.OpenAsync(licence, visit.Caller, form, cancel)).Has(out var model, out var unknown) ? visit.Show<PrintPage>(model, refusal) : visit.Refuse(unknown);

    private static async Task<IResult> PrintAsync(Guid licence, HttpContext context, Visit visit, CatalogueDesk desk, JobDesk jobs, CancellationToken cancel)
    {
        var form = PrintForm.Read(await context.Request.ReadFormAsync(cancel));
        if (!Guid.TryParseExact(form.Printer, "D", out var printer))
        {
            return await ShowAsync(licence, visit, desk, form, PrintForm.NoPrinter, cancel);
        }

        return (await jobs.OpenAsync(new NewJob(licence, printer, form.Material, form.Quality, form.Lot.Length == 0 ? null : form.Lot), visit.Caller, cancel)).Has(out var job, out var refusal)
            ? Results.Redirect($"/jobs/{job.Id:D}") : await ShowAsync(licence, visit, desk, form, refusal, cancel);
    }
}

/// <summary>Says of each printer of a shop whether it can make a design, before anything is sliced.</summary>
internal sealed class CatalogueDesk(LicenceLedger ledger, DesignLibrary designs, PrinterFleet fleet, Sessions.GatewayHub gateways, TimeProvider time)
{
    public async Task<Outcome<PrintModel>> OpenAsync(Guid licenceId, Caller caller, PrintForm form, CancellationToken cancel)
    {
        if (await ledger.FindAsync(licenceId, caller, cancel) is not { } licence || await designs.FindAsync(licence.DesignId, cancel) is not { } design)
        {
            return Refusal.NotFound("licence");
        }

        var allowed = licence.Of(LicenceScope.Material).ToList();
        var materials = Material.Names.Where(name => allowed.Count == 0 || allowed.Contains(name, StringComparer.OrdinalIgnoreCase)).ToList();
        var finenesses = licence.Of(LicenceScope.Quality).ToList();
        var qualities = Quality.Names.Where(name => finenesses.Count == 0 || finenesses.Contains(name, StringComparer.OrdinalIgnoreCase)).ToList();
        var any = licence.Of(LicenceScope.Manufacturer).Contains(caller.OrganisationId.ToString("D"));
        var printers = (await fleet.ListAsync(caller, cancel)).Where(printer => printer.RevokedAt is null && printer.OrganisationId == caller.OrganisationId)
            .Select(printer => Judge(printer, design, materials, qualities.FirstOrDefault() ?? "standard", any || licence.Of(LicenceScope.Printer).Contains(printer.Id.ToString("D")))).OrderBy(printer => printer.Why is not null).ToList();
        return new PrintModel(CatalogueItem.Of(licence, design, time.GetUtcNow()), design.Description, printers, materials, qualities, form);
    }

    private PrinterChoice Judge(EnrolledPrinter printer, Design design, List<string> materials, string quality, bool named)
    {
        var profiles = materials.Select(material => (Material: material, Outcome: SlicerProfile.Create(printer.Profile, material, quality))).ToList();
        var able = profiles.Where(profile => profile.Outcome.Has(out _, out _)).Select(profile => profile.Material).ToList();
        return new(printer.Id.ToString("D"), printer.Name, printer.Model, able, gateways.Find(printer.Id) is not null, Why());

        string? Why()
        {
            if (!named)
            {
                return "The licence names other printers. Ask the owner of the design to name this one.";
            }

            if (printer.ChangePresentedAt is not null)
            {
                return "It was presented as repaired or changed, and waits to be accepted by the owner or an admin.";
            }

            var limits = printer.Profile.Limits;
            var (width, depth, height) = (limits.MaxX - limits.MinX, limits.MaxY - limits.MinY, limits.MaxZ);
            if (Math.Min(design.SizeXMm, design.SizeYMm) > Math.Min(width, depth) || Math.Max(design.SizeXMm, design.SizeYMm) > Math.Max(width, depth) || design.SizeZMm > height)
            {
                return $"The part measures {Say.Size(design.SizeXMm, design.SizeYMm, design.SizeZMm)}, this printer takes {Say.Size(width, depth, height)}. Choose a larger one.";
            }

            return able.Count > 0 || profiles.Count == 0 || profiles[0].Outcome.Has(out _, out var refusal) ? null : $"{refusal.Text} {refusal.Fix}";
        }
    }
}

/// <summary>Something that can be printed now.</summary>
public sealed record CatalogueItem(Guid LicenceId, Guid DesignId, bool HasPicture, string Design, string Owner, string Size, string Volume, string Left, string Materials, DateTimeOffset? Until)
{
    internal static CatalogueItem Of(Licence licence, Design design, DateTimeOffset now)
    {
        var row = LicenceRow.Of(licence, now);
        return new(licence.Id, design.Id, design.Pictures > 0, design.Name, design.Organisation, Say.Size(design.SizeXMm, design.SizeYMm, design.SizeZMm), Say.Volume(design.VolumeMm3), row.Left, row.Materials, licence.ExpiresAt);
    }
}

/// <summary>What can be printed now.</summary>
public sealed record CatalogueModel(IReadOnlyList<CatalogueItem> Items);

/// <summary>A printer of the shop, what it can print it in, and why not where it cannot.</summary>
public sealed record PrinterChoice(string Id, string Name, string Model, IReadOnlyList<string> Materials, bool IsOnline, string? Why);

/// <summary>The order of a print.</summary>
public sealed record PrintModel(CatalogueItem Item, string Description, IReadOnlyList<PrinterChoice> Printers, IReadOnlyList<string> Materials, IReadOnlyList<string> Qualities, PrintForm Form);

/// <summary>What was chosen.</summary>
public sealed record PrintForm(string Printer, string Material, string Quality, string Lot)
{
    internal static PrintForm Empty { get; } = new("", "", "standard", "");

    internal static Refusal NoPrinter => Refusal.Invalid("PRINTER_MISSING", "No printer is chosen.", "Choose one that can make it.");

    internal static PrintForm Read(IFormCollection fields) => new(fields["printer"].ToString(), fields["material"].ToString(), fields["quality"].ToString(), fields["lot"].ToString().Trim());
}
