using System.Text.Json;

namespace Touchmark.VirtualPrinter.Tests;

/// <summary>
/// What recorded JSON looks like: kinds of each value (integers and floats apart, as Python writes them), members of each object, items of each list.
/// Learned from every recorded occurrence, then held against what the virtual printer says.
/// </summary>
internal sealed class Schema
{
    private readonly HashSet<string> kinds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Schema> members = new(StringComparer.Ordinal);
    private readonly HashSet<string> optional = new(StringComparer.Ordinal);
    private Schema? items;
    private bool seenObject;

    public void Learn(JsonElement value)
    {
        kinds.Add(Kind(value));
        if (value.ValueKind == JsonValueKind.Object)
        {
            var names = value.EnumerateObject().Select(member => member.Name).ToHashSet(StringComparer.Ordinal);
            foreach (var name in members.Keys.Where(name => !names.Contains(name)))
                optional.Add(name);
            foreach (var member in value.EnumerateObject())
            {
                if (!members.TryGetValue(member.Name, out var schema))
                {
                    members[member.Name] = schema = new Schema();
                    if (seenObject)
                        optional.Add(member.Name);
                }

                schema.Learn(member.Value);
            }

            seenObject = true;
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
                (items ??= new Schema()).Learn(item);
        }
    }

    /// <summary>Where <paramref name="value"/> differs; <paramref name="partial"/> allows members to be missing, as in updates.</summary>
    public IEnumerable<string> Differences(JsonElement value, string path, bool partial = false)
    {
        if (!kinds.Contains(Kind(value)))
        {
            yield return $"{path}: is {Kind(value)} ({Short(value)}), recorded as {string.Join(" or ", kinds)}";
            yield break;
        }

        if (value.ValueKind == JsonValueKind.Object && members.Count > 0)
        {
            foreach (var member in value.EnumerateObject())
            {
                if (!members.TryGetValue(member.Name, out var schema))
                {
                    yield return $"{path}.{member.Name}: was never recorded";
                    continue;
                }

                foreach (var difference in schema.Differences(member.Value, $"{path}.{member.Name}"))
                    yield return difference;
            }

            foreach (var name in members.Keys.Where(name => !partial && !optional.Contains(name) && !value.TryGetProperty(name, out _)))
                yield return $"{path}.{name}: is missing";
        }
        else if (value.ValueKind == JsonValueKind.Array && items is not null)
        {
            foreach (var item in value.EnumerateArray())
            {
                foreach (var difference in items.Differences(item, path + "[]"))
                    yield return difference;
            }
        }
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "bool",
        JsonValueKind.String => "string",
        JsonValueKind.Array => "list",
        JsonValueKind.Object => "object",
        _ => value.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') >= 0 ? "float" : "integer",
    };

    private static string Short(JsonElement value) => value.GetRawText() is { Length: > 60 } text ? text[..60] : value.GetRawText();
}
