using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Access;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Web;

namespace Touchmark.Vault.Bundles;

/// <summary>Evidence bundles: made, found, handed out.</summary>
internal static class BundlesFeature
{
    private const int MostRows = 200;

    public static void AddBundles(this IServiceCollection services)
    {
        services.AddSingleton<BundleReader>();
        services.AddSingleton<BundleDesk>();
        services.AddSingleton<ClockWatch>();
        services.AddSingleton<BundleFiles>();
        services.AddManifestIndex<BundleIndex>();
        services.AddManifestIndex<Papers>();
    }

    public static void MapBundles(this WebApplication app)
    {
        var bundles = app.MapGroup("/v3/bundles").WithTags("bundles");
        bundles.MapPost("", SignAsync).For(Role.Signer).WithSummary("Makes the bundle of a job, or finds it.")
            .Accepts<BundleForm>("application/json", "application/cbor", "multipart/form-data", "text/x.gcode", "text/x-gcode", "application/octet-stream")
            .Produces<BundleAnswer>(StatusCodes.Status201Created).Produces<BundleAnswer>().ProducesProblem(400).ProducesProblem(409).ProducesProblem(503).ProducesProblem(507);
        bundles.MapGet("", SearchAsync).For(Role.Any).WithSummary("Finds bundles, newest first, in pages.").Produces<BundlePage>();
        bundles.MapGet("/{id:guid}", GetAsync).For(Role.Any).WithSummary("The evidence file of a bundle, or its JSON view by Accept.")
            .Produces(200, contentType: EvidenceFile.MediaType, additionalContentTypes: "application/json").ProducesProblem(404);
    }

    private static async Task<IResult> SignAsync(HttpContext context, BundleReader reader, BundleDesk desk, CancellationToken cancel)
    {
        var times = new TurnTimes();
        if (!(await ReadAsync()).Has(out var request, out var refusal) || !(await desk.SignAsync(request with { CallerProcess = AccessFeature.PeerOf(context)?.Pid }, times, cancel)).Has(out var signed, out refusal))
        {
            return refusal;
        }

        var answer = BundleAnswer.Of(signed.Entry, signed.Bundle);
        if (!signed.IsNew)
        {
            return Results.Ok(answer);
        }

        context.Response.Headers["Server-Timing"] = times.ToString();
        return Results.Created($"/v3/bundles/{answer.BundleId:D}", answer);

        async Task<Outcome<BundleRequest>> ReadAsync()
        {
            using var timed = times.Measure(TurnTimes.Step.Read);
            return await reader.ReadAsync(context, cancel);
        }
    }

    private static async Task<IResult> GetAsync(Guid id, HttpContext context, BundleIndex index, BundleFiles files, ManifestBook manifest, CancellationToken cancel)
    {
        if (await index.FindAsync(id, cancel) is not { } entry)
        {
            return Refusal.NotFound("There is no such bundle.", "Check the id; GET /v3/bundles lists them.");
        }

        if (!(await files.BuildAsync(entry, cancel)).Has(out var file, out var refusal))
        {
            return refusal;
        }

        context.Response.Headers.Vary = "Accept";
        context.Response.Headers["Touchmark-Manifest-Size"] = file.Checkpoint!.Checkpoint.Size.ToString(CultureInfo.InvariantCulture);
        return Accepted.PrefersJson(context.Request)
            ? new BundleView(EvidenceJson.Write(file), VerifierHints.Of(entry, file, manifest.Identity))
            : Results.Bytes(file.Encode(), EvidenceFile.MediaType, $"{id:D}.touchmark");
    }

    private static async Task<IResult> SearchAsync(
        BundleIndex index, string? job, string? gcode, Guid? twin, string? material, [FromQuery(Name = "operator")] string? operatedBy, string? slicer, [FromQuery(Name = "slicer_level")] string? slicerLevel,
        bool? degraded, DateTimeOffset? from, DateTimeOffset? until, long? before, int? limit, CancellationToken cancel)
    {
        var most = Math.Clamp(limit ?? 50, 1, MostRows);
        var rows = await index.SearchAsync(
            new BundleSearch
            {
                Job = job, Gcode = gcode?.ToLowerInvariant(), Twin = twin, Material = material, Operator = operatedBy, Slicer = slicer, SlicerLevel = slicerLevel, Degraded = degraded, From = from, Until = until, Before = before,
            }, most + 1, cancel);
        var page = rows.Take(most).Select(BundleLine.Of).ToList();
        return Results.Json(new BundlePage(page, rows.Count > most ? page[^1].LogIndex : null));
    }
}

/// <summary>The answer to a signature.</summary>
/// <param name="BundleId">What it is found by.</param>
/// <param name="Sha256">Of its statement: what other statements call it.</param>
/// <param name="LogIndex">Its place in the manifest.</param>
/// <param name="MachineCounter">The token's counter.</param>
/// <param name="JobId">The caller's name of the job.</param>
/// <param name="GcodeSha256">Of the canonical G-code.</param>
/// <param name="GcodeBytes">Its length.</param>
/// <param name="SignedAt">When.</param>
/// <param name="Mode">normal or degraded.</param>
/// <param name="Reasons">Why it is degraded.</param>
/// <param name="SlicerLevel">attested, self-identified or unknown.</param>
/// <param name="Signals">What the review thought of it; it decides nothing.</param>
internal sealed record BundleAnswer(
    Guid BundleId, string Sha256, long LogIndex, long MachineCounter, string JobId, string GcodeSha256, long GcodeBytes, DateTimeOffset SignedAt, string Mode, IReadOnlyList<string> Reasons, string SlicerLevel,
    IReadOnlyList<ReviewSignal> Signals)
{
    public static BundleAnswer Of(ManifestEntry entry, EvidenceBundle bundle) => new(
        bundle.BundleId, Convert.ToHexStringLower(entry.Sha256), entry.Index, bundle.MachineCounter, bundle.JobId, Convert.ToHexStringLower(bundle.GCodeSha256.Span), bundle.GCodeBytes, bundle.SignedAt,
        bundle.IsDegraded ? "degraded" : "normal", bundle.DegradedReasons, SlicerAttest.NameOf(bundle.SlicerAttest.Level), bundle.Signals);
}

/// <summary>One bundle of a list.</summary>
internal sealed record BundleLine(
    Guid BundleId, long LogIndex, string JobId, string GcodeSha256, DateTimeOffset SignedAt, string Mode, string SlicerLevel, string? Slicer, Guid? TwinId, string? Material, string? Operator)
{
    public static BundleLine Of(BundleRow row) => new(
        row.BundleId, row.LogIndex, row.JobId, row.GcodeSha256, row.SignedAt, row.Degraded == 0 ? "normal" : "degraded", row.SlicerLevel, row.Slicer, row.TwinId, row.Material, row.Operator);
}

/// <summary>A page of a list.</summary>
/// <param name="Bundles">Newest first.</param>
/// <param name="Next">What <c>before</c> is in the request for the next page; absent on the last.</param>
internal sealed record BundlePage(IReadOnlyList<BundleLine> Bundles, long? Next);
