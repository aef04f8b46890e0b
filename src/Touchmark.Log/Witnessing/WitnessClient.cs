using System.Text;
using Touchmark.Log.Notes;
using Touchmark.Log.Tiles;

namespace Touchmark.Log.Witnessing;

/// <summary>What came of an answer of a witness.</summary>
public abstract record WitnessReply
{
    private WitnessReply()
    {
    }

    /// <summary>It cosigned.</summary>
    public sealed record Cosigned(SignedCheckpoint Checkpoint, DateTimeOffset Seen) : WitnessReply;

    /// <summary>It has cosigned another size than was thought: ask once more.</summary>
    public sealed record AskAgain : WitnessReply;

    /// <summary>It did not, and asking again as things are will not help.</summary>
    public sealed record Refused(string Words) : WitnessReply;
}

/// <summary>The log's side of one witness: builds requests and takes answers; carrying them is somebody else's. Not for two threads at once.</summary>
/// <param name="key">The witness's.</param>
/// <param name="knownSize">The size that it is thought to have cosigned last; 0 asks it.</param>
public sealed class WitnessClient(NoteKey key, long knownSize = 0)
{
    private long _knownSize = knownSize;

    /// <summary>The witness's.</summary>
    public NoteKey Key => key;

    /// <summary>What to ask for next.</summary>
    /// <param name="checkpoint">To be cosigned.</param>
    /// <param name="tree">Its tree.</param>
    /// <param name="cancel">Stops reading tiles.</param>
    public async ValueTask<AddCheckpoint> RequestAsync(SignedCheckpoint checkpoint, TileTree tree, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(tree);
        var (_, proof) = await tree.ConsistencyAsync(_knownSize, cancel);
        return new(_knownSize, proof, checkpoint);
    }

    /// <summary>Takes the answer to a request.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="status">HTTP's.</param>
    /// <param name="contentType">HTTP's; null when there was none.</param>
    /// <param name="body">Untrusted.</param>
    public WitnessReply Take(AddCheckpoint request, int status, string? contentType, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (body.Length > SignedNote.MaxSize)
        {
            return new WitnessReply.Refused($"The witness {key.Name} answered with {body.Length} bytes.");
        }
        return status switch
        {
            200 => TakeSignatures(request.Checkpoint, body),
            409 when contentType == WitnessAnswer.Size => TakeSize(request, body),
            _ => new WitnessReply.Refused($"The witness {key.Name} refused with status {status}: {Words(body)}"),
        };
    }

    private WitnessReply TakeSignatures(SignedCheckpoint checkpoint, ReadOnlySpan<byte> body)
    {
        // The answer is the lines of a note whose text is the checkpoint; lines of other keys are left out.
        if (!SignedNote.TryParse([.. Encoding.UTF8.GetBytes(checkpoint.Note.Text + "\n"), .. body], out var note, out _)
            || note.Text != checkpoint.Note.Text || note.Check(key) is not { State: NoteSignatureState.Valid, Time: { } seen })
        {
            return new WitnessReply.Refused($"The witness {key.Name} answered with something that is not its signature of the checkpoint.");
        }
        _knownSize = checkpoint.Checkpoint.Size;
        var lines = note.Signatures.Where(signature => signature.Name == key.Name && signature.KeyId == key.Id);
        return new WitnessReply.Cosigned(lines.Aggregate(checkpoint, (signed, line) => signed.With(line)), seen);
    }

    private WitnessReply TakeSize(AddCheckpoint request, ReadOnlySpan<byte> body)
    {
        if (body.Length is 0 or > 20 || body[^1] != '\n' || !Checkpoint.TryParseNumber(Encoding.UTF8.GetString(body[..^1]), out var size))
        {
            return new WitnessReply.Refused($"The witness {key.Name} answered with a size that is none.");
        }
        if (size > request.Checkpoint.Checkpoint.Size)
        {
            return new WitnessReply.Refused($"The witness {key.Name} has seen a tree of {size} leaves, larger than the {request.Checkpoint.Checkpoint.Size} of the checkpoint: the log was taken back, or forked.");
        }
        if (size == request.OldSize)
        {
            return new WitnessReply.Refused($"The witness {key.Name} refuses the size {size} and asks for it.");
        }
        _knownSize = size;
        return new WitnessReply.AskAgain();
    }

    // Only what is plainly text gets into a message.
    private static string Words(ReadOnlySpan<byte> body) =>
        new([.. Encoding.UTF8.GetString(body[..Math.Min(body.Length, 200)]).TrimEnd().Where(c => !char.IsControl(c))]);
}
