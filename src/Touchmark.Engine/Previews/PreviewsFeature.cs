using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Drawing;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Previews;

/// <summary>Slicing before a print is ordered: how long it takes, what it uses and costs, and what its layers look like.</summary>
internal static class PreviewsFeature
{
    public static void AddPreviews(this IServiceCollection services)
    {
        services.AddSingleton<PreviewDesk>();
        services.AddSingleton<SliceRuns>();
        services.AddSingleton<PriceList>();
        services.AddSingleton<PrintChecks>();
    }

    public static void MapPreviews(this WebApplication app)
    {
        app.MapPreviewPages();
        app.MapPost("/api/slices", SliceAsync).For(Role.Manufacturer, Role.Operator).Produces<SliceView>().WithRequestTimeout(RequestTime.Upload)
            .WithSummary("Slice what a licence lets you print, without taking a print from it, and wait for the figures.");
        app.MapGet("/api/slices/{id:guid}", async (Guid id, Guid? licence, Caller caller, PreviewDesk desk, PriceList prices, PrintChecks checks, CancellationToken cancel) => await ViewAsync(id, licence, caller, desk, prices, checks, cancel))
            .For(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin).Produces<SliceView>().WithSummary("The figures of a slice, which of its layers can be looked at and, of a printer of yours with a licence, what would be said if it were ordered now.");
        app.MapGet("/api/slices/{id:guid}/layers/{number:int}", async (Guid id, int number, Caller caller, PreviewDesk desk, CancellationToken cancel) =>
            (await desk.FindAsync(id, caller, cancel)).Has(out var seen, out var refusal)
                ? (await desk.PicturesAsync(seen)).Pictures.FirstOrDefault(picture => picture.Number == number) is { } found ? Results.Bytes(found.Png, Png.Type) : Refusal.NotFound("layer") : refusal)
            .For(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin).Produces<byte[]>(StatusCodes.Status200OK, Png.Type).WithSummary("A layer of a slice from above, as coarse as whoever asks may see it.");
        app.MapGet("/api/printers/{id:guid}/prices", async (Guid id, HttpResponse response, Caller caller, PriceList prices, CancellationToken cancel) =>
            (await prices.FindAsync(id, caller, cancel)).ToResult(price => Tagged(response, price))).For(Role.Manufacturer, Role.Operator).Produces<Price>().WithSummary("What an hour and a kilogram cost on a printer of yours, with a tag for If-Match.");
        app.MapPut("/api/printers/{id:guid}/prices", async (Guid id, Price price, HttpContext http, Caller caller, PriceList prices, CancellationToken cancel) =>
            (await prices.SetAsync(id, price, http.Request.Headers.IfMatch is [{ Length: > 0 } tag] ? tag : null, caller, cancel)).ToResult(set => Tagged(http.Response, set))).For(Role.Manufacturer).Produces<Price>()
            .WithSummary("Say what an hour and a kilogram cost on a printer of yours; with If-Match, only when nobody else has said otherwise meanwhile.");
        var pages = app.MapPagesFor(Role.Manufacturer);
        pages.MapGet("/printers/{id:guid}/prices", (Guid id, Visit visit, PrinterFleet fleet, PriceList prices, CancellationToken cancel) => PricesAsync(id, visit, fleet, prices, null, cancel));
        pages.MapPost("/printers/{id:guid}/prices", SetPricesAsync).AsForm();
    }

    private static IResult Tagged(HttpResponse response, Price? price)
    {
        response.Headers.ETag = Price.TagOf(price);
        return price is null ? Refusal.NotFound("price") : Results.Ok(price);
    }

    private static async Task<IResult> SliceAsync(NewSlice request, Caller caller, SliceRuns runs, PreviewDesk desk, PriceList prices, PrintChecks checks, CancellationToken cancel)
    {
        if (!(await runs.StartAsync(request, caller, cancel)).Has(out var run, out var refusal))
        {
            return refusal;
        }

        await run.Done.WaitAsync(cancel);
        return run.Outcome!.Value.Has(out var slice, out refusal) ? await ViewAsync(slice.Id, request.LicenceId, caller, desk, prices, checks, cancel) : refusal;
    }

