using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Licences;

/// <summary>Licences, and the catalogue of what a manufacturer can print under them.</summary>
internal static class LicencesFeature
{
    public static void AddLicences(this IServiceCollection services)
    {
        services.AddSingleton<LicenceMetrics>();
        services.AddSingleton<LicenceLedger>();
        services.AddSingleton<LicenceMeanwhile>();
        services.AddSingleton<LicenceOffice>();
        services.AddSingleton<LicenceDesk>();
        services.AddSingleton<NewLicenceDesk>();
        services.AddSingleton<CatalogueDesk>();
    }

    public static void MapLicences(this WebApplication app)
    {
        app.MapLicencePages();
        app.MapCataloguePages();
        app.MapPost("/api/licences", async (GrantRequest request, Caller caller, LicenceOffice office, CancellationToken cancel) =>
            (await office.GrantAsync(request, caller, cancel)).ToResult(licence => Results.Created($"/api/licences/{licence.Id:D}", LicenceView.For(licence, caller))))
            .For(Role.Oem).Produces<LicenceView>(StatusCodes.Status201Created).WithSummary("Grant a licence to print a design.");
        app.MapGet("/api/licences", async (Caller caller, LicenceLedger ledger, CancellationToken cancel) =>
            (await ledger.ListAsync(caller, cancel)).Select(licence => LicenceView.For(licence, caller))).ForAnyRole().WithSummary("List the licences that your organisation granted or was granted.");
        app.MapGet("/api/licences/{id:guid}", async (Guid id, Caller caller, LicenceLedger ledger, CancellationToken cancel) =>
            await ledger.FindAsync(id, caller, cancel) is { } licence ? Results.Ok(LicenceView.For(licence, caller)) : Refusal.NotFound("licence"))
            .ForAnyRole().Produces<LicenceView>().WithSummary("Show a licence.");
        app.MapPost("/api/licences/{id:guid}/revoke", async (Guid id, RevokeRequest? request, Caller caller, LicenceOffice office, CancellationToken cancel) =>
            (await office.RevokeAsync(id, request?.Reason ?? "No reason was given.", caller, cancel)).ToResult(licence => Results.Ok(LicenceView.For(licence, caller))))
            .For(Role.Oem).Produces<LicenceView>().WithSummary("Revoke a licence, with a reason that goes into the signed revocation.");
        app.MapGet("/api/catalogue", ListCatalogueAsync).For(Role.Manufacturer, Role.Operator).WithSummary("List what your organisation can print now, with the prints that are left.");
    }

    private static async Task<IEnumerable<CatalogueEntry>> ListCatalogueAsync(Caller caller, LicenceLedger ledger, DesignLibrary library, CancellationToken cancel)
    {
        var entries = new List<CatalogueEntry>();
        foreach (var licences in (await ledger.ListUsableAsync(caller.OrganisationId, cancel)).Chunk(500))
        {
            var designs = await library.FindAsync(licences.Select(licence => licence.DesignId), cancel);
            entries.AddRange(licences.Select(licence => CatalogueEntry.Of(licence, designs[licence.DesignId], caller)));
        }

        return entries;
    }
}

/// <param name="Reason">Goes into the signed revocation.</param>
internal sealed record RevokeRequest(string Reason);

/// <summary>A licence as the API shows it. Other manufacturers that it names are shown to its owner, admins and auditors only: who trades with whom is nobody else's business.</summary>
internal sealed record LicenceView(
    Guid Id, Guid DesignId, string DesignName, Guid OrganisationId, string Organisation, long Prints, long Taken, long Left, DateTimeOffset? ExpiresAt, IReadOnlyList<OrganisationView> Manufacturers,
    IReadOnlyList<Guid> Printers, IReadOnlyList<string> Materials, IReadOnlyList<string> Qualities, double? ExposureLimitS, double? OutageLimitS,
    RevocationPolicy RevocationPolicy, bool AllowScriptStore, bool AllowNoDeadMan, double MaxSlowdownPercent, double MaxTemperatureTrimC, DateTimeOffset GrantedAt, DateTimeOffset? RevokedAt)
{
    public static LicenceView For(Licence licence, Caller caller)
    {
        var seesAll = caller.MaySee(licence.OrganisationId);
        var manufacturers = licence.Scopes.Where(scope => scope.Kind == LicenceScope.Manufacturer)
            .Select(scope => new OrganisationView { Id = Guid.ParseExact(scope.Value, "D"), Name = scope.Name ?? "" })
            .Where(organisation => seesAll || organisation.Id == caller.OrganisationId);
        var printers = seesAll ? licence.Of(LicenceScope.Printer).Select(id => Guid.ParseExact(id, "D")) : [];
        return new(
            licence.Id, licence.DesignId, licence.DesignName, licence.OrganisationId, licence.Organisation, licence.Prints, licence.Taken, licence.Prints - licence.Taken, licence.ExpiresAt, [.. manufacturers],
            [.. printers], [.. licence.Of(LicenceScope.Material)], [.. licence.Of(LicenceScope.Quality)], licence.ExposureLimitS, licence.OutageLimitS,
            licence.RevocationPolicy, licence.AllowScriptStore, licence.AllowNoDeadMan, licence.MaxSlowdownPercent, licence.MaxTemperatureTrimC, licence.GrantedAt, licence.RevokedAt);
    }
}

/// <summary>Something that a manufacturer can print now: lengths in mm, volume in mm³. AnyPrinter tells whether every printer of the organisation may, or only those that the licence names.</summary>
internal sealed record CatalogueEntry(
    Guid LicenceId, Guid DesignId, string Name, string Description, string Owner, DesignFormat Format, SizeMm SizeMm, double VolumeMm3, long Prints, long Left, DateTimeOffset? ExpiresAt,
    bool AnyPrinter, IReadOnlyList<Guid> Printers, IReadOnlyList<string> Materials, IReadOnlyList<string> Qualities)
{
    public static CatalogueEntry Of(Licence licence, Design design, Caller caller) => new(
        licence.Id, design.Id, design.Name, design.Description, design.Organisation, design.Format, new SizeMm(design.SizeXMm, design.SizeYMm, design.SizeZMm), design.VolumeMm3,
        licence.Prints, licence.Prints - licence.Taken, licence.ExpiresAt, licence.Of(LicenceScope.Manufacturer).Contains(caller.OrganisationId.ToString("D")),
        [.. licence.Of(LicenceScope.Printer).Select(id => Guid.ParseExact(id, "D"))], [.. licence.Of(LicenceScope.Material)], [.. licence.Of(LicenceScope.Quality)]);
}
