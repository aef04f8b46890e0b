using System.Security.Cryptography;

namespace Touchmark.Cryptography.Pkcs11;

/// <summary>Key pairs in a token: made there, sensitive and not extractable, found again by their label.</summary>
public static class TokenKeys
{
    // DER object identifiers: id-Ed25519 (RFC 8410) and prime256v1 (RFC 5480).
    private static readonly byte[] Ed25519Curve = [0x06, 0x03, 0x2b, 0x65, 0x70];
    private static readonly byte[] P256Curve = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

    /// <summary>Makes a key pair in the token.</summary>
    /// <exception cref="NotSupportedException">The token does not offer the algorithm.</exception>
    /// <exception cref="InvalidOperationException">There is a key of that label already: none is overwritten.</exception>
    /// <exception cref="TokenLiedException">The key that it made could be taken out, or does not sign.</exception>
    public static TokenSigner CreateSigner(this Token token, string label, SignatureAlgorithm algorithm)
    {
        if (!token.Offers(algorithm))
            throw new NotSupportedException($"The token offers no {algorithm}.");
        token.Run(0, (session, _) =>
        {
            if (session.Find(KeysNamed(ObjectClass.PrivateKey, label)).Count > 0)
                throw new InvalidOperationException($"There is a key with the label '{label}' in the token already.");
            return session.GenerateKeyPair(GenerationOf(algorithm), PublicTemplate(label, algorithm), PrivateTemplate(label, algorithm));
        });
        TokenSigner signer = token.FindSigner(label, algorithm) ?? throw new TokenLiedException($"The token made a key '{label}' and does not find it.");
        // A key that cannot sign must be noticed before anybody certifies it.
        signer.Sign("touchmark key check"u8, new byte[algorithm.SignatureSize()]);
        return signer;
    }

    /// <summary>Null when there is no key of that label and algorithm.</summary>
    /// <exception cref="TokenLiedException">There are several, or the key could be taken out of the token, or its public half is none.</exception>
    public static TokenSigner? FindSigner(this Token token, string label, SignatureAlgorithm algorithm)
    {
        byte[]? publicKey = token.Run(0, (session, _) =>
        {
            if (One(session, ObjectClass.PrivateKey, label, algorithm) is not { } hidden || One(session, ObjectClass.PublicKey, label, algorithm) is not { } open)
                return null;
            if (!session.ReadFlag(hidden, AttributeType.Sensitive) || session.ReadFlag(hidden, AttributeType.Extractable))
                throw new TokenLiedException($"The private key '{label}' can be taken out of the token: it must be sensitive and not extractable.");
            return algorithm is SignatureAlgorithm.MlDsa65
                ? session.Read(open, AttributeType.Value)
                : Point(session.Read(open, AttributeType.EcPoint), algorithm is SignatureAlgorithm.Es256 ? P256.PublicKeySize : Ed25519.PublicKeySize);
        });
        if (publicKey is null)
            return null;
        bool right = algorithm switch
        {
            SignatureAlgorithm.Es256 => P256.IsPublicKey(publicKey),
            SignatureAlgorithm.Ed25519 => publicKey.Length == Ed25519.PublicKeySize,
            _ => publicKey.Length == MlDsa65.PublicKeySize,
        };
        return right ? new TokenSigner(token, label, algorithm, publicKey)
            : throw new TokenLiedException($"The public key '{label}' of the token is no key of {algorithm} ({publicKey.Length} bytes).");
    }

    /// <summary>Destroys every key with the label: nothing brings it back.</summary>
    public static void DestroyKeys(this Token token, string label) => token.Run(0, (session, _) =>
    {
        foreach (nuint type in (nuint[])[ObjectClass.PrivateKey, ObjectClass.PublicKey, ObjectClass.SecretKey])
            session.Find(KeysNamed(type, label)).ForEach(session.Destroy);
        return true;
    });

