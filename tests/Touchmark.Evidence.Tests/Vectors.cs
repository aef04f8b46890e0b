using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Touchmark.Evidence.Tests;

/// <summary>The files under spec/vectors: lines of fields separated by tabs, '#' starts a comment line.</summary>
internal static class Vectors
{
    public static string Folder { get; } = Path.GetFullPath(Path.Combine(ThisFolder(), "../../spec/vectors"));

    public static IEnumerable<string[]> Lines(string file) =>
        File.ReadLines(Path.Combine(Folder, file)).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('\t'));

    /// <summary>A file of JSON.</summary>
    public static JsonElement Json(string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, file))).RootElement;

    private static string ThisFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
