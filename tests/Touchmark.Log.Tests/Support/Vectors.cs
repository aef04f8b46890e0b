using System.Runtime.CompilerServices;
using System.Text.Json;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Tests;

/// <summary>The files under spec/vectors/log.</summary>
internal static class Vectors
{
    public static IEnumerable<JsonElement> Cases(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, file)));
        return [.. document.RootElement.GetProperty("cases").EnumerateArray().Select(element => element.Clone())];
    }

    public static string Folder { get; } = Path.GetFullPath(Path.Combine(ThisFolder(), "../../../spec/vectors/log"));

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static string? TextOrNull(this JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    public static long Number(this JsonElement element, string name) => element.GetProperty(name).GetInt64();

    public static TreeHash Hash(this JsonElement element, string name) => HashOf(element.Text(name));

    public static TreeHash[] Hashes(this JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(hash => HashOf(hash.GetString()!))];

    private static TreeHash HashOf(string base64)
    {
        Assert.True(TreeHash.TryParse(base64, out var hash));
        Assert.Equal(base64, hash.ToString());
        return hash;
    }

    private static string ThisFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
