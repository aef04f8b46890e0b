using Touchmark.Engine.Accounts;

namespace Touchmark.Engine.Parts;

/// <summary>The registry of printed parts.</summary>
internal static class PartsFeature
{
    public static void AddParts(this IServiceCollection services)
    {
        services.AddSingleton<LookupRules>();
        services.AddSingleton<PartRegistry>();
        services.AddSingleton<PartEvidence>();
        services.AddSingleton<PartSearch>();
        services.AddSingleton<PartOrigins>();
        services.AddSingleton<PartDesk>();
    }

    public static void MapParts(this WebApplication app)
    {
        app.MapPartPages();
        app.MapGet("/api/parts", async ([AsParameters] PartFilter filter, Caller caller, PartSearch search, CancellationToken cancel) => (await search.FindAsync(filter, caller, cancel)).ToResult(Results.Ok))
            .For(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin).Produces<PartPage>()
            .WithSummary("Find the parts of your organisation's designs or printers by what made them, newest first; after=… turns the page.");
        app.MapGet("/api/parts/{id}/origin", async (string id, Caller caller, PartRegistry parts, PartOrigins origins, CancellationToken cancel) =>
            (await parts.OwnAsync(id, caller, cancel)).Has(out var part, out var refusal) ? Results.Ok(await origins.FindAsync(part, cancel)) : refusal)
            .For(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin).Produces<PartOrigin>()
            .WithSummary("Everything that made a part: design, licence, slice, printer and its enrolment, job and material lot, with the statements' places in the log.");
        app.MapGet("/api/parts/{id}", async (string id, Caller? caller, PartRegistry parts, CancellationToken cancel) =>
            (await parts.LookUpAsync(id, caller, cancel)).ToResult(part => Results.Ok(PartView.Of(part)))).ForLookup().Produces<PartView>()
            .WithSummary("Show a part: what it is and where its history stands. The id as it is written on the label, with or without hyphens.");
        app.MapGet("/api/parts/{id}/evidence", async (string id, Caller? caller, PartRegistry parts, PartEvidence evidence, CancellationToken cancel) =>
            (await parts.LookUpAsync(id, caller, cancel)).Has(out var part, out var refusal)
                ? (await evidence.BuildAsync(part, cancel)).ToResult(file => Results.Bytes(file, Evidence.Statements.EvidenceFile.MediaType, $"{part.Id.Value}.touchmark")) : refusal).ForLookup()
            .WithSummary("The part's evidence file: its certificate with all papers, its custodians, its history and its recalls. It verifies offline.");
    }
}

/// <summary>A part as everybody sees it who may look it up: nothing that its evidence does not say.</summary>
internal sealed record PartView(
    string Id, Guid CertificateId, Guid DesignId, string Design, string? Gtin, Guid LicenceId, Guid PrinterId, string Printer, Guid JobId, string Material, DateTimeOffset StartedAt, DateTimeOffset MadeAt,
    string Standing, string? Holder, string? OfferedTo, string? InstalledInto, bool Recalled, long Events)
{
    public static PartView Of(Part part) => new(
        part.Id.ToString(), part.CertificateId, part.DesignId, part.DesignName, part.Gtin, part.LicenceId, part.PrinterId, part.PrinterName, part.JobId, part.Material, part.StartedAt, part.MadeAt,
        part.Standing, part.Holder, part.OfferedTo, part.InstalledInto, part.IsRecalled, part.Events);
}
