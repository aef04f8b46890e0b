using System.Security.Cryptography;

namespace Touchmark.GCode;

/// <summary>SHA-256 of a toolpath's canonical text (spec/gcode.md), at about the speed of hashing alone. Nothing is checked:
/// that is <see cref="ToolpathCheck"/>.</summary>
public static class CanonicalHash
{
    /// <summary>Hashes text that is in memory.</summary>
    /// <returns>32 bytes.</returns>
    public static byte[] Compute(ReadOnlySpan<byte> raw)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var canonicaliser = new Canonicaliser();
        while (!raw.IsEmpty)
        {
            bool last = raw.Length <= Canonicaliser.BlockBytes;
            int taken = canonicaliser.Next(last ? raw : raw[..Canonicaliser.BlockBytes], last, out ReadOnlySpan<byte> canonical);
            hash.AppendData(canonical);
            raw = raw[taken..];
        }

        return hash.GetHashAndReset();
    }

    /// <summary>Hashes a stream to its end in a fixed amount of memory.</summary>
    /// <returns>32 bytes.</returns>
    public static async ValueTask<byte[]> ComputeAsync(Stream raw, CancellationToken cancellationToken = default) => (await ReadAsync(raw, null, cancellationToken)).Sha256;

    /// <summary>The same, with the length and with what the file's comments say about it.</summary>
    public static ValueTask<ToolpathDigest> DigestAsync(Stream raw, CancellationToken cancellationToken = default) => DigestAsync(raw, pictures: false, cancellationToken);

    /// <param name="raw">Any text.</param>
    /// <param name="pictures">Whether the pictures in the comments are wanted.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    /// <inheritdoc cref="DigestAsync(Stream, CancellationToken)"/>
    public static async ValueTask<ToolpathDigest> DigestAsync(Stream raw, bool pictures, CancellationToken cancellationToken = default)
    {
        var comments = new ToolpathComments(pictures);
        (byte[] sha256, long bytes) = await ReadAsync(raw, comments, cancellationToken);
        return new ToolpathDigest(sha256, bytes, comments.Metadata(), comments.Pictures);
    }

    private static async ValueTask<(byte[] Sha256, long Bytes)> ReadAsync(Stream raw, ToolpathComments? comments, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var canonicaliser = new Canonicaliser();
        byte[] buffer = new byte[Canonicaliser.BlockBytes];
        int held = 0;
        long bytes = 0;
        bool last = false;
        while (!last)
        {
            int read = await raw.ReadAsync(buffer.AsMemory(held), cancellationToken);
            held += read;
            last = read == 0;
            int taken = Append(hash, canonicaliser, buffer.AsSpan(0, held), last, ref bytes);
            comments?.Read(buffer.AsSpan(0, taken));
            buffer.AsSpan(taken, held - taken).CopyTo(buffer);
            held -= taken;
        }

        CryptographicOperations.ZeroMemory(buffer);
        return (hash.GetHashAndReset(), bytes);
    }

    private static int Append(IncrementalHash hash, Canonicaliser canonicaliser, ReadOnlySpan<byte> block, bool last, ref long bytes)
    {
        int taken = canonicaliser.Next(block, last, out ReadOnlySpan<byte> canonical);
        hash.AppendData(canonical);
        bytes += canonical.Length;
        return taken;
    }
}

/// <summary>What a toolpath is called by, and what it says about itself.</summary>
/// <param name="Sha256">Of the canonical text, 32 bytes.</param>
/// <param name="Bytes">Length of the canonical text.</param>
/// <param name="Metadata">From its comments alone: nothing is measured, and no thumbnail is listed.</param>
/// <param name="Pictures">Where they were asked for.</param>
public sealed record ToolpathDigest(byte[] Sha256, long Bytes, ToolpathMetadata Metadata, IReadOnlyList<ToolpathPicture> Pictures);
