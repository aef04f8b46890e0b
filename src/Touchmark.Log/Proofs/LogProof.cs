using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Touchmark.Log.Notes;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Proofs;

/// <summary>That an entry is in a log, to be checked without asking anybody: a <c>.tlog-proof</c> file (C2SP tlog-proof v1).</summary>
/// <param name="Index">The entry's place in the log, from 0.</param>
/// <param name="Hashes">Its inclusion proof, from the leaf's sibling up.</param>
/// <param name="Checkpoint">The head of the log that the proof leads to.</param>
public sealed record LogProof(long Index, IReadOnlyList<TreeHash> Hashes, SignedCheckpoint Checkpoint)
{
    public const string FileExtension = ".tlog-proof";

    /// <summary>Most bytes of <see cref="Extra"/>.</summary>
    public const int MaxExtraSize = 64 * 1024;

    /// <summary>Largest file, bytes.</summary>
    public const int MaxSize = SignedNote.MaxSize + (MaxExtraSize * 4 / 3) + 4096;

    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string ExtraMark = "extra ";
    private const string IndexMark = "index ";

    /// <summary>What an application put beside the proof. Nothing vouches for it. Null when there is none.</summary>
    public ReadOnlyMemory<byte>? Extra { get; init; }

    public byte[] Encode()
    {
        var text = new StringBuilder().Append(Header).Append('\n');
        if (Extra is { } extra)
        {
            text.Append(ExtraMark).Append(Convert.ToBase64String(extra.Span)).Append('\n');
        }
        text.Append(CultureInfo.InvariantCulture, $"{IndexMark}{Index}\n");
        foreach (var hash in Hashes)
        {
            text.Append(hash.ToString()).Append('\n');
        }
        return [.. Encoding.UTF8.GetBytes(text.Append('\n').ToString()), .. Checkpoint.Encode()];
    }

    /// <summary>Reads a file strictly: <see cref="Encode"/> gives back the same bytes. False and a problem in words for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out LogProof? proof, [NotNullWhen(false)] out string? problem)
    {
        proof = null;
        if (bytes.Length > MaxSize)
        {
            problem = $"it has {bytes.Length} bytes, at most {MaxSize} are read";
            return false;
        }
        var lines = new LineReader(bytes);
        if (!lines.TryRead(out var line) || line is not Header)
        {
            problem = $"its first line is not {Header}";
            return false;
        }
        byte[]? extra = null;
        var more = lines.TryRead(out line);
        if (more && line.StartsWith(ExtraMark, StringComparison.Ordinal))
        {
            if (!StrictBase64.TryDecode(line[ExtraMark.Length..], out extra) || extra.Length > MaxExtraSize)
            {
                problem = $"its extra data is not base64 of at most {MaxExtraSize} bytes";
                return false;
            }
            more = lines.TryRead(out line);
        }
        if (!more || !line.StartsWith(IndexMark, StringComparison.Ordinal) || !Notes.Checkpoint.TryParseNumber(line[IndexMark.Length..], out var index))
        {
            problem = "it has no index line";
            return false;
        }
        if (!lines.TryReadHashes(out var hashes, out problem) || !SignedCheckpoint.TryParse(lines.Rest, out var checkpoint, out problem))
        {
            return false;
        }
        proof = new(index, hashes, checkpoint) { Extra = extra is null ? default(ReadOnlyMemory<byte>?) : extra };
        return true;
    }
}
