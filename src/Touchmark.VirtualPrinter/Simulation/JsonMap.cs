using System.Collections;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>A JSON object whose members keep their order. Values are null, bool, int, long, double, string, JsonElement, JsonMap or a list of such.</summary>
internal sealed class JsonMap : OrderedDictionary<string, object?>
{
    public JsonMap()
        : base(StringComparer.Ordinal)
    {
    }

    /// <summary>A copy of the first level.</summary>
    public JsonMap Copy()
    {
        var copy = new JsonMap();
        foreach (var (name, value) in this)
            copy[name] = value;
        return copy;
    }
}

/// <summary>Writing and comparing of the values that <see cref="JsonMap"/> holds.</summary>
internal static class Json
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] Encode(object? value)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Options))
            Write(writer, value);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Turns a value into an element, for handlers that take what came over HTTP in the same form as JSON-RPC parameters.</summary>
    public static JsonElement ToElement(object? value)
    {
        using var document = JsonDocument.Parse(Encode(value));
        return document.RootElement.Clone();
    }

    public static bool Same(object? a, object? b) => (a, b) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (string x, string y) => x == y,
        (JsonElement x, JsonElement y) => JsonElement.DeepEquals(x, y),
        (JsonMap x, JsonMap y) => ReferenceEquals(x, y) || (x.Count == y.Count && x.All(member => y.TryGetValue(member.Key, out var other) && Same(member.Value, other))),
        (double[] x, double[] y) => x.AsSpan().SequenceEqual(y),
        (IList x, IList y) => ReferenceEquals(x, y) || (x.Count == y.Count && x.Cast<object?>().Zip(y.Cast<object?>(), Same).All(same => same)),
        _ => a.Equals(b),
    };

    public static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case double number:
                WriteDouble(writer, number);
                break;
            case JsonElement element:
                element.WriteTo(writer);
                break;
            case JsonMap map:
                writer.WriteStartObject();
                foreach (var (name, member) in map)
                {
                    writer.WritePropertyName(name);
                    Write(writer, member);
                }

                writer.WriteEndObject();
                break;
            case double[] numbers:
                writer.WriteStartArray();
                foreach (var number in numbers)
                    WriteDouble(writer, number);
                writer.WriteEndArray();
                break;
            case IEnumerable items:
                writer.WriteStartArray();
                foreach (var item in items)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                throw new InvalidOperationException($"A {value.GetType()} has no JSON form here.");
        }
    }

    /// <summary>Python writes a whole float as <c>25.0</c>: clients that tell integers from floats see the same as from the real printer.</summary>
    private static void WriteDouble(Utf8JsonWriter writer, double number)
    {
        if (!double.IsFinite(number))
        {
            writer.WriteNullValue();
            return;
        }

        Span<char> text = stackalloc char[32];
        number.TryFormat(text[..30], out var length, "R", CultureInfo.InvariantCulture);
        if (text[..length].IndexOfAny('.', 'E') < 0)
        {
            text[length++] = '.';
            text[length++] = '0';
        }

        writer.WriteRawValue(text[..length], skipInputValidation: true);
    }
}
