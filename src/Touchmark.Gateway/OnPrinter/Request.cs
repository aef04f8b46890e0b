using System.Buffers.Binary;
using System.Text.Json;
using Touchmark.Streaming;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>One request of a program on this host, as its frame said it (spec/printer-socket.md, Frames).</summary>
internal sealed record Request(uint Id, string Op, JsonElement Body)
{
    public const int MostBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>Reads the next one; null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">No frame, or none that a request can be: the connection is of no use any more.</exception>
    public static async ValueTask<Request?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var prefix = new byte[sizeof(uint)];
        var read = await stream.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, cancellationToken);
        if (read == 0)
        {
            return null;
        }

        var length = read == prefix.Length ? BinaryPrimitives.ReadUInt32BigEndian(prefix) : 0;
        if (length is 0 or > MostBytes)
        {
            throw new InvalidDataException($"a frame of {length} bytes");
        }

        var text = new byte[length];
        if (await stream.ReadAtLeastAsync(text, text.Length, throwOnEndOfStream: false, cancellationToken) < text.Length)
        {
            throw new InvalidDataException("half a frame");
        }

        return Parse(text);
    }

    /// <summary>A text of the request; null when it is none.</summary>
    public string? Text(string name) => Body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A whole number of the request; null when it is none, or outside the bounds.</summary>
    public long? Number(string name, long least, long most) =>
        Body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= least && number <= most ? number : null;

    private static Request Parse(byte[] text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Strict);
            var body = document.RootElement;
            // A request never carries raw bytes: where one says so, the next frame could not be found.
            return body.ValueKind == JsonValueKind.Object && !body.TryGetProperty("bytes", out _)
                && body.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Number && id.TryGetUInt32(out var number)
                && body.TryGetProperty("op", out var op) && op.ValueKind == JsonValueKind.String
                ? new Request(number, op.GetString()!, body.Clone())
                : throw new InvalidDataException("an object that is no request");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a text with a lone surrogate.
            throw new InvalidDataException("a frame that is not JSON", failure);
        }
    }
}

/// <summary>What a request is answered.</summary>
/// <param name="Fields">Writes the fields beside <c>id</c> and <c>ok</c>; null where the request was refused.</param>
/// <param name="Refused">Why not.</param>
/// <param name="Raw">Bytes that follow; nothing secret, that goes through <see cref="PrinterConnection"/>'s locked memory.</param>
internal sealed record Answer(Action<Utf8JsonWriter>? Fields, Refusal? Refused = null, ReadOnlyMemory<byte> Raw = default)
{
    public static Answer Of(Action<Utf8JsonWriter> fields) => new(fields);

    public static Answer Refuse(Refusal refusal) => new(null, refusal);

    public static Answer Refuse(string code, string text, string fix) => Refuse(new Refusal(code, text, new Dictionary<string, string>(), fix));
}
