using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification;

/// <summary>
/// Checks audit records one after the other: each is signed, and follows the one before without a gap. What it cannot see: records that were cut off at the end, and a chain that
/// whoever holds the signing keys wrote anew.
/// </summary>
/// <param name="trust">Pinned keys.</param>
/// <param name="now">The verifier's time.</param>
public sealed class AuditChain(TrustStore trust, DateTimeOffset now)
{
    private ReadOnlyMemory<byte>? _previous;

    /// <summary>How many records were in order.</summary>
    public long Length { get; private set; }

    /// <summary>Takes the next record; what is wrong with it in words, or null.</summary>
    public string? Add(ReadOnlyMemory<byte> envelope)
    {
        var verdict = StatementVerifier.Verify<AuditRecord>(new StatementPart(envelope, null), trust, now, out var record);
        if (record is null)
        {
            return $"record {Length + 1}: {verdict.Checks.First(check => check.Outcome == CheckOutcome.Failed).Words}";
        }
        if (record.Number != Length + 1)
        {
            return $"record {Length + 1} is missing: record {record.Number} follows record {Length}.";
        }
        if (_previous is { } previous && !previous.Span.SequenceEqual(record.Previous!.Value.Span))
        {
            return $"record {record.Number} does not follow record {Length} as it stands here: one of both was replaced.";
        }
        _previous = CoseStructures.Sha256(envelope);
        Length = record.Number;
        return null;
    }
}
