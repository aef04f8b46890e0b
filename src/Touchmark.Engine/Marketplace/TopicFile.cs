using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Marketplace;

/// <summary>
/// A file on a topic, as HCS-1 has it: messages <c>{"o": place, "c": text}</c> in any order, whose texts make <c>data:TYPE;base64,…</c> of a compressed file, and a memo
/// <c>SHA-256:compression:base64</c> that says what comes out. The topic's keys must be such that nobody but its maker wrote it, and nobody can take it back.
/// </summary>
/// <param name="MediaType">As the first piece says.</param>
/// <param name="Content">The file; its hash is the memo's.</param>
internal sealed record TopicFile(string MediaType, byte[] Content)
{
    /// <summary>Largest file, and largest compressed one, bytes.</summary>
    public const int MaxBytes = 8 << 20;

    private const int MaxPieces = 16 * 1024;
    private const int MaxText = (MaxBytes / 3 * 4) + 1024;
    private const int MaxParts = 20;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    /// <summary>Refusals: those of the mirror node, URI_NOT_FOUND, TOPIC_FILE_INVALID, TOPIC_FILE_TOO_LARGE.</summary>
    public static async Task<Outcome<TopicFile>> ReadAsync(MirrorNode mirror, HederaId topic, CancellationToken cancel)
    {
        if (!(await mirror.FindTopicAsync(topic, cancel)).Has(out var about, out var refusal))
        {
            return refusal;
        }

        if (about is null)
        {
            return Refusal.NotFound($"There is no topic {topic}.", "Check the URI, and whether the engine's mirror node is of the same network.") with { Code = "URI_NOT_FOUND" };
        }

        if (!about.HasSubmitKey || about.HasAdminKey || about.Memo.Split(':') is not [var hash, var compression, "base64"] || HexHash.TryRead(hash) is not { } sha256)
        {
            return Invalid(topic, "its memo or its keys are not those of an HCS-1 file");
        }

        if (compression != "brotli")
        {
            return Invalid(topic, "it is compressed in a way that the engine does not read: brotli is").With("compression", compression);
        }

        var pieces = new TopicPieces();
        string? last = null;
        for (var more = true; more;)
        {
            if (!(await mirror.ReadMessagesAsync(topic, last, cancel)).Has(out var page, out refusal))
            {
                return refusal;
            }

            foreach (var message in page.Messages)
            {
                if (pieces.Add(message) is { } problem)
                {
                    return problem == TopicPieces.TooMany ? TooLarge(topic) : Invalid(topic, problem);
                }

                last = message.At;
            }

            more = page is { More: true, Messages.Count: > 0 };
        }

        return Open(topic, pieces, sha256);
    }

    private static Outcome<TopicFile> Open(HederaId topic, TopicPieces pieces, byte[] sha256)
    {
        if (pieces.Join() is not { } text)
        {
            return Invalid(topic, "a piece of it is missing");
        }

        var comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma is < 0 or > 256 || text[..comma].Split(':', ';') is not ["data", var type, "base64"])
        {
            return Invalid(topic, "its first piece does not begin as data:TYPE;base64,");
        }

        var packed = new byte[((text.Length - comma) / 4 * 3) + 3];
        if (!Convert.TryFromBase64Chars(text.AsSpan(comma + 1), packed, out var length))
        {
            return Invalid(topic, "its text is not base64");
        }

        var plain = new byte[MaxBytes + 1];
        try
        {
            using var stream = new BrotliStream(new MemoryStream(packed, 0, length), CompressionMode.Decompress);
            length = stream.ReadAtLeast(plain, plain.Length, throwOnEndOfStream: false);
        }
        catch (Exception fault) when (fault is InvalidOperationException or InvalidDataException)
        {
            return Invalid(topic, "what it holds is not compressed with brotli");
        }

        return length > MaxBytes ? TooLarge(topic)
            : !SHA256.HashData(plain.AsSpan(0, length)).AsSpan().SequenceEqual(sha256) ? Invalid(topic, "what it holds does not have the hash that its memo names")
            : new TopicFile(type, plain[..length]);
    }

    private static Refusal Invalid(HederaId topic, string why) =>
        new Refusal(StatusCodes.Status422UnprocessableEntity, "TOPIC_FILE_INVALID", $"Topic {topic} holds no file that can be read: {why}.", "Send the model itself, or name another URI.").With("topic", topic.ToString());

    private static Refusal TooLarge(HederaId topic) =>
        new Refusal(StatusCodes.Status413PayloadTooLarge, "TOPIC_FILE_TOO_LARGE", $"The file on topic {topic} has more than {MaxBytes} bytes.", "Send the model itself.").With("topic", topic.ToString()).With("limit_bytes", MaxBytes);

    /// <summary>The pieces of a file as they come: in any order, and perhaps twice.</summary>
    private sealed class TopicPieces
    {
        public const string TooMany = "too many";

        private readonly Dictionary<long, string> pieces = [];
        private readonly Dictionary<string, byte[]?[]> open = new(StringComparer.Ordinal);
        private long characters;
        private int messages;

        /// <summary>What is wrong with it; null when nothing is.</summary>
        public string? Add(TopicMessage message)
        {
            if (++messages > MaxPieces)
            {
                return TooMany;
            }

            if (message.Parts <= 1)
            {
                return Add(message.Content);
            }

            if (message.Parts > MaxParts || message.Part < 1 || message.Part > message.Parts)
            {
                return "a message is in too many parts";
            }

            var parts = open.TryGetValue(message.Transaction, out var known) ? known : open[message.Transaction] = new byte[]?[message.Parts];
            if (parts.Length != message.Parts)
            {
                return "the parts of a message do not belong together";
            }

            parts[message.Part - 1] = message.Content;
            if (parts.Any(static part => part is null))
            {
                return null;
            }

            open.Remove(message.Transaction);
            return Add([.. parts.SelectMany(static part => part!)]);
        }

        /// <summary>Null when one is missing.</summary>
        public string? Join()
        {
            var text = new StringBuilder((int)characters);
            for (var place = 0; place < pieces.Count; place++)
            {
                if (!pieces.TryGetValue(place, out var piece))
                {
                    return null;
                }

                text.Append(piece);
            }

            return open.Count > 0 ? null : text.ToString();
        }

        private string? Add(byte[] content)
        {
            try
            {
                using var json = JsonDocument.Parse(content, Strict);
                if (json.RootElement is not { ValueKind: JsonValueKind.Object } piece || !piece.TryGetProperty("o", out var place) || !piece.TryGetProperty("c", out var text)
                    || place.ValueKind != JsonValueKind.Number || !place.TryGetInt64(out var number) || number is < 0 or >= MaxPieces || text.ValueKind != JsonValueKind.String)
                {
                    return "a message is no piece of a file";
                }

                var added = text.GetString()!;
                characters += added.Length;
                return characters > MaxText ? TooMany
                    : pieces.TryAdd(number, added) || pieces[number] == added ? null
                    : "two pieces claim the same place";
            }
            catch (Exception fault) when (fault is JsonException or InvalidOperationException)
            {
                return "a message is no piece of a file";
            }
        }
    }
}
