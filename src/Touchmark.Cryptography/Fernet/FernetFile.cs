using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>A file that was opened, or why it was not.</summary>
/// <param name="Content">The content, to be read at any place; it owns the file. Null when it did not open.</param>
/// <param name="Problem">Why not.</param>
public readonly record struct FernetOpening(FernetReadStream? Content, FernetProblem Problem);

/// <summary>
/// Fernet tokens that are files, of any size, in constant memory (spec/fernet.md). Opening reads the whole file once and checks all that the specification wants checked; only then is anything
/// decrypted, at whatever place is read. The file may be exchanged between the two, so opening keeps a tag of each 64 KiB of text, and each is checked again before it is decrypted.
/// </summary>
public static class FernetFile
{
    /// <summary>Longest file, bytes: the tags of one so long take 8 MiB.</summary>
    public const long MaxBytes = 16L << 30;

    /// <summary>Characters of a chunk.</summary>
    internal const int TextChunk = 64 * 1024;

    /// <summary>Bytes that they encode, a whole number of blocks: the IV is the first block of the first chunk.</summary>
    internal const int Chunk = TextChunk / 4 * 3;

    /// <summary>Checks a file and opens it.</summary>
    /// <param name="file">Seekable; the token from beginning to end. The content owns it; when it does not open, it stays open.</param>
    /// <param name="key">The key that it was made with; may be disposed afterwards.</param>
    /// <param name="now">The time: a token that was made more than <see cref="Fernet.ClockSkew"/> later is refused.</param>
    /// <param name="timeToLive">How old it may be; null for any age.</param>
    /// <param name="cancellationToken">Stops between chunks.</param>
    public static Task<FernetOpening> OpenAsync(Stream file, FernetKey key, DateTimeOffset now, TimeSpan? timeToLive, CancellationToken cancellationToken = default) =>
        OpenAsync(file, [key], now, timeToLive, cancellationToken);

    /// <summary>Checks a file and opens it with whichever of several keys it was made with, in the same one pass.</summary>
    /// <param name="file">Seekable; the token from beginning to end. The content owns it; when it does not open, it stays open.</param>
    /// <param name="keys">May be disposed afterwards.</param>
    /// <param name="now">The time: a token that was made more than <see cref="Fernet.ClockSkew"/> later is refused.</param>
    /// <param name="timeToLive">How old it may be; null for any age.</param>
    /// <param name="cancellationToken">Stops between chunks.</param>
    public static async Task<FernetOpening> OpenAsync(
        Stream file, IReadOnlyList<FernetKey> keys, DateTimeOffset now, TimeSpan? timeToLive, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(keys);
        long bytes = await BytesOfAsync(file, cancellationToken);
        if (!Fernet.IsSize(bytes))
            return new(null, FernetProblem.Malformed);
        var marks = new FernetMarks(file.Length, bytes);
        FernetReadStream? content = null;
        try
        {
            (FernetProblem problem, FernetKey? key) = await CheckAsync(file, keys, now, timeToLive, marks, cancellationToken);
            if (key is null)
                return new(null, problem);
            content = FernetReadStream.TryCreate(file, key, marks);
            return new(content, content is null ? FernetProblem.Padding : FernetProblem.None);
        }
        finally
        {
            if (content is null)
                marks.Dispose();
        }
    }

    /// <summary>Starts a token on <paramref name="destination"/>; it is whole after <see cref="ChunkedWriteStream.Complete"/>.</summary>
    /// <param name="destination">Written from its present position; disposed with the writer unless <paramref name="leaveOpen"/>.</param>
    /// <param name="key">May be disposed afterwards.</param>
    /// <param name="now">When the token is made.</param>
    /// <param name="leaveOpen">Whether the destination outlives the writer.</param>
    public static ChunkedWriteStream CreateWriter(Stream destination, FernetKey key, DateTimeOffset now, bool leaveOpen = false) =>
        new FernetWriteStream(destination, key, now, RandomNumberGenerator.GetBytes(Fernet.BlockSize), leaveOpen);

    /// <summary>How many bytes the text of a file encodes, by its length and its padding; 0 for no text.</summary>
    private static async Task<long> BytesOfAsync(Stream file, CancellationToken cancellationToken)
    {
        if (file.Length is < Fernet.StartText or > MaxBytes || file.Length % 4 != 0)
            return 0;
        var end = new byte[2];
        file.Position = file.Length - end.Length;
        await file.ReadExactlyAsync(end, cancellationToken);
        return (file.Length / 4 * 3) - end.Count(static c => c == '=');
    }

    /// <summary>The one pass: what is wrong, or the key that the file was made with.</summary>
    private static async Task<(FernetProblem Problem, FernetKey? Key)> CheckAsync(
        Stream file, IReadOnlyList<FernetKey> keys, DateTimeOffset now, TimeSpan? timeToLive, FernetMarks marks, CancellationToken cancellationToken)
    {
        var text = new byte[TextChunk];
        var bytes = new byte[Chunk];
        file.Position = 0;
        await file.ReadExactlyAsync(text.AsMemory(0, Fernet.StartText), cancellationToken);
        if (!Fernet.TryReadStart(text, bytes))
            return (FernetProblem.Malformed, null);
        if (Fernet.CheckTime(bytes, now, timeToLive) is var late and not FernetProblem.None)
            return (late, null);
        using var hmacs = new FernetHmacs(keys);
        hmacs.Append(bytes.AsSpan(0, Fernet.StartSize));
        var tag = new byte[Fernet.TagSize];
        for (long chunk = 0; chunk < marks.Chunks; chunk++)
        {
            int length = marks.Place(chunk).Length;
            await file.ReadExactlyAsync(text.AsMemory(0, length), cancellationToken);
            if (!marks.TryAdd(chunk, text.AsSpan(0, length), bytes))
                return (FernetProblem.Malformed, null);
            // The tag may begin in one chunk and end in the next.
            long tagAt = marks.SignedEnd - (chunk * Chunk);
            int size = marks.SizeOf(chunk);
            int signed = (int)Math.Clamp(tagAt, 0, size);
            hmacs.Append(bytes.AsSpan(0, signed));
            if (signed < size)
                bytes.AsSpan(signed, size - signed).CopyTo(tag.AsSpan((int)(signed - tagAt)));
        }
        return hmacs.Find(tag) is { } key ? (FernetProblem.None, key) : (FernetProblem.NotAuthentic, null);
    }
}

/// <summary>The HMAC of one content under several keys at once.</summary>
internal sealed class FernetHmacs(IReadOnlyList<FernetKey> keys) : IDisposable
{
    private readonly IncrementalHash[] _hmacs = [.. keys.Select(static key => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Signing))];

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        foreach (IncrementalHash hmac in _hmacs)
            hmac.AppendData(bytes);
    }

    /// <summary>The key under which <paramref name="tag"/> is right; null when there is none.</summary>
    internal FernetKey? Find(ReadOnlySpan<byte> tag)
    {
        Span<byte> computed = stackalloc byte[Fernet.TagSize];
        for (int i = 0; i < _hmacs.Length; i++)
        {
            _hmacs[i].GetHashAndReset(computed);
            if (CryptographicOperations.FixedTimeEquals(computed, tag))
                return keys[i];
        }
        return null;
    }

    public void Dispose()
    {
        foreach (IncrementalHash hmac in _hmacs)
            hmac.Dispose();
    }
}
