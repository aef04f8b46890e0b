using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Touchmark.Cryptography;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Notes;

/// <summary>Signature types of signed notes (C2SP signed-note) that this library knows. The numbers are on the wire: frozen.</summary>
public enum NoteKeyType : byte
{
    /// <summary>Ed25519 over the text.</summary>
    Ed25519 = 0x01,

    /// <summary>A witness's Ed25519 signature with a time (C2SP tlog-cosignature, <c>cosignature/v1</c>).</summary>
    Cosignature = 0x04,

    /// <summary>ML-DSA-65 over the text. It has no number of its own: type FF with our identifier (spec/log.md).</summary>
    MlDsa65 = 0xff,
}

/// <summary>A public key that signs notes: what C2SP signed-note calls a verifier key, or vkey.</summary>
public sealed class NoteKey : IEquatable<NoteKey>
{
    /// <summary>Follows the byte FF in the encoding of an ML-DSA-65 key, so that it collides with nobody else's type FF.</summary>
    public const string MlDsa65Identifier = "touchmark.org/ml-dsa-65";

    /// <summary>Longest key name, UTF-16 units.</summary>
    public const int MaxNameLength = 255;

    private const int MaxTextLength = 4096;
    private const int IdSize = sizeof(uint);

    /// <exception cref="ArgumentException">Not a key name, or not a key of this type.</exception>
    public NoteKey(string name, NoteKeyType type, ReadOnlyMemory<byte> publicKey)
    {
        if (!IsName(name))
        {
            throw new ArgumentException("A key name has 1 to 255 characters, none of them a space, a control character or a plus.", nameof(name));
        }
        if (publicKey.Length != KeySize(type))
        {
            throw new ArgumentException($"A key of type {type} has {KeySize(type)} bytes, this one has {publicKey.Length}.", nameof(publicKey));
        }
        (Name, Type, PublicKey) = (name, type, publicKey);
        byte[] material = [.. TypeBytes(type), .. publicKey.Span];
        Id = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', .. material]));
        Text = string.Create(CultureInfo.InvariantCulture, $"{name}+{Id:x8}+{Convert.ToBase64String(material)}");
    }

    /// <summary>Whose key it is: a log's is its origin.</summary>
    public string Name { get; }

    public NoteKeyType Type { get; }

    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>The first four bytes of SHA-256(name || 0A || type || public key): it finds a key and proves nothing.</summary>
    public uint Id { get; }

    /// <summary>The vkey: name, id and key in one line.</summary>
    public string Text { get; }

    internal SignatureAlgorithm Algorithm => Type == NoteKeyType.MlDsa65 ? SignatureAlgorithm.MlDsa65 : SignatureAlgorithm.Ed25519;

    /// <summary>Reads a vkey strictly; false and a problem in words for anything else, also for a signature type that this library does not know.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NoteKey? key, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        key = null;
        problem = "it is not of the form name+id+key";
        var parts = text.Length <= MaxTextLength ? text.Split('+', 3) : [];
        if (parts.Length != 3 || !IsName(parts[0]) || !StrictBase64.TryDecode(parts[2], out var material) || material.Length == 0)
        {
            return false;
        }
        var type = (NoteKeyType)material[0];
        if (type is not (NoteKeyType.Ed25519 or NoteKeyType.Cosignature or NoteKeyType.MlDsa65) || !material.AsSpan().StartsWith(TypeBytes(type)))
        {
            problem = $"its signature type {material[0]:x2} is not known here";
            return false;
        }
        var publicKey = material[TypeBytes(type).Length..];
        if (publicKey.Length != KeySize(type))
        {
            problem = $"a key of type {type} has {KeySize(type)} bytes, this one has {publicKey.Length}";
            return false;
        }
        var found = new NoteKey(parts[0], type, publicKey);
        if (found.Text != text)
        {
            problem = $"its id should be {found.Id:x8}";
            return false;
        }
        (key, problem) = (found, null);
        return true;
    }

    /// <summary>Whether the text can name a key: no Unicode space, no plus, no control character.</summary>
    public static bool IsName([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= MaxNameLength } && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '+') && IsUnicode(text);

    public bool Equals(NoteKey? other) => other is not null && other.Text == Text;

    public override bool Equals(object? obj) => Equals(obj as NoteKey);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    private static byte[] TypeBytes(NoteKeyType type) =>
        type == NoteKeyType.MlDsa65 ? [(byte)type, .. Encoding.ASCII.GetBytes(MlDsa65Identifier)] : [(byte)type];

    private static int KeySize(NoteKeyType type) => type switch
    {
        NoteKeyType.Ed25519 or NoteKeyType.Cosignature => Ed25519.PublicKeySize,
        NoteKeyType.MlDsa65 => MlDsa65.PublicKeySize,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type of note signatures that is known here."),
    };

    // Half a surrogate pair has no UTF-8.
    private static bool IsUnicode(string text) =>
        Utf8.FromUtf16(text, stackalloc byte[MaxNameLength * 3], out _, out _, replaceInvalidSequences: false) == OperationStatus.Done;
}
