using System.Security.Cryptography;
using Touchmark.Cryptography.MlDsa;

namespace Touchmark.Cryptography;

/// <summary>
/// Pure ML-DSA-65 (FIPS 204), by the platform where it has it (OpenSSL 3.5, recent Windows) and else by managed code of the same behaviour.
/// </summary>
public static class MlDsa65
{
    /// <summary>The private key as RFC 9964 stores it, in bytes.</summary>
    public const int SeedSize = ManagedMlDsa65.SeedSize;
    public const int PublicKeySize = ManagedMlDsa65.PublicKeySize;
    public const int SignatureSize = ManagedMlDsa65.SignatureSize;

    /// <summary>Longest context string in bytes.</summary>
    public const int MaxContextSize = 255;

    /// <summary>Draws a fresh seed.</summary>
    public static LockedBuffer Generate() => LockedBuffer.Random(SeedSize);

    /// <summary>False for anything but a valid signature, also for keys, signatures and contexts of a wrong length.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> context = default)
    {
        if (publicKey.Length != PublicKeySize || signature.Length != SignatureSize || context.Length > MaxContextSize)
            return false;
        if (MLDsa.IsSupported)
        {
            using var key = MLDsa.ImportMLDsaPublicKey(MLDsaAlgorithm.MLDsa65, publicKey);
            return key.VerifyData(message, signature, context);
        }
        Span<byte> mu = stackalloc byte[ManagedMlDsa65.MuSize];
        ManagedMlDsa65.ComputeMu(ExpandedKey.Of(publicKey).Tr, context, message, mu);
        return ManagedMlDsa65.VerifyMu(publicKey, mu, signature);
    }
}

/// <summary>An ML-DSA-65 private key; it signs hedged (with fresh randomness), or deterministically where signatures have to be repeatable.</summary>
public sealed class MlDsa65PrivateKey : IDisposable
{
    private readonly MLDsa? _platform;
    private readonly Lock _gate = new();
    private readonly LockedBuffer? _managed;
    private readonly byte[] _publicKey = new byte[MlDsa65.PublicKeySize];

    /// <param name="seed">32 bytes; copied, wiping the source stays the caller's job.</param>
    public MlDsa65PrivateKey(ReadOnlySpan<byte> seed)
        : this(seed, MLDsa.IsSupported)
    {
    }

    internal MlDsa65PrivateKey(ReadOnlySpan<byte> seed, bool byPlatform)
    {
        if (seed.Length != MlDsa65.SeedSize)
            throw new ArgumentException($"Must be {MlDsa65.SeedSize} bytes, is {seed.Length}.", nameof(seed));
        if (byPlatform)
        {
            _platform = MLDsa.ImportMLDsaPrivateSeed(MLDsaAlgorithm.MLDsa65, seed);
            _platform.ExportMLDsaPublicKey(_publicKey);
        }
        else
        {
            _managed = new LockedBuffer(ManagedMlDsa65.SecretKeySize);
            ManagedMlDsa65.GenerateKey(seed, _publicKey, _managed.Span);
        }
    }

    /// <summary>1,952 bytes.</summary>
    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    /// <param name="message">The bytes to sign.</param>
    /// <param name="signature">Exactly <see cref="MlDsa65.SignatureSize"/> bytes.</param>
    /// <param name="context">At most 255 bytes; COSE uses none (RFC 9964).</param>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature, ReadOnlySpan<byte> context = default)
    {
        Require(signature, context);
        if (_platform is not null)
        {
            // The platform's key objects do not promise to stand concurrent calls.
            lock (_gate)
                _platform.SignData(message, signature, context);
            return;
        }
        Span<byte> random = stackalloc byte[ManagedMlDsa65.RandomSize];
        RandomNumberGenerator.Fill(random);
        SignManaged(message, signature, context, random);
    }

    /// <summary>The deterministic variant of FIPS 204: one message, one signature. Always by the managed code, as the platforms only sign hedged.</summary>
    /// <exception cref="PlatformNotSupportedException">The key is held by the platform.</exception>
    internal void SignDeterministically(ReadOnlySpan<byte> message, Span<byte> signature, ReadOnlySpan<byte> context = default)
    {
        Require(signature, context);
        SignManaged(message, signature, context, stackalloc byte[ManagedMlDsa65.RandomSize]);
    }

    public void Dispose()
    {
        _platform?.Dispose();
        _managed?.Dispose();
    }

    private void SignManaged(ReadOnlySpan<byte> message, Span<byte> signature, ReadOnlySpan<byte> context, ReadOnlySpan<byte> random)
    {
        ReadOnlySpan<byte> key = (_managed ?? throw new PlatformNotSupportedException("The platform holds this key and signs hedged only.")).Span;
        Span<byte> mu = stackalloc byte[ManagedMlDsa65.MuSize];
        ManagedMlDsa65.ComputeMu(ManagedMlDsa65.TrOf(key), context, message, mu);
        ManagedMlDsa65.SignMu(key, mu, random, signature);
    }

    private static void Require(ReadOnlySpan<byte> signature, ReadOnlySpan<byte> context)
    {
        if (signature.Length != MlDsa65.SignatureSize)
            throw new ArgumentException($"Must be {MlDsa65.SignatureSize} bytes, is {signature.Length}.", nameof(signature));
        if (context.Length > MlDsa65.MaxContextSize)
            throw new ArgumentException($"At most {MlDsa65.MaxContextSize} bytes, is {context.Length}.", nameof(context));
    }
}
