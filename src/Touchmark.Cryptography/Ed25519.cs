using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>Ed25519 (RFC 8032) by libsodium. Verification is strict: it refuses S ≥ L, small-order points and non-canonical public keys.</summary>
public static unsafe class Ed25519
{
    /// <summary>The private key as RFC 8032 stores it, in bytes.</summary>
    public const int SeedSize = 32;
    public const int PublicKeySize = 32;
    /// <summary>Seed and public key, side by side: what <see cref="Sign"/> takes.</summary>
    public const int SecretKeySize = 64;
    public const int SignatureSize = 64;

    /// <summary>Whether libsodium is there; <see cref="WhyNotSupported"/> tells what to install otherwise.</summary>
    public static bool IsSupported => Sodium.WhyMissing is null;

    public static string? WhyNotSupported => Sodium.WhyMissing;

    /// <summary>Draws a fresh seed.</summary>
    public static LockedBuffer Generate() => LockedBuffer.Random(SeedSize);

    /// <summary>Expands a 32-byte seed into the 64-byte secret key, whose last 32 bytes are the public key.</summary>
    /// <exception cref="PlatformNotSupportedException">libsodium is not installed.</exception>
    public static void ExpandSeed(ReadOnlySpan<byte> seed, Span<byte> secretKey)
    {
        Require(seed.Length, SeedSize, nameof(seed));
        Require(secretKey.Length, SecretKeySize, nameof(secretKey));
        Sodium.Require();
        Span<byte> publicKey = stackalloc byte[PublicKeySize];
        fixed (byte* s = seed, sk = secretKey, pk = publicKey)
            _ = Sodium.SeedKeyPair(pk, sk, s);
    }

    /// <exception cref="PlatformNotSupportedException">libsodium is not installed.</exception>
    public static void Sign(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        Require(secretKey.Length, SecretKeySize, nameof(secretKey));
        Require(signature.Length, SignatureSize, nameof(signature));
        Sodium.Require();
        fixed (byte* sk = secretKey, m = message, s = signature)
        {
            if (Sodium.SignDetached(s, 0, m, (ulong)message.Length, sk) != 0)
                throw new CryptographicException("libsodium could not sign.");
        }
    }

    /// <summary>False for anything but a valid signature, also for keys and signatures of a wrong length.</summary>
    /// <exception cref="PlatformNotSupportedException">libsodium is not installed.</exception>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeySize || signature.Length != SignatureSize)
            return false;
        Sodium.Require();
        fixed (byte* pk = publicKey, m = message, s = signature)
            return Sodium.VerifyDetached(s, m, (ulong)message.Length, pk) == 0;
    }

    private static void Require(int actual, int expected, string name)
    {
        if (actual != expected)
            throw new ArgumentException($"Must be {expected} bytes, is {actual}.", name);
    }
}
