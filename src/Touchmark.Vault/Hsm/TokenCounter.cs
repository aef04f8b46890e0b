using System.Buffers.Binary;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Log.Tree;

namespace Touchmark.Vault.Hsm;

/// <summary>
/// The machine counter: a value and a mark in the token. With a TPM counter the value is the TPM's, less what that stood at when the vault began;
/// the token's record then only follows it, by at most the one increment that a crash cut off.
/// Layout of the record: i64 value | i64 base | i64 mark's size (-1: none) | mark's root (32), big-endian.
/// </summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class TokenCounter(Token token, TokenLease lease, TpmCounter? tpm)
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
        var current = Current();
        var value = tpm is null ? current.Reading.Value + 1 : tpm.Increment() - current.Origin;
        var taken = Write(current, new(value, mark));
        // A value that was not handed out may be taken again; one that was, never.
        _handedOut = value;
        return taken;
    }

    public void Confirm(ManifestMark mark)
    {
        var current = Current();
        Write(current, current.Reading with { Mark = mark });
    }

    private CounterReading Write(State before, CounterReading reading)
    {
        Span<byte> content = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(content, reading.Value);
        BinaryPrimitives.WriteInt64BigEndian(content[8..], before.Origin);
        BinaryPrimitives.WriteInt64BigEndian(content[16..], reading.Mark?.Size ?? -1);
        reading.Mark?.Root.CopyTo(content[24..]);
        _record.Write(before.Version, content);
        // Last, so that of two holders at most one gets past it with the same value (docs/decisions/0020-counter.md).
        lease.Require();
        return reading;
    }

    private State Current()
    {
        var state = Parse(_record.Read());
        if (tpm is not null)
        {
            state = Follow(state, tpm.Read());
        }
        return state.Reading.Value >= _handedOut ? state
            : throw WentBack($"The token's counter stands at {state.Reading.Value}, and {_handedOut} was handed out.");
    }

    /// <summary>The TPM decides. It may be one ahead, by an increment that was cut off before it was written down; more it cannot be, as that is done here.</summary>
    private State Follow(State state, long counted)
    {
        if (state.Version.Sequence == 0)
        {
            return state with { Origin = counted };
        }
        var value = counted - state.Origin;
        if (value == state.Reading.Value)
        {
            return state;
        }
        if (value != state.Reading.Value + 1)
        {
            throw WentBack($"The TPM has counted {value}, the token's record {state.Reading.Value}: one of them was restored from a copy, or exchanged.");
        }
        Write(state, state.Reading with { Value = value });
        return Parse(_record.Read());
    }

    private static State Parse(RecordVersion version)
    {
        var content = version.Content;
        if (version.Sequence == 0)
        {
            return new(version, new(0, null), 0);
        }
        if (content.Length != Size)
        {
            throw new TokenLiedException($"The counter's record in the token has {content.Length} bytes instead of {Size}.");
        }
        var size = BinaryPrimitives.ReadInt64BigEndian(content.AsSpan(16));
        var mark = size < 0 ? null : new ManifestMark(size, new TreeHash(content.AsSpan(24)));
        return new(version, new(BinaryPrimitives.ReadInt64BigEndian(content), mark), BinaryPrimitives.ReadInt64BigEndian(content.AsSpan(8)));
    }

    private static HsmException WentBack(string reason) => new(new HsmFault(
        HsmState.Failing, "COUNTER_WENT_BACK", reason, "Put the real token back. If it is lost, hold the ceremony that replaces it; nothing is signed until then."));

    /// <param name="Version">As it was read.</param>
    /// <param name="Reading">What it says.</param>
    /// <param name="Origin">What the TPM's counter stood at when the vault began; 0 without one.</param>
    private readonly record struct State(RecordVersion Version, CounterReading Reading, long Origin);
}
