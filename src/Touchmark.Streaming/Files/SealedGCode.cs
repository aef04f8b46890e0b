using System.Buffers.Binary;
using System.Security.Cryptography;
using Touchmark.Cryptography;

namespace Touchmark.Streaming.Files;

/// <summary>
/// A sealed G-code file (spec/sealed-gcode.md) whose head was read: a header in clear, and a card and a toolpath that only the printer opens which the file was sealed for.
/// Reading never throws for what a file holds: it gives a <see cref="Refusal"/>. Errors of the disk pass through.
/// </summary>
public sealed class SealedGCode
{
    private const int PrefixSize = 8 + sizeof(uint);

    private readonly byte[] _headSha256;
    private readonly long _cardAt;

    private SealedGCode(SealedGCodeHeader header, ReadOnlySpan<byte> head) => (Header, _headSha256, _cardAt) = (header, SHA256.HashData(head), head.Length);

    private static ReadOnlySpan<byte> Magic => "tm-gcode"u8;

    public SealedGCodeHeader Header { get; }

    /// <summary>Whether a file that begins with these bytes (8 suffice) claims to be sealed G-code.</summary>
    public static bool IsSealed(ReadOnlySpan<byte> beginning) => beginning.StartsWith(Magic);

    /// <summary>Reads the head of a file and checks its length: what can be told without a key. Null, and why, for anything else.</summary>
    /// <param name="file">Seekable; the sealed file from its beginning to its end.</param>
    /// <param name="refusal">Why not.</param>
    public static SealedGCode? TryRead(Stream file, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(file);
        Span<byte> prefix = stackalloc byte[PrefixSize];
        file.Position = 0;
        var read = file.ReadAtLeast(prefix, PrefixSize, throwOnEndOfStream: false);
        if (!IsSealed(prefix[..read]))
        {
            return Refuse(FileRefusals.NotSealed(), out refusal);
        }
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[8..]);
        if (read == PrefixSize && length is 0 or > SealedGCodeHeader.MaxBytes)
        {
            return Refuse(FileRefusals.Malformed($"it claims to have {length} bytes, at most {SealedGCodeHeader.MaxBytes} are accepted"), out refusal);
        }
        if (file.Length < PrefixSize + length)
        {
            return Refuse(FileRefusals.CutOff(PrefixSize + length, file.Length), out refusal);
        }
        byte[] head = [.. prefix, .. new byte[length]];
        file.ReadExactly(head.AsSpan(PrefixSize));
        if (SealedGCodeHeader.TryDecode(head.AsMemory(PrefixSize), out var problem) is not { } header)
        {
            return Refuse(FileRefusals.Malformed(problem!), out refusal);
        }
        var expected = head.Length + header.CardBytes + SealedBlob.SizeOf(header.ToolpathBytes);
        refusal = file.Length < expected ? FileRefusals.CutOff(expected, file.Length) : file.Length > expected ? FileRefusals.Appended(expected, file.Length) : null;
        return refusal is null ? new(header, head) : null;
    }

    /// <summary>The card; null, and why, when it is another printer's, under another key, or altered. Whether the file may be printed now is another question: see <see cref="SealedGCodeHeader.CheckTime"/>.</summary>
    /// <param name="file">The stream that was read; it stays open.</param>
    /// <param name="psek">This printer's key, in the version that the header names.</param>
    /// <param name="refusal">Why not.</param>
    public GCodeCard? OpenCard(Stream file, Psek psek, out Refusal? refusal)
    {
        using var key = Unwrap(psek, FileKeyRole.Card, Header.CardKey, out refusal);
        if (key is null)
        {
            return null;
        }
        try
        {
            using var blob = SealedBlob.OpenReader(file, _cardAt, Header.CardBytes, key.Span, Context(FileKeyRole.Card, _headSha256), leaveOpen: true);
            var encoding = new byte[blob.Length];
            blob.ReadExactly(encoding);
            if (GCodeCard.TryDecode(encoding, out _) is { } card)
            {
                return card;
            }
        }
        catch (InvalidDataException)
        {
            // Told below, as a card that is none.
        }
        refusal = FileRefusals.Altered("card");
        return null;
    }

    /// <summary>The content key; null, and why, when it is another printer's, under another key, altered, or not there at all.</summary>
    /// <param name="psek">This printer's key, in the version that the header names.</param>
    /// <param name="released">The key as the engine released it for this print, wrapped by the PSEK; null to take the one inside the file.</param>
    /// <param name="refusal">Why not.</param>
    public LockedBuffer? UnwrapContentKey(Psek psek, byte[]? released, out Refusal? refusal)
    {
        if ((released is null ? Header.ContentKey : released) is { } wrapped)
        {
            return Unwrap(psek, FileKeyRole.Toolpath, wrapped, out refusal);
        }
        refusal = FileRefusals.KeyNotInside();
        return null;
    }

    /// <summary>
    /// The toolpath, to be read at any place: one chunk of 64 KiB is open at a time, in locked memory that the stream owns and wipes. Null, and why, when the key is another or
    /// the file was altered. A chunk that was altered later throws <see cref="InvalidDataException"/> when it is read, and yields nothing.
    /// </summary>
    /// <param name="file">The stream that was read; the toolpath's stream owns it from here on, and disposes it. When the result is null it stays open.</param>
    /// <param name="contentKey">32 bytes, which may be wiped afterwards.</param>
    /// <param name="refusal">Why not.</param>
    public Stream? OpenToolpath(Stream file, ReadOnlySpan<byte> contentKey, out Refusal? refusal)
    {
        try
        {
            refusal = null;
            return SealedBlob.OpenReader(file, _cardAt + Header.CardBytes, SealedBlob.SizeOf(Header.ToolpathBytes), contentKey, Context(FileKeyRole.Toolpath, _headSha256));
        }
        catch (InvalidDataException)
        {
            refusal = FileRefusals.Altered("toolpath");
            return null;
        }
    }

    /// <summary>Magic, length and header: what both blobs are bound to.</summary>
    internal static byte[] Head(SealedGCodeHeader header)
    {
        var encoding = header.Encode();
        var head = new byte[PrefixSize + encoding.Length];
        Magic.CopyTo(head);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(8), (uint)encoding.Length);
        encoding.CopyTo(head, PrefixSize);
        return head;
    }

    internal static byte[] Context(FileKeyRole role, ReadOnlySpan<byte> headSha256) =>
        [.. role == FileKeyRole.Card ? "touchmark sealed-gcode v1 card "u8 : "touchmark sealed-gcode v1 toolpath "u8, .. headSha256];

    private LockedBuffer? Unwrap(Psek psek, FileKeyRole role, ReadOnlyMemory<byte> wrapped, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(psek);
        refusal = Header.CheckPrinter(psek.PrinterId)
            ?? (psek.Version != Header.KeyVersion ? FileRefusals.OtherKey(Psek.IdOf(Header.PrinterId, Header.KeyVersion), psek.KeyId) : null);
        if (refusal is not null)
        {
            return null;
        }
        var key = psek.TryUnwrap(role, Header.FileId, wrapped.Span);
        refusal = key is null ? FileRefusals.KeyRefused(role == FileKeyRole.Card ? "card" : "toolpath") : null;
        return key;
    }

    private static SealedGCode? Refuse(Refusal reason, out Refusal? refusal)
    {
        refusal = reason;
        return null;
    }
}
