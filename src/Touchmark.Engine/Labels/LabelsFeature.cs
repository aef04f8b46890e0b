using Touchmark.Engine.Accounts;
using Touchmark.Engine.Gs1;
using Touchmark.Engine.Parts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Labels;

/// <summary>Labels of parts, for whoever is signed in and may look the parts up.</summary>
internal static class LabelsFeature
{
    public static void AddLabels(this IServiceCollection services)
    {
        services.AddSingleton(services => new LabelFonts(services.GetRequiredService<EngineOptions>().Fonts));
        services.AddSingleton<LabelOffice>();
    }

    public static void MapLabels(this WebApplication app)
    {
        app.MapGet("/api/parts/{id}/label.pdf", async (string id, Caller caller, LabelOffice office, CancellationToken cancel) =>
            Answer(await office.PrintAsync([id], LabelSheet.Single, 0, caller, cancel))).ForAnyRole().Produces(StatusCodes.Status200OK, contentType: MediaType)
            .WithSummary("A part's label: a QR code with its link, its id, name, material and date, on a page of 70 × 37 mm.");
        app.MapPost("/api/labels", async (LabelOrder order, Caller caller, LabelOffice office, CancellationToken cancel) =>
            LabelSheet.All.FirstOrDefault(sheet => sheet.Name == order.Sheet) is { } sheet
                ? Answer(await office.PrintAsync(order.Parts, sheet, order.Skip, caller, cancel))
                : Refusal.Invalid("SHEET_UNKNOWN", "There are no labels of this form.", "Choose one of those among the figures.").With("sheets", LabelSheet.All.Select(sheet => sheet.Name).ToList()))
            .ForAnyRole().Produces(StatusCodes.Status200OK, contentType: MediaType)
            .WithSummary("Labels of many parts: sheet is a4 (24 of 70 × 37 mm), letter (30 of 2⅝ × 1 inch) or single; skip leaves places of the first sheet empty.");
    }

    private const string MediaType = "application/pdf";

    private static IResult Answer(Outcome<byte[]> outcome) => outcome.ToResult(pdf => Results.Bytes(pdf, MediaType, "labels.pdf"));
}

/// <param name="Parts">Ids, in the order in which their labels are put.</param>
/// <param name="Sheet">The name of a <see cref="LabelSheet"/>.</param>
/// <param name="Skip">Places of the first sheet that were used before.</param>
internal sealed record LabelOrder(IReadOnlyList<string> Parts, string Sheet, int Skip = 0);

/// <summary>Finds out what stands on labels and has them printed.</summary>
internal sealed class LabelOffice(PartRegistry parts, PartLinks links, LabelFonts fonts, EngineOptions options, TimeProvider time)
{
    /// <summary>Labels of one file.</summary>
    private const int Most = 1000;

    public async Task<Outcome<byte[]>> PrintAsync(IReadOnlyList<string> ids, LabelSheet sheet, int skip, Caller caller, CancellationToken cancel)
    {
        if (ids.Count is 0 or > Most || skip < 0 || skip >= sheet.PerPage)
        {
            return Refusal.Invalid("LABEL_COUNT", $"A file has 1 to {Most} labels, and fewer places left empty than a sheet has.", "Order them in several files.")
                .With("labels", ids.Count).With("most", Most).With("skip", skip).With("places", sheet.PerPage);
        }

        var labels = new List<Label>(ids.Count);
        foreach (var id in ids)
        {
            if (!(await parts.LookUpAsync(id, caller, cancel)).Has(out var part, out var refusal))
            {
                return refusal.With("asked", id);
            }

            if (links.LabelOf(part) is not { } link)
            {
                return Refusal.Conflict("PUBLIC_URL_MISSING", "The engine does not know the address under which it is found from outside, and labels last for decades.", "Start it with --public-url https://….");
            }

            labels.Add(new Label(link, part.Id, part.DesignName, part.Material, DateOnly.FromDateTime(part.MadeAt.UtcDateTime), part.Gtin));
        }

        try
        {
            return fonts.Load().Print(labels, sheet, skip, time.GetUtcNow());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new Refusal(StatusCodes.Status503ServiceUnavailable, "LABEL_FONTS_MISSING", "The engine finds no fonts to print labels with.", "Install Debian's fonts-dejavu-core, or start the engine with --fonts DIR.")
                .With("fonts", options.Fonts);
        }
    }
}
