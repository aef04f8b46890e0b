namespace Touchmark.Hosting.Storage;

/// <summary>Text of people in a pattern of SQL's "like".</summary>
public static class SqlText
{
    /// <summary>The pattern of what has this text in it, for <c>like … escape '!'</c>.</summary>
    public static string Within(string text) =>
        $"%{text.Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal)}%";
}
