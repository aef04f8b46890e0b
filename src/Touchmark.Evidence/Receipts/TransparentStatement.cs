using System.Diagnostics.CodeAnalysis;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Receipts;

/// <summary>
/// An envelope that carries its receipts in its unprotected header (394, RFC 9942; a "transparent statement" of RFC 9943). What was signed and logged is the envelope without them: they are
/// taken out before it is read.
/// </summary>
public static class TransparentStatement
{
    public const string MediaType = "application/cose";

    private const long Receipts = 394;
    private const int MaxReceipts = 16;

    private static readonly CborLimits Limits = new(Statement.MaxBytes + ((CoseReceipt.MaxBytes + 16) * MaxReceipts), MaxDepth: 8, MaxItems: 256);

    /// <summary>Puts receipts into an envelope that has none.</summary>
    /// <exception cref="ArgumentException">Not an envelope, or one with receipts.</exception>
    public static byte[] With(ReadOnlyMemory<byte> envelope, IReadOnlyList<CoseReceipt> receipts)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(receipts.Count, MaxReceipts);
        if (!TryTakeApart(envelope, out var parts, out var header, out var problem) || header.Find(Receipts) is not null)
        {
            throw new ArgumentException(problem ?? "The envelope has receipts.", nameof(envelope));
        }
        return Join(parts, [.. header.Entries, new(Receipts, new CborArray([.. receipts.Select(receipt => (CborValue)receipt.Encode())]))]);
    }

    /// <summary>Takes the receipts out; false and a problem in words when there are none, or it is anything else. Verifies nothing.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> encoding, [NotNullWhen(true)] out byte[]? envelope, [NotNullWhen(true)] out IReadOnlyList<CoseReceipt>? receipts, [NotNullWhen(false)] out string? problem)
    {
        (envelope, receipts) = (null, null);
        if (!TryTakeApart(encoding, out var parts, out var header, out problem))
        {
            return false;
        }
        if (header.Find(Receipts) is not CborArray { Items: { Count: >= 1 and <= MaxReceipts } items })
        {
            problem = $"the unprotected header has no array of 1 to {MaxReceipts} receipts (394)";
            return false;
        }
        var found = new List<CoseReceipt>();
        foreach (var item in items)
        {
            if (item is not CborBytes bytes || !CoseReceipt.TryParse(bytes.Value, out var receipt, out problem))
            {
                problem = $"receipt {found.Count + 1}: {problem ?? "not a byte string"}";
                return false;
            }
            found.Add(receipt);
        }
        (envelope, receipts, problem) = (Join(parts, [.. header.Entries.Where(entry => entry.Key != Receipts)]), found, null);
        return true;
    }

    private static bool TryTakeApart(ReadOnlyMemory<byte> encoding, [NotNullWhen(true)] out IReadOnlyList<CborValue>? parts, [NotNullWhen(true)] out CborMap? header, [NotNullWhen(false)] out string? problem)
    {
        (parts, header) = (null, null);
        if (!DeterministicCbor.TryDecode(encoding, out var value, out problem, Limits))
        {
            return false;
        }
        if (value is not CborTagged { Tag: CoseLabels.Sign1Tag, Content: CborArray { Items: [_, CborMap unprotected, _, _] items } })
        {
            problem = "not a COSE_Sign1 (tag 18)";
            return false;
        }
        (parts, header) = (items, unprotected);
        return true;
    }

    private static byte[] Join(IReadOnlyList<CborValue> parts, IReadOnlyList<KeyValuePair<CborValue, CborValue>> header) =>
        DeterministicCbor.Encode(new CborTagged(CoseLabels.Sign1Tag, CborArray.Of(parts[0], new CborMap(header), parts[2], parts[3])));
}
