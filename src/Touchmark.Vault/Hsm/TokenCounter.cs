using System.Buffers.Binary;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Log.Tree;

namespace Touchmark.Vault.Hsm;

/// <summary>A counter that only hardware can put back, if anything can: an NV index of a TPM.</summary>
internal interface IHardwareCounter
{
    long Read();

    /// <returns>The value after it, which no other caller is given.</returns>
    long Increment();
}

/// <summary>
/// The machine counter: a value and a mark in the token. With a hardware counter the value is the hardware's, less what that stood at when the vault began;
/// the token's record then only follows it, by at most the one increment that a crash cut off.
/// Layout of the record: i64 value | i64 base | i64 mark's size (-1: none) | mark's root (32), big-endian.
/// </summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class TokenCounter(Token token, TokenLease lease, IHardwareCounter? hardware)
{
    private const string Label = "touchmark/counter";
    private const int Size = (3 * sizeof(long)) + TreeHash.Size;

    private readonly TokenRecord _record = new(token, Label);
    private long _handedOut;

    /// <exception cref="HsmException">COUNTER_WENT_BACK: the token knows less than it did before.</exception>
    public CounterReading Read() => Current().Reading;

    /// <exception cref="HsmException">COUNTER_WENT_BACK, or HSM_TAKEN_OVER.</exception>
    public CounterReading Increment(ManifestMark mark)
    {
        lease.Require();
        var (before, origin) = Current();
        var value = hardware is null ? before.Value + 1 : hardware.Increment() - origin;
        Write(new(value, mark), origin);
        // A value that was not handed out may be taken again; one that was, never.
        _handedOut = value;
        return new(value, mark);
    }

    public void Confirm(ManifestMark mark)
    {
        lease.Require();
        var (before, origin) = Current();
        Write(before with { Mark = mark }, origin);
    }

    private void Write(CounterReading reading, long origin)
    {
        Span<byte> content = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(content, reading.Value);
        BinaryPrimitives.WriteInt64BigEndian(content[8..], origin);
        BinaryPrimitives.WriteInt64BigEndian(content[16..], reading.Mark?.Size ?? -1);
        reading.Mark?.Root.CopyTo(content[24..]);
        _record.Write(content);
        // Last, so that of two holders at most one gets past it with the same value (docs/decisions/0020-counter.md).
        lease.Require();
    }

    private (CounterReading Reading, long Origin) Current()
    {
        var (reading, origin) = Parse(_record.Read());
        if (hardware is null)
        {
            return reading.Value >= _handedOut ? (reading, origin) : throw WentBack($"The token's counter stands at {reading.Value}, and {_handedOut} was handed out.");
        }
        var counted = hardware.Read();
        if (origin == Unset)
        {
            return (reading, counted);
        }
        // One increment may have been cut off before it was written down; more than one cannot, as each start writes it down.
        var value = counted - origin;
        if (value == reading.Value + 1)
        {
            Write(reading with { Value = value }, origin);
        }
        else if (value != reading.Value)
        {
            throw WentBack($"The TPM has counted {value}, the token's record {reading.Value}: one of them was restored from a copy, or exchanged.");
        }
        return value >= _handedOut ? (reading with { Value = value }, origin) : throw WentBack($"The TPM has counted {value}, and {_handedOut} was handed out.");
    }

    private const long Unset = -1;

    private (CounterReading Reading, long Origin) Parse(byte[]? content)
    {
        if (content is null)
        {
            return (new(0, null), hardware is null ? 0 : Unset);
        }
        if (content.Length != Size)
        {
            throw new TokenLiedException($"The counter's record in the token has {content.Length} bytes instead of {Size}.");
        }
        var size = BinaryPrimitives.ReadInt64BigEndian(content.AsSpan(16));
        return (
            new(BinaryPrimitives.ReadInt64BigEndian(content), size < 0 ? null : new ManifestMark(size, new TreeHash(content.AsSpan(24)))),
            BinaryPrimitives.ReadInt64BigEndian(content.AsSpan(8)));
    }

    private static HsmException WentBack(string reason) => new(new HsmFault(
        HsmState.Failing, "COUNTER_WENT_BACK", reason, "Put the real token back. If it is lost, hold the ceremony that replaces it; nothing is signed until then."));
}
