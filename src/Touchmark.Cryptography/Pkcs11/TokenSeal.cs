using System.Security.Cryptography;
using System.Text;

namespace Touchmark.Cryptography.Pkcs11;

/// <summary>
/// Seals a small secret under a key that never leaves the token, for keys of which the token itself cannot hold the kind. By AES-256-GCM where the token makes
/// AES keys; else by RSA-OAEP with SHA-256 (a TPM), of which a quantum computer could undo the seal: there the token's own access control is what is left.
/// </summary>
public static unsafe class TokenSeal
{
    private const byte ByAesGcm = 1;
    private const byte ByRsaOaep = 2;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int RsaBits = 2048;
    private const int MostSecret = 128;
    private const nuint MgfSha256 = 2;
    private const nuint DataSpecified = 1;

    private static readonly byte[] PublicExponent = [1, 0, 1];

    /// <summary>Makes the token's sealing key and seals the secret.</summary>
    /// <param name="token">The token.</param>
    /// <param name="label">The sealing key's; it has to be new.</param>
    /// <param name="secret">At most 128 bytes.</param>
    /// <returns>What <see cref="Open"/> takes.</returns>
    /// <exception cref="NotSupportedException">The token makes neither kind of key.</exception>
    public static byte[] Seal(Token token, string label, ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(secret.Length, MostSecret, nameof(secret));
        byte[] sealedSecret = MakeAesKey(token, label) ? SealByAes(token, label, secret) : SealByRsa(token, label, secret);
        using LockedBuffer back = Open(token, label, sealedSecret);
        return CryptographicOperations.FixedTimeEquals(back.Span, secret)
            ? sealedSecret
            : throw new TokenLiedException("What the token sealed does not open to what was given to it.");
    }

    /// <summary>Opens a sealed secret into locked memory.</summary>
    /// <exception cref="Pkcs11Exception">It was altered or sealed by another token.</exception>
    /// <exception cref="TokenAbsentException">The sealing key is gone.</exception>
    public static LockedBuffer Open(Token token, string label, ReadOnlySpan<byte> sealedSecret)
    {
        using var room = new LockedBuffer(RsaBits / 8);
        int length = sealedSecret switch
        {
            [ByAesGcm, .. var rest] when rest.Length > NonceSize + TagSize => OpenByAes(token, label, rest, room.Span),
            [ByRsaOaep, .. var rest] when rest.Length == RsaBits / 8 => OpenByRsa(token, label, rest, room.Span),
            _ => throw new TokenLiedException($"The sealed secret '{label}' ({sealedSecret.Length} bytes) is none."),
        };
        return length is > 0 and <= MostSecret
            ? LockedBuffer.CopyOf(room.Span[..length])
            : throw new TokenLiedException($"The secret '{label}' has {length} bytes.");
    }

    /// <summary>False when the token makes no AES keys. Some modules list the mechanism and refuse it (tpm2-pkcs11 1.9), so it has to be tried.</summary>
    private static bool MakeAesKey(Token token, string label)
    {
        if (!token.Offers(MechanismType.AesKeyGeneration) || !token.Offers(MechanismType.AesGcm))
            return false;
        Template template = TokenKeys.KeysNamed(ObjectClass.SecretKey, label)
            .Add(AttributeType.KeyType, KeyType.Aes)
            .Add(AttributeType.Private, true)
            .Add(AttributeType.Sensitive, true)
            .Add(AttributeType.Extractable, false)
            .Add(AttributeType.Encrypt, true)
            .Add(AttributeType.Decrypt, true)
            .Add(AttributeType.ValueLength, 32);
        try
        {
            token.Run(template, static (session, key) => session.GenerateKey(MechanismType.AesKeyGeneration, key));
            return true;
        }
        catch (Pkcs11Exception e) when (e.Result is CkResult.CKR_FUNCTION_NOT_SUPPORTED or CkResult.CKR_MECHANISM_INVALID)
        {
            return false;
        }
    }

    private static byte[] SealByAes(Token token, string label, ReadOnlySpan<byte> secret)
    {
        var output = new byte[1 + NonceSize + secret.Length + TagSize];
        output[0] = ByAesGcm;
        RandomNumberGenerator.Fill(output.AsSpan(1, NonceSize));
        int written = UseAes(token, label, output.AsSpan(1, NonceSize), secret, output.AsSpan(1 + NonceSize), encrypt: true);
        return written == output.Length - 1 - NonceSize
            ? output
            : throw new TokenLiedException($"The token sealed {secret.Length} bytes as {written}; {secret.Length + TagSize} would be right.");
    }

