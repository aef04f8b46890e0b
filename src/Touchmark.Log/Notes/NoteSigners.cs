using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Touchmark.Cryptography;

namespace Touchmark.Log.Notes;

/// <summary>A log's key at work. It signs the text as it is: UTF-8, which no COSE structure is, so that one key may sign both without one passing for the other.</summary>
public sealed class NoteSigner
{
    private readonly ISigner _signer;

    /// <param name="name">The key's name: the log's origin.</param>
    /// <param name="signer">Ed25519 or ML-DSA-65; it stays its owner's to dispose.</param>
    public NoteSigner(string name, ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        _signer = signer;
        Key = new(name, signer.Algorithm switch
        {
            SignatureAlgorithm.Ed25519 => NoteKeyType.Ed25519,
            SignatureAlgorithm.MlDsa65 => NoteKeyType.MlDsa65,
            _ => throw new ArgumentException($"Notes are signed with Ed25519 or ML-DSA-65, not with {signer.Algorithm}.", nameof(signer)),
        }, signer.PublicKey);
    }

    public NoteKey Key { get; }

    /// <param name="text">With its final newline.</param>
    public NoteSignature Sign(string text)
    {
        var value = new byte[_signer.Algorithm.SignatureSize()];
        _signer.Sign(Encoding.UTF8.GetBytes(text), value);
        return new(Key.Name, Key.Id, value);
    }
}

/// <summary>A witness's key at work (C2SP tlog-cosignature, Ed25519).</summary>
public sealed class Cosigner
{
    private readonly ISigner _signer;

    /// <param name="name">The witness's name.</param>
    /// <param name="signer">Ed25519; it stays its owner's to dispose, and should serve nothing else.</param>
    public Cosigner(string name, ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        if (signer.Algorithm != SignatureAlgorithm.Ed25519)
        {
            throw new ArgumentException($"Witnesses sign with Ed25519, not with {signer.Algorithm}.", nameof(signer));
        }
        _signer = signer;
        Key = new(name, NoteKeyType.Cosignature, signer.PublicKey);
    }

    public NoteKey Key { get; }

    /// <param name="text">The checkpoint, with its final newline.</param>
    /// <param name="time">When its consistency was seen; whole seconds count.</param>
    public NoteSignature Sign(string text, DateTimeOffset time)
    {
        var seconds = time.ToUnixTimeSeconds();
        var value = new byte[sizeof(long) + Ed25519.SignatureSize];
        BinaryPrimitives.WriteInt64BigEndian(value, seconds);
        _signer.Sign(CosignedText.Message(text, seconds), value.AsSpan(sizeof(long)));
        return new(Key.Name, Key.Id, value);
    }
}

/// <summary>What a witness signs: a line that says so, a line with the time, and the checkpoint.</summary>
internal static class CosignedText
{
    /// <summary>A log of this origin could have its own signature taken for a witness's.</summary>
    internal const string Header = "cosignature/v1";

    internal static byte[] Message(string text, long seconds) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Header}\ntime {seconds}\n{text}"));

    internal static NoteSignatureCheck Check(string text, NoteKey key, ReadOnlySpan<byte> value)
    {
        if (value.Length != sizeof(long) + Ed25519.SignatureSize)
        {
            return new(NoteSignatureState.Wrong);
        }
        var seconds = BinaryPrimitives.ReadInt64BigEndian(value);
        // Witnesses before 1970 or after the year 9999 do not tell the time.
        if (seconds < 0 || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            || !SignatureVerifier.Verify(key.Algorithm, key.PublicKey.Span, Message(text, seconds), value[sizeof(long)..]))
        {
            return new(NoteSignatureState.Wrong);
        }
        return new(NoteSignatureState.Valid, DateTimeOffset.FromUnixTimeSeconds(seconds));
    }
}
