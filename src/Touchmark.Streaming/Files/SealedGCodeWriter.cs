using System.Security.Cryptography;
using Touchmark.Cryptography;

namespace Touchmark.Streaming.Files;

/// <summary>What a sealed G-code file is to say. Hash and length are known before: the header that holds them goes out first, and both blobs are bound to it.</summary>
public sealed record SealedGCodeOrder
{
    public required Guid FileId { get; init; }

    /// <summary>A name for people, without any folder: up to <see cref="SealedGCodeHeader.MaxName"/> characters.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the toolpath's canonical form, 32 bytes: the name by which licences and certificates know it.</summary>
    public required ReadOnlyMemory<byte> GCodeSha256 { get; init; }

    /// <summary>Bytes of the toolpath as it will be written.</summary>
    public required long ToolpathBytes { get; init; }

    public required DateTimeOffset SealedAt { get; init; }

    public required GCodeCard Card { get; init; }

    /// <summary>Whether the file holds its content key, so that it prints without the engine; else the engine releases it for each print.</summary>
    public bool KeyInside { get; init; }

    public Guid? LicenceId { get; init; }

    public DateTimeOffset? ValidFrom { get; init; }

    public DateTimeOffset? ValidUntil { get; init; }

    public ExternalLicence? External { get; init; }
}

/// <summary>Writes sealed G-code files (spec/sealed-gcode.md) in constant memory.</summary>
public static class SealedGCodeWriter
{
    /// <summary>Writes one file. It is whole when the task has ended: until then write to a temporary name.</summary>
    /// <param name="destination">Written from its present position, which is the file's beginning; stays open.</param>
    /// <param name="toolpath">Read from its present position to its end.</param>
    /// <param name="order">What the file says.</param>
    /// <param name="psek">Of the printer that shall print it.</param>
    /// <param name="contentKey">32 fresh random bytes, which the engine keeps when <see cref="SealedGCodeOrder.KeyInside"/> is false.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    /// <exception cref="InvalidDataException">The toolpath is not as long as the order says.</exception>
    /// <exception cref="ArgumentException">The order cannot be written down.</exception>
    public static async Task<SealedGCodeHeader> WriteAsync(
        Stream destination, Stream toolpath, SealedGCodeOrder order, Psek psek, LockedBuffer contentKey, CancellationToken cancellationToken = default)
    {
        var card = order.Card.Encode();
        using var cardKey = LockedBuffer.Random(SealedBlob.KeySize);
        var header = HeaderOf(order, psek, cardKey, contentKey, card.Length);
        var head = SealedGCode.Head(header);
        // What the reader would refuse is not written.
        if (SealedGCodeHeader.TryDecode(head.AsMemory(head.Length - header.Encode().Length), out var problem) is null)
        {
            throw new ArgumentException(problem, nameof(order));
        }
        await destination.WriteAsync(head, cancellationToken);
        var headSha256 = SHA256.HashData(head);
        await SealAsync(destination, new MemoryStream(card), card.Length, cardKey, SealedGCode.Context(FileKeyRole.Card, headSha256), cancellationToken);
        await SealAsync(destination, toolpath, order.ToolpathBytes, contentKey, SealedGCode.Context(FileKeyRole.Toolpath, headSha256), cancellationToken);
        return header;
    }

    private static SealedGCodeHeader HeaderOf(SealedGCodeOrder order, Psek psek, LockedBuffer cardKey, LockedBuffer contentKey, int cardBytes) => new()
    {
        FileId = order.FileId,
        PrinterId = psek.PrinterId,
        KeyVersion = psek.Version,
        CardKey = psek.Wrap(FileKeyRole.Card, order.FileId, cardKey.Span),
        ContentKey = order.KeyInside ? (ReadOnlyMemory<byte>?)psek.Wrap(FileKeyRole.Toolpath, order.FileId, contentKey.Span) : null,
        LicenceId = order.LicenceId,
        GCodeSha256 = order.GCodeSha256,
        ToolpathBytes = order.ToolpathBytes,
        CardBytes = (int)SealedBlob.SizeOf(cardBytes),
        SealedAt = order.SealedAt,
        ValidFrom = order.ValidFrom,
        ValidUntil = order.ValidUntil,
        Name = order.Name,
        External = order.External,
    };

    private static async Task SealAsync(Stream destination, Stream plain, long expected, LockedBuffer key, byte[] context, CancellationToken cancellationToken)
    {
        await using var blob = SealedBlob.CreateWriter(destination, key.Span, context, leaveOpen: true);
        using var buffer = new LockedBuffer(SealedBlob.ChunkSize);
        while (await plain.ReadAsync(buffer.Memory, cancellationToken) is > 0 and var read)
        {
            await blob.WriteAsync(buffer.Memory[..read], cancellationToken);
        }
        if (blob.Length != expected)
        {
            throw new InvalidDataException($"The toolpath has {blob.Length} bytes, the order says {expected}.");
        }
        await blob.CompleteAsync(cancellationToken);
    }
}
