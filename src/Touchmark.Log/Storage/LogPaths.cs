namespace Touchmark.Log.Storage;

/// <summary>Paths of a log's objects.</summary>
public static class LogPaths
{
    /// <summary>The newest checkpoint: the only public object that changes.</summary>
    public const string Checkpoint = "checkpoint";

    /// <summary>Whether an object can have this path: names of ASCII letters, digits, <c>.</c>, <c>-</c> and <c>_</c>, none of which begins with a point, with slashes between them.</summary>
    public static bool IsObject(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Array.TrueForAll(path.Split('/'), IsName);
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and < 256 && name[0] != DurableFile.TemporaryMark && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
