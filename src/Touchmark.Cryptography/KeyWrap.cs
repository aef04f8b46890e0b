using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>
/// Seals a small secret (a key, a seed, a PKCS#8 document) under a master key: version 1 || nonce (12, random) || AES-256-GCM ciphertext || tag (16), with
/// version || context as associated data (spec/sealed-blob.md, "Wrapped keys"). The context says what the secret is for, so that one cannot be put in
/// another's place. Random nonces: at most 2^32 wraps under one master key.
/// </summary>
public static class KeyWrap
{
    /// <summary>The master key's length in bytes.</summary>
    public const int MasterKeySize = 32;

    /// <summary>Bytes that wrapping adds.</summary>
    public const int Overhead = 1 + NonceSize + TagSize;

    /// <summary>Longest secret in bytes.</summary>
    public const int MaxSecret = 4096;

    private const byte Version = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    public static byte[] Wrap(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> context)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        RandomNumberGenerator.Fill(nonce);
        return Wrap(masterKey, secret, context, nonce);
    }

    /// <summary>Null when the bytes were altered, wrapped under another key, or for another context.</summary>
    public static LockedBuffer? TryUnwrap(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context)
    {
        RequireMasterKey(masterKey);
        int length = wrapped.Length - Overhead;
        if (length is < 1 or > MaxSecret || wrapped[0] != Version)
            return null;
        var secret = new LockedBuffer(length);
        using var cipher = new AesGcm(masterKey, TagSize);
        try
        {
            cipher.Decrypt(
                wrapped.Slice(1, NonceSize), wrapped.Slice(1 + NonceSize, length), wrapped[^TagSize..], secret.Span, AssociatedData(context));
            return secret;
        }
        catch (AuthenticationTagMismatchException)
        {
            secret.Dispose();
            return null;
        }
    }

    internal static byte[] Wrap(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> context, ReadOnlySpan<byte> nonce)
    {
        RequireMasterKey(masterKey);
        if (secret.Length is < 1 or > MaxSecret)
            throw new ArgumentException($"A secret of 1 to {MaxSecret} bytes can be wrapped, this one has {secret.Length}.", nameof(secret));
        var wrapped = new byte[secret.Length + Overhead];
        wrapped[0] = Version;
        nonce.CopyTo(wrapped.AsSpan(1));
        using var cipher = new AesGcm(masterKey, TagSize);
        cipher.Encrypt(
            nonce, secret, wrapped.AsSpan(1 + NonceSize, secret.Length), wrapped.AsSpan(1 + NonceSize + secret.Length), AssociatedData(context));
        return wrapped;
    }

    private static byte[] AssociatedData(ReadOnlySpan<byte> context) => [Version, .. context];

    private static void RequireMasterKey(ReadOnlySpan<byte> masterKey)
    {
        if (masterKey.Length != MasterKeySize)
            throw new ArgumentException($"Must be {MasterKeySize} bytes, is {masterKey.Length}.", nameof(masterKey));
    }
}
