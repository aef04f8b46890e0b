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
        pages.MapGet("/catalogue/{licence:guid}", (Guid licence, string? q, Visit visit, CatalogueDesk desk, CancellationToken cancel) => ShowAsync(licence, visit, desk, PrintForm.Empty, null, cancel, q));
        pages.MapPost("/catalogue/{licence:guid}", PrintAsync).AsForm();
    }

    private static async Task<IResult> ListAsync(string? q, Guid? before, Visit visit, LicenceLedger ledger, DesignLibrary library, TimeProvider time, CancellationToken cancel)
    {
        var search = q?.Trim() ?? "";
        var page = ListPage.Of(
            await ledger.PageUsableAsync(visit.Caller.OrganisationId, search, before, ListPage.Asked, cancel), licence => licence.Id, before, "/catalogue", search.Length > 0 ? $"q={Uri.EscapeDataString(search)}" : "");
        var designs = await library.FindAsync(page.Rows.Select(licence => licence.DesignId), cancel);
        return visit.Show<CataloguePage>(new CatalogueModel([.. page.Rows.Select(licence => CatalogueItem.Of(licence, designs[licence.DesignId], time.GetUtcNow()))], search, page.Newer, page.Older));
    }

    internal static async Task<IResult> ShowAsync(Guid licence, Visit visit, CatalogueDesk desk, PrintForm form, Refusal? refusal, CancellationToken cancel, string? find = null) =>
        (await desk.OpenAsync(licence, visit.Caller, form, find?.Trim() ?? "", cancel)).Has(out var model, out var unknown) ? visit.Show<PrintPage>(model, refusal) : visit.Refuse(unknown);

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
    /// <summary>Printers on one page. Nobody reads through more, and each costs a look into the slicer's profiles.</summary>
    private const int Most = 40;

    /// <summary>The order of a print under a licence, with the printers that come into question first.</summary>
    /// <param name="licenceId">The licence.</param>
    /// <param name="caller">Who would print.</param>
    /// <param name="form">What was chosen already; the printer chosen stands first.</param>
    /// <param name="find">Only printers that have this in their name; empty for all.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<Outcome<PrintModel>> OpenAsync(Guid licenceId, Caller caller, PrintForm form, string find, CancellationToken cancel)
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
        var fit = (await fleet.ListAsync(caller, cancel)).Where(printer => printer.RevokedAt is null && printer.OrganisationId == caller.OrganisationId && printer.Name.Contains(find, StringComparison.OrdinalIgnoreCase))
            .Select(printer => (Printer: printer, Why: WhyNotPlaced(printer, design, any || licence.Of(LicenceScope.Printer).Contains(printer.Id.ToString("D")))))
            .OrderBy(choice => choice.Printer.Id.ToString("D") != form.Printer).ThenBy(choice => choice.Why is not null).ThenBy(choice => gateways.Find(choice.Printer.Id) is null).ToList();
        var printers = fit.Take(Most).Select(choice => Judge(choice.Printer, materials, qualities.FirstOrDefault() ?? "standard", choice.Why)).OrderBy(printer => printer.Why is not null).ToList();
        return new PrintModel(CatalogueItem.Of(licence, design, time.GetUtcNow()), design.Description, printers, fit.Count - printers.Count, find, materials, qualities, form);
    }

    private PrinterChoice Judge(EnrolledPrinter printer, List<string> materials, string quality, string? why)
    {
        var profiles = materials.Select(material => (Material: material, Outcome: SlicerProfile.Create(printer.Profile, material, quality))).ToList();
        var able = profiles.Where(profile => profile.Outcome.Has(out _, out _)).Select(profile => profile.Material).ToList();
        why ??= able.Count > 0 || profiles.Count == 0 || profiles[0].Outcome.Has(out _, out var refusal) ? null : $"{refusal.Text} {refusal.Fix}";
        return new(printer.Id.ToString("D"), printer.Name, printer.Model, able, gateways.Find(printer.Id) is not null, why);
    }

    /// <summary>Why a design is not made on a printer, whatever the material; null when nothing speaks against it.</summary>
    private static string? WhyNotPlaced(EnrolledPrinter printer, Design design, bool named)
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
        return Math.Min(design.SizeXMm, design.SizeYMm) > Math.Min(width, depth) || Math.Max(design.SizeXMm, design.SizeYMm) > Math.Max(width, depth) || design.SizeZMm > height
            ? $"The part measures {Say.Size(design.SizeXMm, design.SizeYMm, design.SizeZMm)}, this printer takes {Say.Size(width, depth, height)}. Choose a larger one." : null;
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

/// <summary>A page of what can be printed now.</summary>
public sealed record CatalogueModel(IReadOnlyList<CatalogueItem> Items, string Search, string? Newer, string? Older);

/// <summary>A printer of the shop, what it can print it in, and why not where it cannot.</summary>
public sealed record PrinterChoice(string Id, string Name, string Model, IReadOnlyList<string> Materials, bool IsOnline, string? Why);

/// <summary>The order of a print.</summary>
/// <param name="Item">What is printed.</param>
/// <param name="Description">What its owner says of it.</param>
/// <param name="Printers">Those that come into question first.</param>
/// <param name="MorePrinters">How many do not stand here.</param>
/// <param name="Find">What the printers' names have in them; empty for any.</param>
/// <param name="Materials">That the licence allows.</param>
/// <param name="Qualities">That the licence allows.</param>
/// <param name="Form">What was chosen.</param>
public sealed record PrintModel(CatalogueItem Item, string Description, IReadOnlyList<PrinterChoice> Printers, int MorePrinters, string Find, IReadOnlyList<string> Materials, IReadOnlyList<string> Qualities, PrintForm Form);

/// <summary>What was chosen.</summary>
public sealed record PrintForm(string Printer, string Material, string Quality, string Lot)
{
    internal static PrintForm Empty { get; } = new("", "", "standard", "");

    internal static Refusal NoPrinter => Refusal.Invalid("PRINTER_MISSING", "No printer is chosen.", "Choose one that can make it.");

    internal static PrintForm Read(IFormCollection fields) => new(fields["printer"].ToString(), fields["material"].ToString(), fields["quality"].ToString(), fields["lot"].ToString().Trim());
}