    internal static nuint MechanismOf(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.Ed25519 => MechanismType.Eddsa,
        SignatureAlgorithm.Es256 => MechanismType.Ecdsa,
        SignatureAlgorithm.MlDsa65 => MechanismType.MlDsa,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "Not a signature algorithm."),
    };

    internal static nuint GenerationOf(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.Ed25519 => MechanismType.EdwardsKeyPairGeneration,
        SignatureAlgorithm.Es256 => MechanismType.EcKeyPairGeneration,
        SignatureAlgorithm.MlDsa65 => MechanismType.MlDsaKeyPairGeneration,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "Not a signature algorithm."),
    };

    internal static Template KeysNamed(nuint type, string label) =>
        new Template().Add(AttributeType.Class, type).Add(AttributeType.Token, true).Add(AttributeType.Label, label);

    /// <summary>The key of that class, label and algorithm; null when there is none.</summary>
    internal static nuint? One(Session session, nuint type, string label, SignatureAlgorithm algorithm) =>
        One(session, KeysNamed(type, label).Add(AttributeType.KeyType, TypeOf(algorithm)), label);

    internal static nuint? One(Session session, Template template, string label) => session.Find(template) switch
    {
        [] => null,
        [var only] => only,
        var several => throw new TokenLiedException($"The token has {several.Count} objects with the label '{label}' where there can be one."),
    };

    private static nuint TypeOf(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.Ed25519 => KeyType.EcEdwards,
        SignatureAlgorithm.Es256 => KeyType.Ec,
        _ => KeyType.MlDsa,
    };

    private static Template PublicTemplate(string label, SignatureAlgorithm algorithm)
    {
        Template template = KeysNamed(ObjectClass.PublicKey, label)
            .Add(AttributeType.KeyType, TypeOf(algorithm))
            .Add(AttributeType.Id, label)
            .Add(AttributeType.Private, false)
            .Add(AttributeType.Verify, true);
        return algorithm switch
        {
            SignatureAlgorithm.Ed25519 => template.Add(AttributeType.EcParameters, Ed25519Curve),
            SignatureAlgorithm.Es256 => template.Add(AttributeType.EcParameters, P256Curve),
            _ => template.Add(AttributeType.ParameterSet, ParameterSet.MlDsa65),
        };
    }

    private static Template PrivateTemplate(string label, SignatureAlgorithm algorithm) =>
        KeysNamed(ObjectClass.PrivateKey, label)
            .Add(AttributeType.KeyType, TypeOf(algorithm))
            .Add(AttributeType.Id, label)
            .Add(AttributeType.Private, true)
            .Add(AttributeType.Sensitive, true)
            .Add(AttributeType.Extractable, false)
            .Add(AttributeType.Sign, true);

    /// <summary>A point of a curve: PKCS#11 wants it as a DER octet string, some modules give it bare.</summary>
    private static byte[] Point(byte[] value, int length) =>
        value.Length == length + 2 && value[0] == 0x04 && value[1] == length ? value[2..] : value;
}

/// <summary>
/// Signs with a key that never leaves its token. Each signature is verified under the public key before it is handed out: a token that lies, or was exchanged, is
/// noticed here and not by whoever reads the statement. Several threads may use it.
/// </summary>
public sealed class TokenSigner : ISigner
{
    private readonly Token _token;
    private readonly string _label;
    private readonly byte[] _publicKey;
    private volatile Located? _located;

    internal TokenSigner(Token token, string label, SignatureAlgorithm algorithm, byte[] publicKey)
    {
        (_token, _label, Algorithm, _publicKey) = (token, label, algorithm, publicKey);
        KeyId = Cryptography.KeyId.Of(algorithm, publicKey);
    }

    public SignatureAlgorithm Algorithm { get; }

    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    public ReadOnlyMemory<byte> KeyId { get; }

    /// <exception cref="Pkcs11Exception">The token refuses.</exception>
    /// <exception cref="TokenAbsentException">The token, or the key in it, is gone.</exception>
    /// <exception cref="TokenBusyException">The token is slow: no session became free.</exception>
    /// <exception cref="TokenLiedException">The signature does not verify, or is none.</exception>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature)
    {
        if (signature.Length != Algorithm.SignatureSize())
            throw new ArgumentException($"Must be {Algorithm.SignatureSize()} bytes, is {signature.Length}.", nameof(signature));
        // PKCS#11's plain ECDSA signs a hash and leaves hashing to the caller.
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (Algorithm is SignatureAlgorithm.Es256)
            SHA256.HashData(message, hash);
        int written = _token.Run(
            new Work(this, Algorithm is SignatureAlgorithm.Es256 ? hash : message, signature),
            static (session, work) => session.Sign(TokenKeys.MechanismOf(work.Signer.Algorithm), work.Signer.Locate(session), work.Input, work.Signature));
        if (written == signature.Length && SignatureVerifier.Verify(Algorithm, _publicKey, message, signature))
            return;
        signature.Clear();
        throw new TokenLiedException(
            written == Algorithm.SignatureSize()
                ? $"The token's signature with the key '{_label}' does not verify under its public key."
                : $"The token's signature with the key '{_label}' has {written} bytes instead of {Algorithm.SignatureSize()}.");
    }

    private nuint Locate(Session session)
    {
        if (_located is { } located && ReferenceEquals(located.Connection, session.Connection))
            return located.Key;
        nuint key = TokenKeys.One(session, ObjectClass.PrivateKey, _label, Algorithm)
            ?? throw new TokenAbsentException($"The key '{_label}' is no longer in the token.");
        _located = new(session.Connection, key);
        return key;
    }

    private sealed record Located(Connection Connection, nuint Key);

    private readonly ref struct Work(TokenSigner signer, ReadOnlySpan<byte> input, Span<byte> signature)
    {
        internal TokenSigner Signer { get; } = signer;

        internal ReadOnlySpan<byte> Input { get; } = input;

        internal Span<byte> Signature { get; } = signature;
    }
}
