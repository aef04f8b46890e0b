using Touchmark.Engine.Accounts;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Recalls;

/// <summary>Recalls: call parts back, and see who has them.</summary>
internal static class RecallsFeature
{
    private const int UsualPerPage = 100;

    public static void AddRecalls(this IServiceCollection services)
    {
        services.AddSingleton<RecallEntries>();
        services.AddSingleton<RecallDesk>();
        services.AddSingleton<RecallRunner>();
        services.AddHostedService(provider => provider.GetRequiredService<RecallRunner>());
    }

    public static void MapRecalls(this WebApplication app)
    {
        app.MapRecallPages();
        app.MapPost("/api/recalls", async (NewRecall request, Caller caller, RecallDesk desk, CancellationToken cancel) =>
            (await desk.CallAsync(request, caller, cancel)).ToResult(made => Results.Created($"/api/recalls/{made.Recall.Id:D}", made)))
            .For(Role.Oem, Role.Admin).Produces<RecallView>(StatusCodes.Status201Created)
            .WithSummary("Recall parts by design, licence, printer, material or time of print: those that fit all that is named, and those that are printed later.");
        app.MapGet("/api/recalls", (Caller caller, RecallDesk desk, CancellationToken cancel) => desk.ListAsync(caller, cancel)).For(Role.Oem, Role.Admin, Role.Auditor)
            .WithSummary("List the recalls of your organisation, newest first; the last 500.");
        app.MapGet("/api/recalls/{id:guid}", async (Guid id, Caller caller, RecallDesk desk, CancellationToken cancel) =>
            await desk.FindAsync(id, caller, cancel) is { } recall ? Results.Ok(recall) : Refusal.NotFound("recall")).For(Role.Oem, Role.Admin, Role.Auditor).Produces<RecallView>()
            .WithSummary("Show a recall: what it covers, and how many histories say so.");
        app.MapGet("/api/recalls/{id:guid}/parts", PartsAsync).For(Role.Oem, Role.Admin, Role.Auditor).Produces<RecalledPage>()
            .WithSummary("List the parts that a recall covers and who has them; after=ID turns the page.");
    }

    private static async Task<IResult> PartsAsync(Guid id, Caller caller, RecallDesk desk, CancellationToken cancel, string? after = null, int? limit = null)
    {
        if (limit is < 1 or > RecallDesk.MostPerPage)
        {
            return Refusal.Invalid("PAGE_INVALID", $"A page has 1 to {RecallDesk.MostPerPage} parts.", "Send limit in this range, or none.").With("limit", limit).With("maximum", RecallDesk.MostPerPage);
        }

        if (await desk.FindAsync(id, caller, cancel) is null)
        {
            return Refusal.NotFound("recall");
        }

        var count = limit ?? UsualPerPage;
        var parts = await desk.PartsAsync(id, after?.Replace("-", "", StringComparison.Ordinal), count, cancel);
        return Results.Ok(new RecalledPage(parts, parts.Count == count ? parts[^1].Id : null));
    }
}

/// <param name="Parts">The page.</param>
/// <param name="Next">What to send as <c>after</c> for the next page; absent on the last.</param>
internal sealed record RecalledPage(IReadOnlyList<RecalledPart> Parts, string? Next);
