using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>
/// Seals a message to the holder of a P-256 key, such as a printer's device key: an ephemeral key agrees with the recipient's, HKDF-SHA-256 makes a key that is used once, AES-256-GCM
/// seals (spec/sealed-gcode.md, "Sealed to a device"; spec/custody.md, "Sealed identity"). Whoever has the public key can seal: it says nothing about the sender.
/// </summary>
public static class DeviceSeal
{
    /// <summary>Bytes that sealing adds: the ephemeral public key before, the tag after.</summary>
    public const int Overhead = P256.PublicKeySize + TagSize;

    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    /// <param name="recipient">65 bytes, uncompressed.</param>
    /// <param name="message">What the recipient will read.</param>
    /// <param name="info">What the message is and whom it concerns: it opens under the same only.</param>
    /// <exception cref="ArgumentException">The recipient's key is no point of the curve.</exception>
    public static byte[] Seal(ReadOnlySpan<byte> recipient, ReadOnlySpan<byte> message, ReadOnlySpan<byte> info)
    {
        using P256PrivateKey ephemeral = P256.GenerateKey();
        ReadOnlySpan<byte> sender = ephemeral.PublicKey.Span;
        using LockedBuffer key = Agree(ephemeral, recipient, sender, recipient, info) ?? throw new ArgumentException("Not an uncompressed point on P-256.", nameof(recipient));
        var box = new byte[message.Length + Overhead];
        sender.CopyTo(box);
        using var cipher = new AesGcm(key.Span, TagSize);
        // The key is used for this one message, so the nonce may be constant.
        cipher.Encrypt(new byte[NonceSize], message, box.AsSpan(P256.PublicKeySize, message.Length), box.AsSpan(^TagSize..));
        return box;
    }

    /// <summary>Opens a box. False, and <paramref name="message"/> zeroed, when it was sealed to another key, under another <paramref name="info"/>, or altered.</summary>
    /// <param name="box">What <see cref="Seal"/> made, or anything else.</param>
    /// <param name="key">The recipient's.</param>
    /// <param name="info">As it was sealed.</param>
    /// <param name="message">Takes the message: as long as the box without <see cref="Overhead"/>, or nothing opens.</param>
    public static bool TryOpen(ReadOnlySpan<byte> box, P256PrivateKey key, ReadOnlySpan<byte> info, Span<byte> message)
    {
        ArgumentNullException.ThrowIfNull(key);
        message.Clear();
        if (box.Length != message.Length + Overhead)
            return false;
        ReadOnlySpan<byte> sender = box[..P256.PublicKeySize];
        using LockedBuffer? agreed = Agree(key, sender, sender, key.PublicKey.Span, info);
        if (agreed is null)
            return false;
        using var cipher = new AesGcm(agreed.Span, TagSize);
        try
        {
            cipher.Decrypt(new byte[NonceSize], box[P256.PublicKeySize..^TagSize], box[^TagSize..], message);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            message.Clear();
            return false;
        }
    }

    private static LockedBuffer? Agree(P256PrivateKey own, ReadOnlySpan<byte> peer, ReadOnlySpan<byte> sender, ReadOnlySpan<byte> recipient, ReadOnlySpan<byte> info)
    {
        using var secret = new LockedBuffer(P256.SharedSecretSize);
        if (!P256.TrySharedSecret(own, peer, secret.Span))
            return null;
        var key = new LockedBuffer(KeySize);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret.Span, key.Span, [.. sender, .. recipient], info);
        return key;
    }
}
