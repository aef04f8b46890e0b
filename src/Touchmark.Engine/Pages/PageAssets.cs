using System.Text.Json;

namespace Touchmark.Engine.Pages;

/// <summary>
/// The scripts of the pages, built from <c>web/</c> into this assembly under names that hold their hash, so that browsers may keep them for good. An engine that was built without them works all
/// the same: its pages are plain, and those that verify say that they show the server's word only.
/// </summary>
internal static class PageAssets
{
    private const string Prefix = "assets/";
    private const string Manifest = Prefix + "manifest.json";

    private static readonly Lazy<IReadOnlyDictionary<string, string>> Entries = new(Read);

    /// <summary>The address of the script that verifies; null when it was not built.</summary>
    public static string? Verifier => Entries.Value.GetValueOrDefault("pages/verify/main.ts");

    /// <summary>The address of the script with which custodians sign; null when it was not built.</summary>
    public static string? Custody => Entries.Value.GetValueOrDefault("pages/custody/main.ts");

    /// <summary>The address of the script with which auditors check the log; null when it was not built.</summary>
    public static string? Log => Entries.Value.GetValueOrDefault("pages/log/main.ts");

    /// <summary>The address of the script with which regulators open identities; null when it was not built.</summary>
    public static string? Reveal => Entries.Value.GetValueOrDefault("pages/reveal/main.ts");

    /// <summary>The address of the script with which somebody signs in by a passkey; null when it was not built.</summary>
    public static string? SignIn => Entries.Value.GetValueOrDefault("pages/sign-in/main.ts");

    /// <summary>The address of the script that every page of somebody signed in has; null when it was not built.</summary>
    public static string? Portal => Entries.Value.GetValueOrDefault("pages/portal/main.ts");

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

    private static Stream? Open(string resource) => typeof(PageAssets).Assembly.GetManifestResourceStream(resource);

    private static Dictionary<string, string> Read()
    {
        using var manifest = Open(Manifest);
        return manifest is null ? []
            : JsonDocument.Parse(manifest).RootElement.EnumerateObject().Where(entry => entry.Value.TryGetProperty("isEntry", out var isEntry) && isEntry.GetBoolean())
                .ToDictionary(entry => entry.Name, entry => $"/{Prefix}{entry.Value.GetProperty("file").GetString()}", StringComparer.Ordinal);
    }
}
