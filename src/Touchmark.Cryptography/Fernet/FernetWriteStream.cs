using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>Writes a token's file (<see cref="FernetFile.CreateWriter"/>).</summary>
internal sealed class FernetWriteStream : ChunkedWriteStream
{
    private readonly Aes _aes;
    private readonly IncrementalHash _hmac;
    private readonly byte[] _iv;

    // What is not written yet: up to two bytes of the chunk before, since three make four characters; then header, chunk, padding, HMAC.
    private readonly byte[] _bytes = new byte[2 + Fernet.HeaderSize + FernetFile.Chunk + Fernet.BlockSize + Fernet.TagSize];
    private readonly byte[] _text;
    private int _held;

    internal FernetWriteStream(Stream destination, FernetKey key, DateTimeOffset now, byte[] iv, bool leaveOpen)
        : base(destination, FernetFile.Chunk, leaveOpen)
    {
        ArgumentNullException.ThrowIfNull(key);
        _aes = Fernet.CreateCipher(key);
        _hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Signing);
        _iv = iv;
        _text = new byte[StrictBase64Url.LengthOf(_bytes.Length)];
        Fernet.WriteHeader(_bytes, now, iv);
        _hmac.AppendData(_bytes, 0, Fernet.HeaderSize);
        _held = Fernet.HeaderSize;
    }

    private protected override ReadOnlyMemory<byte> Seal(ReadOnlySpan<byte> plain, bool last)
    {
        int encrypted = _aes.EncryptCbc(plain, _iv, _bytes.AsSpan(_held), last ? PaddingMode.PKCS7 : PaddingMode.None);
        _hmac.AppendData(_bytes, _held, encrypted);
        int end = _held + encrypted;
        _bytes.AsSpan(end - Fernet.BlockSize, Fernet.BlockSize).CopyTo(_iv);
        if (last)
            end += _hmac.GetHashAndReset(_bytes.AsSpan(end));
        int whole = last ? end : end / 3 * 3;
        int characters = StrictBase64Url.Encode(_bytes.AsSpan(0, whole), _text);
        _held = end - whole;
        _bytes.AsSpan(whole, _held).CopyTo(_bytes);
        return _text.AsMemory(0, characters);
    }

    private protected override void DisposeKeys()
    {
        _aes.Dispose();
        _hmac.Dispose();
    }
}
