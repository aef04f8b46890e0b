using System.Globalization;
using System.Text;
using Touchmark.Cryptography;

namespace Touchmark.Streaming.Files;

/// <summary>What a key that a <see cref="Psek"/> wraps opens.</summary>
public enum FileKeyRole
{
    /// <summary>What a front end shows: metadata and thumbnails.</summary>
    Card,

    /// <summary>The toolpath: the content key.</summary>
    Toolpath,
}

/// <summary>
/// A printer-specific encryption key: 32 random bytes that the engine makes for one printer, in numbered versions, and that wrap the keys of that printer's sealed files
/// (spec/sealed-gcode.md). It reaches the printer sealed to its device key.
/// </summary>
public sealed class Psek : IDisposable
{
    /// <summary>Bytes of the key.</summary>
    public const int Size = 32;

    private readonly LockedBuffer _key;

    private Psek(Guid printerId, int version, LockedBuffer key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        (PrinterId, Version, _key) = (printerId, version, key);
    }

    public Guid PrinterId { get; }

    /// <summary>From 1; a rotation makes the next.</summary>
    public int Version { get; }

    /// <summary>Printer and version, for example <c>0198a5f3-0000-7000-8000-000000000001/1</c>.</summary>
    public string KeyId => IdOf(PrinterId, Version);

    public static string IdOf(Guid printerId, int version) => string.Create(CultureInfo.InvariantCulture, $"{printerId:D}/{version}");

    /// <summary>Makes a fresh key.</summary>
    public static Psek Create(Guid printerId, int version) => new(printerId, version, LockedBuffer.Random(Size));

    /// <summary>The key for the printer that holds the private key of <paramref name="devicePublicKey"/> (65 bytes), and for nobody else.</summary>
    /// <exception cref="ArgumentException">Not a public key.</exception>
    public byte[] SealTo(ReadOnlySpan<byte> devicePublicKey) => DeviceSeal.Seal(devicePublicKey, _key.Span, SealInfo(KeyId));

    /// <summary>Opens what <see cref="SealTo"/> made; null when it was sealed to another key, as another printer's or version, or altered.</summary>
    public static Psek? TryOpen(ReadOnlySpan<byte> box, P256PrivateKey device, Guid printerId, int version)
    {
        var key = new LockedBuffer(Size);
        if (DeviceSeal.TryOpen(box, device, SealInfo(IdOf(printerId, version)), key.Span))
        {
            return new Psek(printerId, version, key);
        }
        key.Dispose();
        return null;
    }

    /// <summary>The key as the engine stores it, under its master key of 32 bytes.</summary>
    public byte[] WrapUnder(ReadOnlySpan<byte> masterKey) => KeyWrap.Wrap(masterKey, _key.Span, SealInfo(KeyId));

    /// <summary>Opens what <see cref="WrapUnder"/> made; null when it was wrapped under another key, as another printer's or version, or altered.</summary>
    public static Psek? TryUnwrapUnder(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> wrapped, Guid printerId, int version)
    {
        var key = KeyWrap.TryUnwrap(masterKey, wrapped, SealInfo(IdOf(printerId, version)));
        if (key is null or { Length: Size })
        {
            return key is null ? null : new Psek(printerId, version, key);
        }
        key.Dispose();
        return null;
    }

    /// <summary>Wraps the key of one file: 61 bytes that open for this printer, file and role only.</summary>
    public byte[] Wrap(FileKeyRole role, Guid fileId, ReadOnlySpan<byte> key) => KeyWrap.Wrap(_key.Span, key, FileKeyContext(role, PrinterId, fileId));

    /// <summary>The key of a file; null when it was wrapped under another key, for another file, printer or role, or altered.</summary>
    public LockedBuffer? TryUnwrap(FileKeyRole role, Guid fileId, ReadOnlySpan<byte> wrapped)
    {
        var key = KeyWrap.TryUnwrap(_key.Span, wrapped, FileKeyContext(role, PrinterId, fileId));
        if (key is null or { Length: SealedBlob.KeySize })
        {
            return key;
        }
        key.Dispose();
        return null;
    }

    public void Dispose() => _key.Dispose();

    private static byte[] SealInfo(string keyId) => Encoding.ASCII.GetBytes($"touchmark printer key v1 {keyId}");

    private static byte[] FileKeyContext(FileKeyRole role, Guid printerId, Guid fileId) =>
        Encoding.ASCII.GetBytes($"touchmark file key v1 {(role == FileKeyRole.Card ? "card" : "toolpath")} {printerId:D} {fileId:D}");
}
