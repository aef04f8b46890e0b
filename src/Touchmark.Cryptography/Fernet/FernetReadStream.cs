using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>The content of a token's file (<see cref="FernetFile"/>): a chunk that is not as it was when the file was opened throws <see cref="InvalidDataException"/>.</summary>
public sealed class FernetReadStream : ChunkedReadStream
{
    private readonly FernetMarks _marks;
    private readonly Aes _aes;
    private readonly byte[] _bytes = new byte[FernetFile.Chunk];

    private FernetReadStream(Stream source, FernetKey key, FernetMarks marks)
        : base(source, FernetFile.TextChunk, FernetFile.Chunk, lead: Fernet.BlockSize, leaveOpen: false)
    {
        _marks = marks;
        _aes = Fernet.CreateCipher(key);
        SetContentLength(marks.SignedEnd - Fernet.BlockSize);
    }

    /// <summary>Opens a file that was found authentic; null when its padding is wrong.</summary>
    /// <param name="source">The file.</param>
    /// <param name="key">Copied.</param>
    /// <param name="marks">Disposed with the stream.</param>
    internal static FernetReadStream? TryCreate(Stream source, FernetKey key, FernetMarks marks)
    {
        var content = new FernetReadStream(source, key, marks);
        try
        {
            if (Fernet.PaddingOf(content.OpenAt(content.Length - Fernet.BlockSize)) is { } padding)
            {
                content.SetContentLength(content.Length - padding);
                return content;
            }
        }
        catch
        {
            content.Release();
            throw;
        }
        content.Release();
        return null;
    }

    private protected override (long At, int Length) Place(long chunk) => _marks.Place(chunk);

    private protected override bool TryOpen(long chunk, ReadOnlySpan<byte> raw, Span<byte> plain)
    {
        if (!_marks.TryRead(chunk, raw, _bytes))
            return false;
        int end = (int)Math.Min(FernetFile.Chunk, _marks.SignedEnd - (chunk * FernetFile.Chunk));
        // Block for block, so that the IV's place in the first chunk stays empty.
        int begin = chunk == 0 ? Fernet.BlockSize : 0;
        ReadOnlySpan<byte> before = chunk == 0 ? _bytes.AsSpan(0, Fernet.BlockSize) : _marks.BlockBefore(chunk);
        _aes.DecryptCbc(_bytes.AsSpan(begin, end - begin), before, plain[begin..end], PaddingMode.None);
        return true;
    }

    private protected override InvalidDataException Damaged(long chunk) =>
        new($"The Fernet file was exchanged or altered after it was opened: chunk {chunk} of {_marks.Chunks} is another than it was.");

    private protected override void DisposeKeys()
    {
        _aes.Dispose();
        _marks.Dispose();
    }
}
