using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Touchmark.Log.Notes;
using Touchmark.Log.Proofs;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Witnessing;

/// <summary>What a witness is asked for: the body of <c>POST add-checkpoint</c> (C2SP tlog-witness).</summary>
/// <param name="OldSize">The size of the checkpoint of this log that the witness cosigned last; 0 if it cosigned none.</param>
/// <param name="Proof">That the log only grew since; empty from size 0.</param>
/// <param name="Checkpoint">To be cosigned.</param>
public sealed record AddCheckpoint(long OldSize, IReadOnlyList<TreeHash> Proof, SignedCheckpoint Checkpoint)
{
    public const string ContentType = "text/plain; charset=utf-8";

    /// <summary>Largest body, bytes.</summary>
    public const int MaxSize = SignedNote.MaxSize + 4096;

    private const string OldMark = "old ";

    public byte[] Encode()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{OldMark}{OldSize}\n");
        foreach (var hash in Proof)
        {
            text.Append(hash.ToString()).Append('\n');
        }
        return [.. Encoding.UTF8.GetBytes(text.Append('\n').ToString()), .. Checkpoint.Encode()];
    }

    /// <summary>Reads a body strictly; false and a problem in words for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> body, [NotNullWhen(true)] out AddCheckpoint? request, [NotNullWhen(false)] out string? problem)
    {
        request = null;
        if (body.Length > MaxSize)
        {
            problem = $"it has {body.Length} bytes, at most {MaxSize} are read";
            return false;
        }
        var lines = new LineReader(body);
        if (!lines.TryRead(out var line) || !line.StartsWith(OldMark, StringComparison.Ordinal) || !Notes.Checkpoint.TryParseNumber(line[OldMark.Length..], out var oldSize))
        {
            problem = "it does not begin with the old size";
            return false;
        }
        if (!lines.TryReadHashes(out var proof, out problem) || !SignedCheckpoint.TryParse(lines.Rest, out var checkpoint, out problem))
        {
            return false;
        }
        request = new(oldSize, proof, checkpoint);
        return true;
    }
}

/// <summary>What a witness answers, as HTTP has it.</summary>
/// <param name="Status">200, 400, 403, 404, 409 or 422; 503 when its state could not be kept.</param>
/// <param name="ContentType">Of the body.</param>
/// <param name="Body">Signature lines, a size, or what is wrong, in words.</param>
public sealed record WitnessAnswer(int Status, string ContentType, string Body)
{
    public const string Text = "text/plain; charset=utf-8";

    /// <summary>The type of a body that tells a size.</summary>
    public const string Size = "text/x.tlog.size";
}
