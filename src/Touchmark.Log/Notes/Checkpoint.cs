using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Notes;

/// <summary>The head of a log (C2SP tlog-checkpoint v1.0.0): the text of a signed note.</summary>
/// <param name="Origin">Which log.</param>
/// <param name="Size">Leaves.</param>
/// <param name="Root">The root of the tree of that size.</param>
public sealed record Checkpoint(string Origin, long Size, TreeHash Root)
{
    /// <summary>Further lines, which other logs may write; ours does not. Without newlines, none empty.</summary>
    public IReadOnlyList<string> Extensions { get; init; } = [];

    /// <summary>The text to sign, with its final newline.</summary>
    public string Text => string.Concat([string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Root}\n"), .. Extensions.Select(line => line + "\n")]);

    /// <summary>Reads the text of a note strictly: <see cref="Text"/> gives it back. False and a problem in words for anything else.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Checkpoint? checkpoint, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        checkpoint = null;
        if (text.Length == 0 || text[^1] != '\n')
        {
            problem = "its last line does not end";
            return false;
        }
        var lines = text[..^1].Split('\n');
        if (lines.Length < 3 || lines.Any(line => line.Length == 0))
        {
            problem = "origin, size and root were expected, each on a line";
            return false;
        }
        if (!TryParseNumber(lines[1], out var size))
        {
            problem = "its size is not a decimal number below 2^63";
            return false;
        }
        if (!TreeHash.TryParse(lines[2], out var root))
        {
            problem = "its root is not the base64 of 32 bytes";
            return false;
        }
        (checkpoint, problem) = (new(lines[0], size, root) { Extensions = lines[3..] }, null);
        return true;
    }

    /// <summary>A number as the C2SP formats write it: ASCII digits, no leading zero.</summary>
    internal static bool TryParseNumber(ReadOnlySpan<char> text, out long number)
    {
        number = 0;
        return text.Length is > 0 and <= 19 && !text.ContainsAnyExceptInRange('0', '9') && (text[0] != '0' || text.Length == 1)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}

/// <summary>A checkpoint with the signatures under it.</summary>
/// <param name="Checkpoint">What it says; <c>Note.Text</c> is its text.</param>
/// <param name="Note">The note that it came in.</param>
public sealed record SignedCheckpoint(Checkpoint Checkpoint, SignedNote Note)
{
    /// <summary>Signs a checkpoint with all of a log's keys.</summary>
    public static SignedCheckpoint Sign(Checkpoint checkpoint, IEnumerable<NoteSigner> signers)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var text = checkpoint.Text;
        return new(checkpoint, new(text, [.. signers.Select(signer => signer.Sign(text))]));
    }

    /// <summary>Reads a note whose text is a checkpoint; false and a problem in words for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SignedCheckpoint? signed, [NotNullWhen(false)] out string? problem)
    {
        signed = null;
        if (!SignedNote.TryParse(bytes, out var note, out problem) || !Checkpoint.TryParse(note.Text, out var checkpoint, out problem))
        {
            return false;
        }
        signed = new(checkpoint, note);
        return true;
    }

    /// <summary>With another signature line, such as a witness's.</summary>
    public SignedCheckpoint With(NoteSignature signature) => this with { Note = Note.With(signature) };

    /// <summary>As <c>&lt;prefix&gt;/checkpoint</c> serves it.</summary>
    public byte[] Encode() => Note.Encode();
}
