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
    public static async ValueTask<byte[]> ComputeAsync(Stream raw, CancellationToken cancellationToken = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var canonicaliser = new Canonicaliser();
        byte[] buffer = new byte[Canonicaliser.BlockBytes];
        int held = 0;
        bool last = false;
        while (!last)
        {
            int read = await raw.ReadAsync(buffer.AsMemory(held), cancellationToken);
            held += read;
            last = read == 0;
            held = Append(hash, canonicaliser, buffer, held, last);
        }

        CryptographicOperations.ZeroMemory(buffer);
        return hash.GetHashAndReset();
    }

    private static int Append(IncrementalHash hash, Canonicaliser canonicaliser, byte[] buffer, int held, bool last)
    {
        int taken = canonicaliser.Next(buffer.AsSpan(0, held), last, out ReadOnlySpan<byte> canonical);
        hash.AppendData(canonical);
        buffer.AsSpan(taken, held - taken).CopyTo(buffer);
        return held - taken;
    }
}