    private static int OpenByAes(Token token, string label, ReadOnlySpan<byte> rest, Span<byte> plain) =>
        UseAes(token, label, rest[..NonceSize], rest[NonceSize..], plain, encrypt: false);

    private static int UseAes(Token token, string label, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> input, Span<byte> output, bool encrypt)
    {
        // The label is bound to the secret, so that one cannot be put in another's place.
        byte[] context = Encoding.UTF8.GetBytes(label);
        fixed (byte* iv = nonce, aad = context)
        {
            var parameters = new GcmParameters
            {
                Iv = iv, IvLength = NonceSize, IvBits = NonceSize * 8, AssociatedData = aad, AssociatedDataLength = (nuint)context.Length, TagBits = TagSize * 8,
            };
            var mechanism = new NativeMechanism { Type = MechanismType.AesGcm, Parameter = &parameters, ParameterLength = (nuint)sizeof(GcmParameters) };
            var work = new Work(label, mechanism, input, output);
            return encrypt
                ? token.Run(work, static (session, w) => session.Encrypt(w.Mechanism, w.Key(session, ObjectClass.SecretKey), w.Input, w.Output))
                : token.Run(work, static (session, w) => session.Decrypt(w.Mechanism, w.Key(session, ObjectClass.SecretKey), w.Input, w.Output));
        }
    }

    private static byte[] SealByRsa(Token token, string label, ReadOnlySpan<byte> secret)
    {
        if (!token.Offers(MechanismType.RsaKeyPairGeneration) || !token.Offers(MechanismType.RsaOaep))
            throw new NotSupportedException("The token can seal nothing: it makes neither AES keys for AES-GCM nor RSA keys for OAEP.");
        Template open = TokenKeys.KeysNamed(ObjectClass.PublicKey, label)
            .Add(AttributeType.KeyType, KeyType.Rsa)
            .Add(AttributeType.Id, label)
            .Add(AttributeType.Private, false)
            .Add(AttributeType.Encrypt, true)
            .Add(AttributeType.ModulusBits, RsaBits)
            .Add(AttributeType.PublicExponent, PublicExponent);
        Template hidden = TokenKeys.KeysNamed(ObjectClass.PrivateKey, label)
            .Add(AttributeType.KeyType, KeyType.Rsa)
            .Add(AttributeType.Id, label)
            .Add(AttributeType.Private, true)
            .Add(AttributeType.Sensitive, true)
            .Add(AttributeType.Extractable, false)
            .Add(AttributeType.Decrypt, true);
        byte[] modulus = token.Run((open, hidden), static (session, templates) => session.Read(
            session.GenerateKeyPair(MechanismType.RsaKeyPairGeneration, templates.open, templates.hidden).Public, AttributeType.Modulus));
        using var key = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = PublicExponent });
        return [ByRsaOaep, .. key.Encrypt(secret, RSAEncryptionPadding.OaepSHA256)];
    }

    private static int OpenByRsa(Token token, string label, ReadOnlySpan<byte> rest, Span<byte> plain)
    {
        var parameters = new OaepParameters { Hash = MechanismType.Sha256, Mgf = MgfSha256, Source = DataSpecified };
        var mechanism = new NativeMechanism { Type = MechanismType.RsaOaep, Parameter = &parameters, ParameterLength = (nuint)sizeof(OaepParameters) };
        return token.Run(
            new Work(label, mechanism, rest, plain),
            static (session, work) => session.Decrypt(work.Mechanism, work.Key(session, ObjectClass.PrivateKey), work.Input, work.Output));
    }

    private readonly ref struct Work(string label, NativeMechanism mechanism, ReadOnlySpan<byte> input, Span<byte> output)
    {
        internal NativeMechanism Mechanism { get; } = mechanism;

        internal ReadOnlySpan<byte> Input { get; } = input;

        internal Span<byte> Output { get; } = output;

        internal nuint Key(Session session, nuint type) =>
            TokenKeys.One(session, TokenKeys.KeysNamed(type, label), label) ?? throw new TokenAbsentException($"The sealing key '{label}' is not in the token.");
    }
}
