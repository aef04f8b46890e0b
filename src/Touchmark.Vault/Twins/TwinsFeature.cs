using System.Globalization;
using System.Text.Json;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Access;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Twins;

/// <summary>The as-designed, as-sliced and as-built records of one part.</summary>
internal static class TwinsFeature
{
    private const int MostRows = 200;

    public static void AddTwins(this IServiceCollection services)
    {
        services.AddManifestIndex<TwinIndex>();
        services.AddSingleton<TwinDesk>();
        services.AddHostedService<TwinKeeper>();
    }

    public static void MapTwins(this WebApplication app)
    {
        var twins = app.MapGroup("/v3/twins").WithTags("twins");
        twins.MapPost("", DraftAsync).For(Role.Signer).WithSummary("Makes the draft of a twin, or finds it. A bundle that names it completes it.")
            .Produces<TwinAnswer>(StatusCodes.Status201Created).Produces<TwinAnswer>().ProducesProblem(400).ProducesProblem(409).ProducesProblem(503);
        twins.MapGet("", ListAsync).For(Role.Any).WithSummary("Lists twins, newest draft first, in pages.").Produces<TwinPage>();
        twins.MapGet("/{id:guid}", GetAsync).For(Role.Any).WithSummary("How far a twin is, with its statements.").Produces<TwinView>().ProducesProblem(404);
    }

    private static async Task<IResult> DraftAsync(TwinForm form, TwinDesk desk, CancellationToken cancel)
    {
        if (!(await desk.DraftAsync(form, cancel)).Has(out var entered, out var refusal))
        {
            return refusal;
        }

        var answer = new TwinAnswer(entered.Draft.TwinId, Convert.ToHexStringLower(entered.Entry.Sha256), entered.Entry.Index, entered.Draft.MadeAt);
        return entered.IsNew ? Results.Created(string.Create(CultureInfo.InvariantCulture, $"/v3/twins/{answer.TwinId:D}"), answer) : Results.Ok(answer);
    }

    private static async Task<IResult> ListAsync(TwinIndex twins, long? before, int? limit, CancellationToken cancel)
    {
        var most = Math.Clamp(limit ?? 50, 1, MostRows);
        var rows = await twins.ListAsync(before ?? long.MaxValue, most + 1, cancel);
        var page = rows.Take(most).Select(row => new TwinLine(row.TwinId, row.State, row.Name, row.MadeAt, row.DraftIndex)).ToList();
        return Results.Json(new TwinPage(page, rows.Count > most ? page[^1].LogIndex : null));
    }

    private static async Task<IResult> GetAsync(Guid id, TwinIndex twins, ManifestIndex index, CancellationToken cancel)
    {
        if (await twins.FindAsync(id, cancel) is not { } row)
        {
            return Refusal.NotFound("There is no such twin.", "Check the id; GET /v3/twins lists them.");
        }

        return Results.Json(new TwinView(row.TwinId, row.State, await ShowAsync(row.DraftIndex), await ShowAsync(row.BundleIndex), await ShowAsync(row.CompletionIndex)));

        async Task<JsonElement?> ShowAsync(long? at) =>
            at is { } place && await index.FindAsync(place, cancel) is { } entry ? JsonSerializer.Deserialize<JsonElement>(EvidenceJson.Write(entry.ToPart())) : null;
    }

    /// <summary>The answer to a draft.</summary>
    /// <param name="TwinId">What a job names.</param>
    /// <param name="DraftSha256">Of its statement.</param>
    /// <param name="LogIndex">Its place in the manifest.</param>
    /// <param name="MadeAt">When.</param>
    private sealed record TwinAnswer(Guid TwinId, string DraftSha256, long LogIndex, DateTimeOffset MadeAt);

    private sealed record TwinLine(Guid TwinId, string State, string? Name, DateTimeOffset MadeAt, long LogIndex);

    /// <param name="Twins">Newest draft first.</param>
    /// <param name="Next">What <c>before</c> is in the request for the next page; absent on the last.</param>
    private sealed record TwinPage(IReadOnlyList<TwinLine> Twins, long? Next);

    private sealed record TwinView(Guid TwinId, string State, JsonElement? Draft, JsonElement? Bundle, JsonElement? Completion);
}
