using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>
/// The five keys of a session, each 32 bytes in locked memory (spec/session-keys.md). They follow from two Diffie-Hellman exchanges, the transcript of the
/// handshake and the machine identity profile: whoever lacks the device key, or saw another transcript, or knows another machine, derives other keys.
/// </summary>
public sealed class SessionKeys : IDisposable
{
    public const int KeySize = 32;

    /// <summary>Length of <see cref="Export"/> in bytes.</summary>
    public const int ExportSize = SHA256.HashSizeInBytes + (5 * KeySize);

    private readonly byte[] _transcriptHash = new byte[SHA256.HashSizeInBytes];

    private SessionKeys()
    {
    }

    /// <summary>Encrypts segments (AES-256-GCM).</summary>
    public LockedBuffer Segment { get; } = new(KeySize);

    /// <summary>Makes IVs and links the chain (HMAC-SHA-256).</summary>
    public LockedBuffer Chain { get; } = new(KeySize);

    /// <summary>Authenticates halts (HMAC-SHA-256).</summary>
    public LockedBuffer Control { get; } = new(KeySize);

    /// <summary>Authenticates telemetry (HMAC-SHA-256).</summary>
    public LockedBuffer Telemetry { get; } = new(KeySize);

    /// <summary>Ties the print certificate to this session (HMAC-SHA-256).</summary>
    public LockedBuffer Certificate { get; } = new(KeySize);

    /// <summary>SHA-256 of the transcript: what both sides sign, and where the chain begins.</summary>
    public ReadOnlySpan<byte> TranscriptHash => _transcriptHash;

    /// <summary>The engine's side. False when one of the gateway's keys is no point of the curve. The caller disposes its ephemeral key right after.</summary>
    public static bool TryDeriveAsEngine(
        P256PrivateKey engineEphemeral,
        ReadOnlySpan<byte> gatewayEphemeral,
        ReadOnlySpan<byte> device,
        ReadOnlySpan<byte> transcript,
        ReadOnlySpan<byte> machineProfile,
        [NotNullWhen(true)] out SessionKeys? keys)
    {
        using var secrets = new LockedBuffer(2 * P256.SharedSecretSize);
        bool agreed = P256.TrySharedSecret(engineEphemeral, gatewayEphemeral, secrets.Span[..P256.SharedSecretSize])
            & P256.TrySharedSecret(engineEphemeral, device, secrets.Span[P256.SharedSecretSize..]);
        keys = agreed ? Derive(secrets.Span, transcript, machineProfile) : null;
        return agreed;
    }

    /// <summary>The gateway's side. False when the engine's key is no point of the curve. The caller disposes its ephemeral key right after.</summary>
    public static bool TryDeriveAsGateway(
        P256PrivateKey gatewayEphemeral,
        P256PrivateKey device,
        ReadOnlySpan<byte> engineEphemeral,
        ReadOnlySpan<byte> transcript,
        ReadOnlySpan<byte> machineProfile,
        [NotNullWhen(true)] out SessionKeys? keys)
    {
        using var secrets = new LockedBuffer(2 * P256.SharedSecretSize);
        bool agreed = P256.TrySharedSecret(gatewayEphemeral, engineEphemeral, secrets.Span[..P256.SharedSecretSize])
            & P256.TrySharedSecret(device, engineEphemeral, secrets.Span[P256.SharedSecretSize..]);
        keys = agreed ? Derive(secrets.Span, transcript, machineProfile) : null;
        return agreed;
    }

    /// <summary>The keys of a new epoch, for a sender that lost its place: no segment is ever sealed twice under one key and number.</summary>
    /// <param name="engineNonce">32 fresh bytes of the engine.</param>
    /// <param name="gatewayNonce">32 fresh bytes of the gateway.</param>
    public EpochKeys NextEpoch(ReadOnlySpan<byte> engineNonce, ReadOnlySpan<byte> gatewayNonce)
    {
        using var secrets = new LockedBuffer(2 * KeySize);
        Segment.Span.CopyTo(secrets.Span);
        Chain.Span.CopyTo(secrets.Span[KeySize..]);
        Span<byte> salt = stackalloc byte[engineNonce.Length + gatewayNonce.Length];
        engineNonce.CopyTo(salt);
        gatewayNonce.CopyTo(salt[engineNonce.Length..]);
        using var prk = new LockedBuffer(SHA256.HashSizeInBytes);
        HKDF.Extract(HashAlgorithmName.SHA256, secrets.Span, salt, prk.Span);
        var keys = new EpochKeys();
        Expand(prk.Span, "touchmark v1 epoch segment"u8, _transcriptHash, keys.Segment);
        Expand(prk.Span, "touchmark v1 epoch chain"u8, _transcriptHash, keys.Chain);
        return keys;
    }

