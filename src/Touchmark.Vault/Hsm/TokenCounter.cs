using System.Buffers.Binary;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Log.Tree;

namespace Touchmark.Vault.Hsm;

/// <summary>
/// The machine counter: a value and a mark in the token. Values can be set aside: the token then says the last of them, and each is given from memory. What is set aside and not given when the
/// process is killed is given to nobody. With a TPM counter the value is the TPM's, less what that stood at when the vault began; the token's record then only follows it, by at most the one
/// increment that a crash cut off.
/// Layout of the record: i64 value | i64 base | i64 mark's size (-1: none) | mark's root (32), big-endian.
/// </summary>
/// <remarks>One thread at a time, but for <see cref="TryTake"/>, <see cref="IsLow"/> and <see cref="Returnable"/>, which ask nothing of the token.</remarks>
internal sealed class TokenCounter(Token token, TokenLease lease, TpmCounter? tpm)
{
    private const string Label = "touchmark/counter";
    private const int Size = (3 * sizeof(long)) + TreeHash.Size;

    private readonly TokenRecord _record = new(token, Label);
    private readonly Lock _values = new();

    // What lies between them is in the token already, and ours. A token that says less than the limit went back; one that says more was counted on by somebody else, or by a write whose end we did not see.
    private long _given;
    private long _limit;

    /// <summary>A kill makes a gap of at most so many values. A TPM counts one by one.</summary>
    internal const int MostAside = 16;

    /// <summary>Values that are set aside, and that <see cref="Confirm"/> gives back: a TPM takes nothing back.</summary>
    public int Returnable => tpm is null ? Aside : 0;

    /// <summary>Whether it is time to set values aside.</summary>
    public bool IsLow => Aside <= Most / 2;

    private int Most => tpm is null ? MostAside : 1;

    private int Aside
    {
        get
        {
            lock (_values)
            {
                return (int)(_limit - _given);
            }
        }
    }

    /// <returns>The last value that was given, and the mark of the last write.</returns>
    /// <exception cref="HsmException">COUNTER_WENT_BACK: the token knows less than it did before.</exception>
    public CounterReading Read()
    {
        var current = Current();
        lock (_values)
        {
            return current.Reading with { Value = _given };
        }
    }

    /// <summary>A value that was set aside; null when there is none.</summary>
    public long? TryTake()
    {
        lock (_values)
        {
            return _given < _limit ? ++_given : null;
        }
    }

    /// <exception cref="HsmException">COUNTER_WENT_BACK, or HSM_TAKEN_OVER.</exception>
    public long Increment(ManifestMark mark)
    {
        if (Aside == 0)
        {
            SetAside(1, mark);
        }
        return TryTake() ?? throw new InvalidOperationException("Somebody else takes values while one counts.");
    }

    /// <summary>Sets values aside where few are left.</summary>
    /// <exception cref="HsmException">COUNTER_WENT_BACK, or HSM_TAKEN_OVER.</exception>
    public void SetAside(ManifestMark mark)
    {
        if (IsLow)
        {
            SetAside(Most, mark);
        }
    }

    private void SetAside(int values, ManifestMark mark)
    {
        var current = Current();
        var limit = tpm is null ? current.Reading.Value + values - Aside : tpm.Increment() - current.Origin;
        Write(current, new(limit, mark));
        lock (_values)
        {
            _limit = limit;
        }
    }

    /// <summary>Lets the token say the last value that was given, and the mark. Nothing is set aside then, but for what a TPM has counted already.</summary>
    public void Confirm(ManifestMark mark)
    {
        var current = Current();
        long value;
        lock (_values)
        {
            // Nobody gets them any more, whatever becomes of the write.
            value = _limit = tpm is null ? _given : _limit;
        }
        Write(current, new(value, mark));
    }

    private void Write(State before, CounterReading reading)
    {
        Span<byte> content = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(content, reading.Value);
        BinaryPrimitives.WriteInt64BigEndian(content[8..], before.Origin);
        BinaryPrimitives.WriteInt64BigEndian(content[16..], reading.Mark?.Size ?? -1);
        reading.Mark?.Root.CopyTo(content[24..]);
        _record.Write(before.Version, content);
        // Last, so that of two holders at most one gets past it with the same value (docs/decisions/0020-counter.md).
        lease.Require();
    }

    /// <summary>What the token says, of which the values that are set aside are known to be ours.</summary>
    private State Current()
    {
        var state = Parse(_record.Read());
        if (tpm is not null)
        {
            state = Follow(state, tpm.Read());
        }
        var value = state.Reading.Value;
        lock (_values)
        {
            if (value < _limit)
            {
                throw WentBack($"The token's counter stands at {value}, and {_limit} was taken of it.");
            }
            if (value > _limit)
            {
                (_given, _limit) = (value, value);
            }
        }
        return state;
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
