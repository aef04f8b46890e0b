using System.Security.Cryptography;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Problems;
using Touchmark.Log.Storage;

namespace Touchmark.Engine.Transparency;

/// <summary>
/// Makes the files that verify offline: statements, and the proofs that the log has every one of them, all against its newest checkpoint. It costs a look-up in the database for every
/// thousand statements and one tile of the log for each 256 entries among which one of them stands.
/// </summary>
internal sealed class EvidenceFiles(PublicLog log, Outbox outbox)
{
    /// <summary>What is answered while the log does not have what was asked for.</summary>
    public static Refusal Behind { get; } = new Refusal(
        StatusCodes.Status503ServiceUnavailable, "LOG_BEHIND", "The statement is on its way into the log, and not in it yet.",
        "Ask again in a moment; if it stays so, the engine's operator has to look at its log.").With("retry_after_s", 1L);

    /// <summary>The encoded file. Refused when the log fails to take one of the statements, and when they are more than a file holds.</summary>
    /// <param name="subject">What the file is about; without proof.</param>
    /// <param name="related">Each once, in the order of the file; without proofs.</param>
    /// <param name="cancel">Stops reading.</param>
    /// <exception cref="InvalidDataException">One of them was never entered (<see cref="Outbox.EnterAsync"/>).</exception>
    /// <exception cref="LogDamagedException">The log's tiles do not lead to its checkpoint.</exception>
    public async Task<Outcome<byte[]>> BuildAsync(StatementPart subject, IReadOnlyList<StatementPart> related, CancellationToken cancel)
    {
        if (related.Count >= EvidenceFile.MaxStatements)
        {
            return TooLarge("statements", related.Count + 1L, EvidenceFile.MaxStatements);
        }

        List<(StatementPart Part, byte[] Sha256)> parts = [.. related.Prepend(subject).Select(part => (part, SHA256.HashData(part.Envelope.Span)))];
        var indexes = await outbox.IndexesAsync(parts.ConvertAll(part => part.Sha256), cancel);
        var places = parts.ConvertAll(part => indexes.TryGetValue(Convert.ToHexString(part.Sha256), out var index) ? index
            : throw new InvalidDataException($"The statement {Convert.ToHexStringLower(part.Sha256)} was never entered into the log."));
        // Read after the indexes: an index is written down when the checkpoint behind it is published.
        if (await log.CheckpointAsync(cancel) is not { Checkpoint: var head } signed || places.Exists(place => !(place < head.Size)))
        {
            return Behind;
        }

        var proofs = await log.TreeOf(head).InclusionsAsync(places.Select(place => place!.Value), cancel);
        var proven = parts.Zip(places, (part, place) => part.Part with { Proof = new(place!.Value, proofs[place.Value]) }).ToList();
        var file = new EvidenceFile(proven[0], proven[1..], signed).Encode();
        return file.Length <= EvidenceFile.MaxBytes ? file : TooLarge("bytes", file.Length, EvidenceFile.MaxBytes);
    }

    private static Refusal TooLarge(string what, long asked, long maximum) => new Refusal(
        StatusCodes.Status422UnprocessableEntity, "EVIDENCE_TOO_LARGE", $"The evidence has more {what} than one file holds.",
        "Ask for the statements one by one, with their proofs, under /api/log/statements.").With(what, asked).With("maximum", maximum);
}