    /// <summary>Transcript hash and keys one after the other, to be kept sealed: <see cref="ExportSize"/> bytes. The caller disposes them.</summary>
    public LockedBuffer Export()
    {
        var all = new LockedBuffer(ExportSize);
        _transcriptHash.CopyTo(all.Span);
        int at = _transcriptHash.Length;
        foreach (var key in All)
        {
            key.Span.CopyTo(all.Span[at..]);
            at += KeySize;
        }
        return all;
    }

    /// <summary>What <see cref="Export"/> gave.</summary>
    public static SessionKeys Import(ReadOnlySpan<byte> exported)
    {
        if (exported.Length != ExportSize)
            throw new ArgumentException($"Must be {ExportSize} bytes, is {exported.Length}.", nameof(exported));
        var keys = new SessionKeys();
        exported[..SHA256.HashSizeInBytes].CopyTo(keys._transcriptHash);
        int at = SHA256.HashSizeInBytes;
        foreach (var key in keys.All)
        {
            exported.Slice(at, KeySize).CopyTo(key.Span);
            at += KeySize;
        }
        return keys;
    }

    public void Dispose()
    {
        Segment.Dispose();
        Chain.Dispose();
        Control.Dispose();
        Telemetry.Dispose();
        Certificate.Dispose();
    }

    private LockedBuffer[] All => [Segment, Chain, Control, Telemetry, Certificate];

    private static SessionKeys Derive(ReadOnlySpan<byte> secrets, ReadOnlySpan<byte> transcript, ReadOnlySpan<byte> machineProfile)
    {
        var keys = new SessionKeys();
        SHA256.HashData(transcript, keys._transcriptHash);
        Span<byte> profileHash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(machineProfile, profileHash);
        using var prk = new LockedBuffer(SHA256.HashSizeInBytes);
        HKDF.Extract(HashAlgorithmName.SHA256, secrets, keys._transcriptHash, prk.Span);
        Expand(prk.Span, "touchmark v1 segment"u8, profileHash, keys.Segment);
        Expand(prk.Span, "touchmark v1 chain"u8, profileHash, keys.Chain);
        Expand(prk.Span, "touchmark v1 control"u8, profileHash, keys.Control);
        Expand(prk.Span, "touchmark v1 telemetry"u8, profileHash, keys.Telemetry);
        Expand(prk.Span, "touchmark v1 certificate"u8, profileHash, keys.Certificate);
        return keys;
    }

    private static void Expand(ReadOnlySpan<byte> prk, ReadOnlySpan<byte> label, ReadOnlySpan<byte> profileHash, LockedBuffer key)
    {
        Span<byte> info = stackalloc byte[label.Length + profileHash.Length];
        label.CopyTo(info);
        profileHash.CopyTo(info[label.Length..]);
        HKDF.Expand(HashAlgorithmName.SHA256, prk, key.Span, info);
    }
}

/// <summary>The two keys that seal the segments of a later epoch of a session, each 32 bytes in locked memory (spec/session-keys.md, "Epochs").</summary>
public sealed class EpochKeys : IDisposable
{
    internal EpochKeys()
    {
    }

    /// <summary>Encrypts segments (AES-256-GCM).</summary>
    public LockedBuffer Segment { get; } = new(SessionKeys.KeySize);

    /// <summary>Makes IVs and links the chain (HMAC-SHA-256).</summary>
    public LockedBuffer Chain { get; } = new(SessionKeys.KeySize);

    public void Dispose()
    {
        Segment.Dispose();
        Chain.Dispose();
    }
}
