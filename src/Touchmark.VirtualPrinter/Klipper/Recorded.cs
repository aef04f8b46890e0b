using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>What the real Klipper and Moonraker said of themselves, from the recorded traffic (<c>Data/recorded.json</c>).</summary>
internal static class Recorded
{
    private static readonly JsonElement All = Load();

    public static JsonElement Section(string name) => All.GetProperty(name);

    /// <summary>A section as a map whose first level can be changed.</summary>
    public static JsonMap Map(string name)
    {
        var map = new JsonMap();
        foreach (var member in Section(name).EnumerateObject())
            map[member.Name] = member.Value;
        return map;
    }

    private static JsonElement Load()
    {
        using var stream = typeof(Recorded).Assembly.GetManifestResourceStream("recorded.json")!;
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
