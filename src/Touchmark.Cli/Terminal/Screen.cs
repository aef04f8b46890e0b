using System.Text.Json;
using Spectre.Console;

namespace Touchmark.Cli.Terminal;

/// <summary>One column of a table: its heading and where its value stands in each row, as a dotted path of JSON member names.</summary>
internal sealed record Column(string Heading, string Path);

/// <summary>
/// How answers are shown: tables and progress bars to a person at a terminal, plain lines elsewhere, the engine's own JSON with <c>--json</c>.
/// Everything that came from elsewhere is escaped: a design may be named <c>[red]</c>.
/// </summary>
internal static class Screen
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static bool IsTerminal => !Console.IsOutputRedirected;

    public static void Json(JsonElement value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, Indented));

    public static void Line(string text) => Console.Out.WriteLine(Plain(text));

    /// <summary>A list of objects as a table, or as tab-separated lines when nobody is looking.</summary>
    public static void Table(JsonElement rows, string empty, params Column[] columns)
    {
        if (rows.GetArrayLength() == 0)
        {
            Line(empty);
            return;
        }

        if (!IsTerminal)
        {
            foreach (var row in rows.EnumerateArray())
            {
                Line(string.Join('\t', columns.Select(column => Text(row, column.Path))));
            }

            return;
        }

        Draw(rows, columns);
    }

    // On its own, as the others: what draws is loaded only where somebody looks.
    private static void Draw(JsonElement rows, Column[] columns)
    {
        var table = new Table().Border(TableBorder.Rounded);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column.Heading)));
        }

        foreach (var row in rows.EnumerateArray())
        {
            table.AddRow(columns.Select(column => Markup.Escape(Plain(Text(row, column.Path)))).ToArray());
        }

        AnsiConsole.Write(table);
    }

    /// <summary>One object, a line a member, nested members by their dotted names.</summary>
    public static void Facts(JsonElement value)
    {
        var facts = new List<(string Name, string Value)>();
        Flatten(value, "", facts);
        var width = facts.Count == 0 ? 0 : facts.Max(fact => fact.Name.Length);
        foreach (var (name, text) in facts)
        {
            Line($"{name.PadRight(width)}  {text}");
        }
    }

    /// <summary>The value at a dotted path as text; empty where there is none.</summary>
    public static string Text(JsonElement value, string path)
    {
        foreach (var member in path.Split('.'))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(member, out value))
            {
                return "";
            }
        }

        return Text(value);
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => "",
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(Text)),
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        _ => value.GetRawText(),
    };

    private static void Flatten(JsonElement value, string prefix, List<(string, string)> facts)
    {
        foreach (var member in value.EnumerateObject())
        {
            var name = prefix + member.Name.Replace('_', ' ');
            if (member.Value.ValueKind == JsonValueKind.Object)
            {
                Flatten(member.Value, name + " ", facts);
            }
            else if (Text(member.Value) is { Length: > 0 } text)
            {
                facts.Add((name, text));
            }
        }
    }

    // A terminal obeys control characters; text from elsewhere must not steer it.
    private static string Plain(string text)
    {
        foreach (var character in text)
        {
            if (Steers(character))
            {
                return string.Concat(text.Select(each => Steers(each) ? '\uFFFD' : each));
            }
        }

        return text;

        static bool Steers(char character) => char.IsControl(character) && character != '\t';
    }
}
