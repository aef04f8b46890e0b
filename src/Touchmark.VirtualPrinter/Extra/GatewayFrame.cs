using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>Frames of the gateway's printer socket (spec/printer-socket.md): a length, JSON, raw bytes.</summary>
internal static class GatewayFrame
{
    private const int LongestJson = 65536;
    private const int LongestRaw = 65536;

    public static byte[] Encode(JsonMap message)
    {
        var json = Json.Encode(message);
        var frame = new byte[sizeof(uint) + json.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, json.Length);
        json.CopyTo(frame, sizeof(uint));
        return frame;
    }

    /// <summary>The next frame; null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static async Task<Reply?> ReadAsync(Stream stream, CancellationToken cancel)
    {
        var prefix = new byte[sizeof(uint)];
        if (await stream.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, cancel) < prefix.Length)
            return null;
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix);
        if (length is 0 or > LongestJson)
            throw new InvalidDataException($"a frame announces {length} bytes of JSON");
        var json = new byte[length];
        await stream.ReadExactlyAsync(json, cancel);
        var message = Parse(json);
        var count = 0;
        if (message.TryGetProperty("bytes", out var bytes) && (bytes.ValueKind != JsonValueKind.Number || !bytes.TryGetInt32(out count) || count is < 0 or > LongestRaw))
            throw new InvalidDataException("a frame announces an impossible number of raw bytes");
        var raw = new byte[count];
        await stream.ReadExactlyAsync(raw, cancel);
        return new Reply(message, raw);
    }

    /// <summary>A text member on one line without control characters; null when it is missing.</summary>
    public static string? Text(JsonElement message, string name) =>
        message.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? Line(value.GetString()!) : null;

    /// <summary>A whole number of a message that is not negative; null when it is missing or none.</summary>
    public static long? Whole(JsonElement message, string name) =>
        message.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 ? number : null;

    public static double? Number(JsonElement message, string name) =>
        message.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;

    /// <summary>The sentence for a person of a refusal: what is wrong, what to do, the code to look up.</summary>
    public static string Refusal(JsonElement message) => string.Join(' ', new[]
    {
        Text(message, "text") is { Length: > 0 } text ? text : "The gateway refused without a reason.", Text(message, "fix"), $"({Text(message, "code") ?? "NO_CODE"})",
    }.Where(part => !string.IsNullOrEmpty(part)));

    public static string Line(string text)
    {
        const int Longest = 600;
        var line = new StringBuilder(text, 0, Math.Min(text.Length, Longest), Longest);
        for (var i = 0; i < line.Length; i++)
        {
            if (char.IsControl(line[i]))
                line[i] = ' ';
        }

        return line.ToString().Trim();
    }

    private static JsonElement Parse(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new InvalidDataException("a frame is not a JSON object");
        }
        catch (JsonException failure)
        {
            throw new InvalidDataException("a frame is not JSON in UTF-8", failure);
        }
    }
}
