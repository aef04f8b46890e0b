using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;

namespace Touchmark.Engine.Search;

/// <summary>One question to everything.</summary>
internal static class SearchFeature
{
    private static readonly Role[] Asking = [Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin];

    public static void AddSearch(this IServiceCollection services) => services.AddSingleton<SearchDesk>();

    public static void MapSearch(this WebApplication app)
    {
        app.MapGet("/api/search", async (string q, Caller caller, SearchDesk desk, CancellationToken cancel) => (await desk.FindAsync(q, caller, cancel)).ToResult(Results.Ok)).For(Asking)
            .Produces<IReadOnlyList<SearchHit>>().WithSummary("Look for an id, a statement's SHA-256, a part, a GTIN, a material lot or letters of a name among everything that you may see.");
        app.MapPagesFor(Asking).MapGet("/search", async (string? q, Visit visit, SearchDesk desk, CancellationToken cancel) =>
        {
            if (string.IsNullOrWhiteSpace(q))
            {
                return visit.Show<SearchPage>(new SearchModel("", []));
            }

            return (await desk.FindAsync(q, visit.Caller, cancel)).Has(out var hits, out var refusal) ? visit.Show<SearchPage>(new SearchModel(q, hits)) : visit.Show<SearchPage>(new SearchModel(q, []), refusal);
        });
    }
}

/// <summary>What was looked for, and found.</summary>
public sealed record SearchModel(string Question, IReadOnlyList<SearchHit> Hits);