    private static async Task<IResult> ViewAsync(Guid id, Guid? licence, Caller caller, PreviewDesk desk, PriceList prices, PrintChecks checks, CancellationToken cancel)
    {
        if (!(await desk.FindAsync(id, caller, cancel)).Has(out var seen, out var refusal))
        {
            return refusal;
        }

        var pictures = await desk.PicturesAsync(seen);
        var isOwn = seen.Printer.OrganisationId == caller.OrganisationId;
        var price = isOwn ? await prices.FindAsync(seen.Printer.Id, cancel) : null;
        return Results.Ok(new SliceView(
            id, seen.Design.Id, seen.Design.Name, seen.Printer.Id, seen.Printer.Name, seen.Slice.Material, seen.Slice.Quality, seen.Slice.MotionS, seen.Record.FilamentMm, seen.MassG, price?.Of(seen.Slice.MotionS, seen.MassG)?.Total,
            pictures.Layers, pictures.PixelMm, [.. pictures.Pictures.Select(picture => picture.Number)], seen.Slice.Slicer, seen.Slice.SlicedAt,
            isOwn && licence is { } from ? await checks.LookAsync(seen, from, cancel) : null));
    }

    private static async Task<IResult> PricesAsync(Guid id, Visit visit, PrinterFleet fleet, PriceList prices, Refusal? refusal, CancellationToken cancel, IFormCollection? typed = null)
    {
        if (await fleet.FindAsync(id, cancel) is not { } printer || printer.OrganisationId != visit.Caller.OrganisationId)
        {
            return visit.Refuse(Refusal.NotFound("printer"));
        }

        var known = await prices.FindAsync(id, cancel);
        return visit.Show<PricePage>(
            new PriceModel(id, printer.Name, typed?["hour"].ToString() ?? Text(known?.PerHour), typed?["kg"].ToString() ?? Text(known?.PerKg), typed?["currency"].ToString() ?? known?.Currency ?? "EUR",
                typed is null || refusal?.Code == "PRICE_MEANWHILE" ? Price.TagOf(known) : typed["known"].ToString()), refusal);

        static string Text(double? number) => number?.ToString("0.##", CultureInfo.InvariantCulture) ?? "";
    }

    private static async Task<IResult> SetPricesAsync(Guid id, HttpContext context, Visit visit, PrinterFleet fleet, PriceList prices, CancellationToken cancel)
    {
        var form = await context.Request.ReadFormAsync(cancel);
        var price = new Price { PerHour = Number(form["hour"]), PerKg = Number(form["kg"]), Currency = form["currency"].ToString().Trim().ToUpperInvariant() };
        return (await prices.SetAsync(id, price, form["known"] is [{ Length: > 0 } known] ? known : null, visit.Caller, cancel)).Has(out _, out var refusal) ? Results.Redirect($"/printers/{id:D}") : await PricesAsync(id, visit, fleet, prices, refusal, cancel, form);

        static double Number(string? text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) ? value : double.NaN;
    }
}

/// <summary>The prices of a printer, as they are typed; Known is the tag of those that the page showed.</summary>
public sealed record PriceModel(Guid PrinterId, string Printer, string PerHour, string PerKg, string Currency, string Known);

/// <summary>A slice as the API shows it: time in s, length in mm, mass in g.</summary>
internal sealed record SliceView(
    Guid Id, Guid DesignId, string DesignName, Guid PrinterId, string PrinterName, string Material, string Quality, double MotionS, double FilamentMm, double? MassG, string? Cost, int Layers, double PixelMm,
    IReadOnlyList<int> Shown, string Slicer, DateTimeOffset SlicedAt, IReadOnlyList<PrintCheck>? Checks);
