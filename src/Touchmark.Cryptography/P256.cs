using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>Diffie-Hellman on NIST P-256 (SP 800-56A): raw shared secrets and strictly checked public keys.</summary>
public static class P256
{
    /// <summary>An uncompressed point: 0x04, x, y (SEC 1, 2.3.3), in bytes.</summary>
    public const int PublicKeySize = 65;
    /// <summary>The x-coordinate of the shared point, in bytes.</summary>
    public const int SharedSecretSize = 32;

    // SP 800-186, 3.2.1.3.
    private static readonly BigInteger Prime = Hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    private static readonly BigInteger B = Hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");

    /// <summary>Draws a fresh key pair.</summary>
    public static P256PrivateKey GenerateKey() => P256PrivateKey.Generate();

    /// <summary>
    /// Whether the bytes are an uncompressed point on the curve (with reduced coordinates, not the point at infinity). P-256 has no small subgroups, so
    /// that is all.
    /// </summary>
    public static bool IsPublicKey(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != PublicKeySize || publicKey[0] != 4)
            return false;
        var x = new BigInteger(publicKey[1..33], isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(publicKey[33..], isUnsigned: true, isBigEndian: true);
        return x < Prime && y < Prime && ((y * y) - (((x * x) - 3) * x) - B) % Prime == 0;
    }

    /// <summary>
    /// Writes the 32-byte x-coordinate of the shared point to <paramref name="secret"/>. False, and <paramref name="secret"/> zeroed, when the peer's key is
    /// no point of the curve.
    /// </summary>
    public static bool TrySharedSecret(P256PrivateKey key, ReadOnlySpan<byte> peerPublicKey, Span<byte> secret)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (secret.Length != SharedSecretSize)
            throw new ArgumentException($"Must be {SharedSecretSize} bytes, is {secret.Length}.", nameof(secret));
        secret.Clear();
        if (!TryParameters(peerPublicKey, out ECParameters? peer))
            return false;
        using var peerKey = ECDiffieHellman.Create(peer.Value);
        // The framework hands the secret out as an array only; it is short-lived and overwritten at once.
        byte[] raw;
        lock (key.Gate)
            raw = key.DiffieHellman.DeriveRawSecretAgreement(peerKey.PublicKey);
        raw.CopyTo(secret);
        CryptographicOperations.ZeroMemory(raw);
        return true;
    }

    internal static bool TryParameters(ReadOnlySpan<byte> publicKey, [NotNullWhen(true)] out ECParameters? parameters)
    {
        parameters = IsPublicKey(publicKey)
            ? new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = publicKey[1..33].ToArray(), Y = publicKey[33..].ToArray() } }
            : null;
        return parameters is not null;
    }

    private static BigInteger Hex(string digits) => BigInteger.Parse("0" + digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}

/// <summary>
/// A P-256 private key, for Diffie-Hellman and for ES256. The scalar stays inside the platform's own key object, which wipes it when freed: taking it out into
/// a <see cref="LockedBuffer"/> would make copies and protect none. Several threads may use one key: they take turns.
/// </summary>
public sealed class P256PrivateKey : IDisposable
{
    private readonly Lazy<ECDsa> _signing;
    private readonly byte[] _publicKey = new byte[P256.PublicKeySize];

    private P256PrivateKey(ECDiffieHellman diffieHellman)
    {
        DiffieHellman = diffieHellman;
        ECParameters parameters = diffieHellman.ExportParameters(includePrivateParameters: false);
        _publicKey[0] = 4;
        parameters.Q.X!.CopyTo(_publicKey, 1);
        parameters.Q.Y!.CopyTo(_publicKey, 33);
        _signing = new(CreateSigning);
    }

    /// <summary>65 bytes, uncompressed.</summary>
    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    /// <summary>Held while the platform's key objects are used, which do not promise to stand concurrent calls.</summary>
    internal Lock Gate { get; } = new();

    internal ECDiffieHellman DiffieHellman { get; }

    internal ECDsa Signing => _signing.Value;

    public static P256PrivateKey Generate() => new(ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads an unencrypted PKCS#8 private key (RFC 5958).</summary>
    /// <exception cref="CryptographicException">Not such a key, or not on P-256.</exception>
    public static P256PrivateKey FromPkcs8(ReadOnlySpan<byte> der)
    {
        var key = ECDiffieHellman.Create();
        try
        {
            key.ImportPkcs8PrivateKey(der, out int read);
            if (read != der.Length)
                throw new CryptographicException($"{der.Length - read} bytes follow the PKCS#8 key.");
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
                throw new CryptographicException("The private key is not on P-256.");
            return new(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>The key as PKCS#8, for a <see cref="KeyFile"/> or a <see cref="KeyWrap"/>.</summary>
    public LockedBuffer ExportPkcs8()
    {
        using var scratch = new LockedBuffer(256);
        if (!DiffieHellman.TryExportPkcs8PrivateKey(scratch.Span, out int written))
            throw new CryptographicException("A P-256 key took more than 256 bytes as PKCS#8.");
        return LockedBuffer.CopyOf(scratch.Span[..written]);
    }

    public void Dispose()
    {
        DiffieHellman.Dispose();
        if (_signing.IsValueCreated)
            _signing.Value.Dispose();
    }

    private ECDsa CreateSigning()
    {
        ECParameters parameters = DiffieHellman.ExportParameters(includePrivateParameters: true);
        try
        {
            return ECDsa.Create(parameters);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }
}
