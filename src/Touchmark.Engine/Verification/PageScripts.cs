using System.Text.Json;

namespace Touchmark.Engine.Verification;

/// <summary>
/// The scripts of the pages, built from <c>web/</c> into this assembly under names that hold their hash, so that browsers may keep them for good. An engine that was built
/// without them works all the same: its pages say that they show the server's word only.
/// </summary>
internal static class PageScripts
{
    private const string Prefix = "assets/";
    private const string Manifest = Prefix + "manifest.json";
    private const string Entry = "pages/verify/main.ts";

    private static readonly Lazy<string?> Found = new(Find);

    /// <summary>The address of the script that verifies; null when it was not built.</summary>
    public static string? Verifier => Found.Value;

    /// <summary>Answers one of the scripts.</summary>
    public static IResult Answer(string name, HttpResponse response)
    {
        if (!name.EndsWith(".js", StringComparison.Ordinal) || Open(Prefix + name) is not { } script)
        {
            return Results.NotFound();
        }

        response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Stream(script, "text/javascript; charset=utf-8");
    }

    private static Stream? Open(string resource) => typeof(PageScripts).Assembly.GetManifestResourceStream(resource);

    private static string? Find()
    {
        using var manifest = Open(Manifest);
        return manifest is null ? null : $"/{Prefix}{JsonDocument.Parse(manifest).RootElement.GetProperty(Entry).GetProperty("file").GetString()}";
    }
}
