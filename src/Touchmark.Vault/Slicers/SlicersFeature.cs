using Touchmark.Evidence.Statements;
using Touchmark.Vault.Access;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Officers;

namespace Touchmark.Vault.Slicers;

/// <summary>Which slicer made a toolpath, and how well that is known.</summary>
internal static class SlicersFeature
{
    public static void AddSlicers(this IServiceCollection services)
    {
        services.AddManifestIndex<KnownBuilds>();
        services.AddSingleton<MeasuredFiles>();
        services.AddSingleton<SlicerAttestor>();
    }

    public static void MapSlicers(this WebApplication app)
    {
        var manifests = app.MapGroup("/v3/slicers/manifests").WithTags("slicers");
        manifests.MapPost("", (HttpContext context, StatementDesk desk, CancellationToken cancel) => OfficersFeature.TakeFileAsync(context, desk.KnowSlicerAsync, entered => new BuildLine(
                Convert.ToHexStringLower(entered.Entry.Sha256), entered.Entry.Index, entered.Document.Slicer, entered.Document.Version, entered.Document.Platform, entered.Document.Publisher, entered.Entry.Statement.Issuer, entered.Document.MadeAt), cancel))
            .For(Role.Admin).WithSummary("Enters the manifest of a slicer's build, signed by the customer's root or by an officer whose role it is. One of many files is too long for its statement, and comes with it in an evidence file.").TakesStatement(EvidenceFile.MediaType).Produces<BuildLine>(StatusCodes.Status201Created);
        manifests.MapGet("", async (KnownBuilds builds, CancellationToken cancel) => (await builds.ListAsync(cancel)).Select(build => new BuildLine(
                Convert.ToHexStringLower(build.ManifestSha256), build.LogIndex, build.Slicer, build.Version, build.Platform, build.Publisher, build.SignedBy, build.MadeAt)))
            .For(Role.Any).WithSummary("All builds that are known.");
    }

    /// <summary>A known build in a list.</summary>
    /// <param name="Statement">SHA-256 of the manifest's statement.</param>
    /// <param name="LogIndex">Its place in the vault's manifest.</param>
    /// <param name="Slicer">Such as PrusaSlicer.</param>
    /// <param name="Version">Its version.</param>
    /// <param name="Platform">Such as linux-x64.</param>
    /// <param name="Publisher">Who made the build.</param>
    /// <param name="SignedBy">Who vouches for it.</param>
    /// <param name="MadeAt">When it was measured.</param>
    internal sealed record BuildLine(string Statement, long LogIndex, string Slicer, string Version, string Platform, string Publisher, string SignedBy, DateTimeOffset MadeAt);
}
