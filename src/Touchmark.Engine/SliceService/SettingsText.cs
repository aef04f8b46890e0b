using System.Text.Json;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.SliceService;

/// <summary>Reads settings as a caller sends them: a JSON object of texts, numbers and booleans, or the lines <c>key = value</c> of an ini file without sections.</summary>
internal static class SettingsText
{
    /// <summary>Longest text, bytes.</summary>
    public const int MaxBytes = 32 * 1024;

    private const int MaxSettings = 300;
    private const int MaxKey = 64;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 2, AllowDuplicateProperties = false };

    /// <summary>Adds to <paramref name="into"/>. Refusal: SETTINGS_INVALID.</summary>
    /// <param name="part">The part's name, for refusals.</param>
    /// <param name="text">What was sent.</param>
    /// <param name="into">Key to value, as they were written; a key may come once.</param>
    public static Refusal? Read(string part, string text, Dictionary<string, string> into) =>
        string.IsNullOrWhiteSpace(text) ? null : text.TrimStart().StartsWith('{') ? ReadJson(part, text, into) : ReadLines(part, text, into);

    private static Refusal? ReadJson(string part, string text, Dictionary<string, string> into)
    {
        try
        {
            using var json = JsonDocument.Parse(text, Strict);
            foreach (var setting in json.RootElement.EnumerateObject())
            {
                var value = setting.Value.ValueKind switch
                {
                    JsonValueKind.String => setting.Value.GetString(),
                    JsonValueKind.Number => setting.Value.GetRawText(),
                    JsonValueKind.True => "1",
                    JsonValueKind.False => "0",
                    _ => null,
                };
                if (value is null)
                {
                    return Invalid(part, "a value is neither a text, a number nor a boolean");
                }

                if (Add(part, setting.Name, value, into) is { } refusal)
                {
                    return refusal;
                }
            }

            return null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return Invalid(part, "it is not a JSON object with each name once and plain values");
        }
    }

    private static Refusal? ReadLines(string part, string text, Dictionary<string, string> into)
    {
        var number = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = raw.Trim();
            if (line.IsEmpty || line[0] is '#' or ';')
            {
                continue;
            }

            var equals = line.IndexOf('=');
            if (line[0] == '[' || equals <= 0)
            {
                return Invalid(part, "a line is no 'key = value'; sections are not read").With("line", number);
            }

            if (Add(part, line[..equals].TrimEnd().ToString(), line[(equals + 1)..].TrimStart().ToString(), into) is { } refusal)
            {
                return refusal.With("line", number);
            }
        }

        return null;
    }

    private static Refusal? Add(string part, string key, string value, Dictionary<string, string> into)
    {
        if (key.Length is 0 or > MaxKey || !key.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))
        {
            return Invalid(part, "a name is not one of lower-case letters, digits and underscores");
        }

        return into.Count >= MaxSettings ? Invalid(part, $"there are more than {MaxSettings} settings").With("limit", MaxSettings)
            : into.TryAdd(key, value) ? null
            : Invalid(part, "a setting is sent twice").With("setting", key);
    }

    private static Refusal Invalid(string part, string why) =>
        Refusal.Invalid("SETTINGS_INVALID", $"The part {part} cannot be read: {why}.", "Send a JSON object of PrusaSlicer's settings, or the lines of its ini file.").With("part", part);
}
