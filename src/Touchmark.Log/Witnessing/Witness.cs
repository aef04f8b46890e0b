using System.Globalization;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tree;
using Touchmark.Log.Verification;

namespace Touchmark.Log.Witnessing;

/// <summary>
/// A witness (C2SP tlog-witness v1.0.0): it cosigns a checkpoint of a log that it knows when the log has only grown since the one before, and remembers it before it answers. It speaks no
/// HTTP itself. Several requests may be under way at once.
/// </summary>
/// <param name="cosigner">Its name and key.</param>
/// <param name="logs">The logs that it knows. All keys that it is given of a log have to sign.</param>
/// <param name="state">What it remembers.</param>
/// <param name="time">Its clock.</param>
public sealed class Witness(Cosigner cosigner, IReadOnlyList<PolicyLog> logs, IWitnessState state, TimeProvider time)
{
    public NoteKey Key => cosigner.Key;

    /// <summary>Answers <c>POST add-checkpoint</c>.</summary>
    /// <param name="body">Untrusted.</param>
    /// <param name="cancel">Stops the request; the checkpoint may have been remembered all the same.</param>
    public async ValueTask<WitnessAnswer> AddCheckpointAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        if (!AddCheckpoint.TryParse(body.Span, out var request, out var problem))
        {
            return Refusal(400, $"The request cannot be read: {problem}.");
        }
        var head = request.Checkpoint.Checkpoint;
        if (logs.FirstOrDefault(log => log.Origin == head.Origin) is not { } log)
        {
            return Refusal(404, "This witness does not know the log.");
        }
        if (log.Keys.Count == 0 || log.Keys.Any(key => request.Checkpoint.Note.Check(key).State != NoteSignatureState.Valid))
        {
            return Refusal(403, "The checkpoint is not signed with every key of the log that this witness knows.");
        }
        try
        {
            var last = await state.ReadAsync(head.Origin, cancel);
            return Judge(request, last?.Checkpoint.Checkpoint) ?? await CosignAsync(request.Checkpoint, last, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LogDamagedException)
        {
            return Refusal(503, "The witness cannot keep what it signs at the moment, and so signs nothing.");
        }
    }

    /// <summary>What is wrong with a request of a log that is known and has signed it, in the order of the specification; null when nothing is.</summary>
    private static WitnessAnswer? Judge(AddCheckpoint request, Checkpoint? last)
    {
        var head = request.Checkpoint.Checkpoint;
        if (request.OldSize > head.Size)
        {
            return Refusal(400, "The old size is larger than the checkpoint.");
        }
        if (request.OldSize != (last?.Size ?? 0))
        {
            return Conflict(last?.Size ?? 0);
        }
        if (head.Size == 0 && head.Root != TreeHash.EmptyRoot)
        {
            return Refusal(422, "The empty tree has another root.");
        }
        return TreeProof.VerifyConsistency(request.OldSize, last?.Root ?? TreeHash.EmptyRoot, head.Size, head.Root, request.Proof)
            ? null
            : Refusal(422, "The proof does not show that the log only grew since the checkpoint that was cosigned last.");
    }

    private async ValueTask<WitnessAnswer> CosignAsync(SignedCheckpoint checkpoint, Witnessed? last, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        // A clock that was set back must not have it say that it saw the larger tree before the smaller one.
        now = last?.Seen > now ? last.Seen : now;
        var line = cosigner.Sign(checkpoint.Note.Text, now);
        // Signatures of others may be anybody's; only those that were checked are kept and served.
        var log = logs.First(known => known.Origin == checkpoint.Checkpoint.Origin);
        var kept = checkpoint.Note.Signatures.Where(signature => log.Keys.Any(key => key.Name == signature.Name && key.Id == signature.KeyId));
        var next = new Witnessed(checkpoint with { Note = new(checkpoint.Note.Text, [.. kept, line]) }, now);
        if (await state.ReplaceAsync(checkpoint.Checkpoint.Origin, last, next, cancel))
        {
            return new(200, WitnessAnswer.Text, line.Line);
        }
        var newest = await state.ReadAsync(checkpoint.Checkpoint.Origin, cancel);
        return Conflict(newest?.Checkpoint.Checkpoint.Size ?? 0);
    }

    private static WitnessAnswer Conflict(long size) => new(409, WitnessAnswer.Size, size.ToString(CultureInfo.InvariantCulture) + "\n");

    private static WitnessAnswer Refusal(int status, string words) => new(status, WitnessAnswer.Text, words + "\n");
}
