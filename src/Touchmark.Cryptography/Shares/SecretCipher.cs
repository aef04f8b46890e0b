using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Touchmark.Cryptography.Shares;

/// <summary>
/// What SLIP-0039 puts between a secret and its shares: a Feistel network of four rounds whose round function is PBKDF2-HMAC-SHA-256. Without a passphrase it
/// hides nothing; it is there so that all programs make the same secret of the same shares.
/// </summary>
internal static class SecretCipher
{
    private const int Rounds = 4;
    private const int IterationsOfRound = 10_000 / Rounds;

    /// <summary>Encrypts in place.</summary>
    internal static void Encrypt(Span<byte> secret, ReadOnlySpan<byte> passphrase, ShareSet set)
    {
        for (byte round = 0; round < Rounds; round++)
            Apply(round, secret, passphrase, set);
        SwapHalves(secret);
    }

    /// <summary>Decrypts in place.</summary>
    internal static void Decrypt(Span<byte> secret, ReadOnlySpan<byte> passphrase, ShareSet set)
    {
        for (int round = Rounds - 1; round >= 0; round--)
            Apply((byte)round, secret, passphrase, set);
        SwapHalves(secret);
    }

    /// <summary>(L, R) becomes (R, L xor F(R)).</summary>
    private static void Apply(byte round, Span<byte> secret, ReadOnlySpan<byte> passphrase, ShareSet set)
    {
        int half = secret.Length / 2;
        using var password = new LockedBuffer(1 + passphrase.Length);
        password.Span[0] = round;
        passphrase.CopyTo(password.Span[1..]);
        ReadOnlySpan<byte> prefix = set.Extendable ? [] : [.. "shamir"u8, 0, 0];
        using var salt = new LockedBuffer(prefix.Length + half);
        prefix.CopyTo(salt.Span);
        if (!set.Extendable)
            BinaryPrimitives.WriteUInt16BigEndian(salt.Span[(prefix.Length - 2)..], set.Identifier);
        secret[half..].CopyTo(salt.Span[prefix.Length..]);
        using var mask = new LockedBuffer(half);
        Rfc2898DeriveBytes.Pbkdf2(password.Span, salt.Span, mask.Span, IterationsOfRound << set.IterationExponent, HashAlgorithmName.SHA256);
        for (int at = 0; at < half; at++)
            secret[at] ^= mask.Span[at];
        SwapHalves(secret);
    }

    private static void SwapHalves(Span<byte> secret)
    {
        int half = secret.Length / 2;
        for (int at = 0; at < half; at++)
            (secret[at], secret[half + at]) = (secret[half + at], secret[at]);
    }
}
