using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Touchmark.Cryptography;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Notes;

/// <summary>One signature line of a note.</summary>
/// <param name="Name">The key's name.</param>
/// <param name="KeyId">The key's id.</param>
/// <param name="Value">What the signature type asks for: a signature, or a time and a signature. At least one byte.</param>
public sealed record NoteSignature(string Name, uint KeyId, ReadOnlyMemory<byte> Value)
{
    internal const string Mark = "— ";

    /// <summary>The line with its newline.</summary>
    public string Line
    {
        get
        {
            var bytes = new byte[sizeof(uint) + Value.Length];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
            Value.CopyTo(bytes.AsMemory(sizeof(uint)));
            return $"{Mark}{Name} {Convert.ToBase64String(bytes)}\n";
        }
    }

    /// <summary>Reads one line without its newline.</summary>
    internal static NoteSignature? Parse(ReadOnlySpan<char> line)
    {
        if (!line.StartsWith(Mark, StringComparison.Ordinal))
        {
            return null;
        }
        line = line[Mark.Length..];
        var space = line.IndexOf(' ');
        if (space < 0 || !NoteKey.IsName(line[..space].ToString()) || !StrictBase64.TryDecode(line[(space + 1)..], out var bytes) || bytes.Length <= sizeof(uint))
        {
            return null;
        }
        return new(line[..space].ToString(), BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes.AsMemory(sizeof(uint)));
    }
}

/// <summary>What a note says of one key.</summary>
public enum NoteSignatureState
{
    /// <summary>The key did not sign.</summary>
    Missing,

    /// <summary>A line bears the key's name and id, and the signature is wrong.</summary>
    Wrong,

    Valid,
}

/// <summary>What came of looking for one key's signature.</summary>
/// <param name="State">Whether it signed.</param>
/// <param name="Time">When, as a witness says; null for the other types, which carry no time.</param>
public readonly record struct NoteSignatureCheck(NoteSignatureState State, DateTimeOffset? Time = null);

/// <summary>A signed note (C2SP signed-note v1.0.0): a text and the signatures under it. Nothing in it is to be believed before a signature was checked.</summary>
/// <param name="Text">With its final newline.</param>
/// <param name="Signatures">In the order of the lines; those of unknown keys stay where they are.</param>
public sealed record SignedNote(string Text, IReadOnlyList<NoteSignature> Signatures)
{
    /// <summary>Largest note, bytes: room for every signature line that is accepted, and for a text that nobody has reason to write.</summary>
    public const int MaxSize = 512 * 1024;

    /// <summary>Most signature lines.</summary>
    public const int MaxSignatures = 64;

    private const string Separator = "\n\n";

    /// <summary>The note as UTF-8.</summary>
    public byte[] Encode() => Encoding.UTF8.GetBytes(string.Concat([Text, "\n", .. Signatures.Select(signature => signature.Line)]));

    /// <summary>With one more line at the end; a line that is there already is not repeated.</summary>
    public SignedNote With(NoteSignature signature)
    {
        ArgumentNullException.ThrowIfNull(signature);
        return Signatures.Any(there => there.Line == signature.Line) ? this : this with { Signatures = [.. Signatures, signature] };
    }

    /// <summary>Reads a note strictly: <see cref="Encode"/> gives back the same bytes. False and a problem in words for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SignedNote? note, [NotNullWhen(false)] out string? problem)
    {
        note = null;
        problem = Parse(bytes, out var read);
        note = problem is null ? read : null;
        return problem is null;
    }

    /// <summary>Looks for the signature of a key and checks it. Where a key signed twice, one wrong signature makes it wrong, and the latest time counts.</summary>
    public NoteSignatureCheck Check(NoteKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var found = new NoteSignatureCheck(NoteSignatureState.Missing);
        foreach (var signature in Signatures)
        {
            if (signature.Name != key.Name || signature.KeyId != key.Id)
            {
                continue;
            }
            var check = key.Type == NoteKeyType.Cosignature ? CosignedText.Check(Text, key, signature.Value.Span) : CheckPlain(key, signature.Value.Span);
            if (check.State == NoteSignatureState.Wrong)
            {
                return check;
            }
            found = found.Time > check.Time ? found : check;
        }
        return found;
    }

    private NoteSignatureCheck CheckPlain(NoteKey key, ReadOnlySpan<byte> signature) =>
        new(SignatureVerifier.Verify(key.Algorithm, key.PublicKey.Span, Encoding.UTF8.GetBytes(Text), signature) ? NoteSignatureState.Valid : NoteSignatureState.Wrong);

    private static string? Parse(ReadOnlySpan<byte> bytes, out SignedNote? note)
    {
        note = null;
        if (bytes.Length > MaxSize)
        {
            return $"it has {bytes.Length} bytes, at most {MaxSize} are read";
        }
        if (!Utf8.IsValid(bytes))
        {
            return "it is not UTF-8";
        }
        foreach (var b in bytes)
        {
            if (b < 0x20 && b != '\n')
            {
                return $"it has a control character ({b:x2})";
            }
        }
        var whole = Encoding.UTF8.GetString(bytes);
        var end = whole.LastIndexOf(Separator, StringComparison.Ordinal);
        if (end < 0 || whole[^1] != '\n' || end + Separator.Length == whole.Length)
        {
            return "it has no signatures: a text, an empty line and at least one line of signature were expected";
        }
        var signatures = new List<NoteSignature>();
        var lines = whole.AsSpan()[(end + Separator.Length)..^1];
        foreach (var line in lines.Split('\n'))
        {
            if (signatures.Count == MaxSignatures)
            {
                return $"it has more than {MaxSignatures} signatures";
            }
            if (NoteSignature.Parse(lines[line]) is not { } signature)
            {
                return $"signature line {signatures.Count + 1} is malformed";
            }
            signatures.Add(signature);
        }
        note = new(whole[..(end + 1)], signatures);
        return null;
    }
}
