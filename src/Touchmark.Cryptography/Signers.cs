using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>Signature algorithms by their COSE ids (RFC 9864, RFC 9964). The numbers are on the wire and in files: frozen.</summary>
public enum SignatureAlgorithm
{
    None = 0,
    Es256 = -7,
    Ed25519 = -19,
    MlDsa65 = -49,
}

/// <summary>Something that signs: a key in memory, and later one in a PKCS#11 token. Several threads may use one signer.</summary>
public interface ISigner
{
    SignatureAlgorithm Algorithm { get; }

    ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>8 bytes, see <see cref="KeyId.Of"/>.</summary>
    ReadOnlyMemory<byte> KeyId { get; }

    /// <param name="message">The bytes to sign, whole: hashing is the algorithm's business.</param>
    /// <param name="signature">Exactly <see cref="SignatureAlgorithmExtensions.SignatureSize"/> bytes.</param>
    void Sign(ReadOnlySpan<byte> message, Span<byte> signature);
}

/// <summary>Names a public key.</summary>
public static class KeyId
{
    public const int Size = 8;

    /// <summary>The first 8 bytes of SHA-256(i32 big-endian algorithm || public key).</summary>
    public static byte[] Of(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(number, (int)algorithm);
        hash.AppendData(number);
        hash.AppendData(publicKey);
        return hash.GetHashAndReset()[..Size];
    }
}

public static class SignatureAlgorithmExtensions
{
    /// <summary>Length of a signature in bytes.</summary>
    public static int SignatureSize(this SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.Es256 => Es256.SignatureSize,
        SignatureAlgorithm.Ed25519 => Ed25519.SignatureSize,
        SignatureAlgorithm.MlDsa65 => MlDsa65.SignatureSize,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "Not a signature algorithm."),
    };
}

/// <summary>Signs with Ed25519; the key lives in locked memory.</summary>
public sealed class Ed25519Signer : ISigner, IDisposable
{
    private readonly LockedBuffer _secretKey = new(Ed25519.SecretKeySize);

    /// <param name="seed">32 bytes; copied, wiping the source stays the caller's job.</param>
    public Ed25519Signer(ReadOnlySpan<byte> seed)
    {
        Ed25519.ExpandSeed(seed, _secretKey.Span);
        PublicKey = _secretKey.Span[Ed25519.SeedSize..].ToArray();
        KeyId = Cryptography.KeyId.Of(Algorithm, PublicKey.Span);
    }

    public SignatureAlgorithm Algorithm => SignatureAlgorithm.Ed25519;

    public ReadOnlyMemory<byte> PublicKey { get; }

    public ReadOnlyMemory<byte> KeyId { get; }

    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature) => Ed25519.Sign(_secretKey.Span, message, signature);

    public void Dispose() => _secretKey.Dispose();
}

/// <summary>Signs with ES256. The key stays its owner's to dispose: a device key serves Diffie-Hellman as well.</summary>
public sealed class Es256Signer(P256PrivateKey key) : ISigner
{
    public SignatureAlgorithm Algorithm => SignatureAlgorithm.Es256;

    public ReadOnlyMemory<byte> PublicKey => key.PublicKey;

    public ReadOnlyMemory<byte> KeyId { get; } = Cryptography.KeyId.Of(SignatureAlgorithm.Es256, key.PublicKey.Span);

    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature) => Es256.Sign(key, message, signature);
}

/// <summary>Signs with ML-DSA-65, hedged and with an empty context, as COSE wants it (RFC 9964); the key lives in locked memory.</summary>
public sealed class MlDsa65Signer : ISigner, IDisposable
{
    private readonly MlDsa65PrivateKey _key;

    /// <param name="seed">32 bytes; copied, wiping the source stays the caller's job.</param>
    public MlDsa65Signer(ReadOnlySpan<byte> seed)
    {
        _key = new(seed);
        KeyId = Cryptography.KeyId.Of(Algorithm, _key.PublicKey.Span);
    }

    public SignatureAlgorithm Algorithm => SignatureAlgorithm.MlDsa65;

    public ReadOnlyMemory<byte> PublicKey => _key.PublicKey;

    public ReadOnlyMemory<byte> KeyId { get; }

    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature) => _key.Sign(message, signature);

    public void Dispose() => _key.Dispose();
}
