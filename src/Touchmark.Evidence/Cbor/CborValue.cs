using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Touchmark.Evidence.Cbor;

/// <summary>
/// One CBOR data item (RFC 8949) of the subset that statements, documents and wire messages use: integers, byte and text strings,
/// arrays, maps, tags, booleans, null and floating point. There is no undefined, no unassigned simple value and no indefinite length.
/// </summary>
[SuppressMessage("Usage", "CA2225", Justification = "The conversions exist to make literals readable; the constructors are the alternates.")]
public abstract record CborValue
{
    private protected CborValue()
    {
    }

    public static implicit operator CborValue(long value) => new CborInteger(value);

    public static implicit operator CborValue(ulong value) => new CborInteger(false, value);

    public static implicit operator CborValue(int value) => new CborInteger(value);

    public static implicit operator CborValue(double value) => new CborFloat(value);

    public static implicit operator CborValue(bool value) => new CborBoolean(value);

    public static implicit operator CborValue(string value) => new CborText(value);

    public static implicit operator CborValue(byte[] value) => new CborBytes(value);

    public static implicit operator CborValue(ReadOnlyMemory<byte> value) => new CborBytes(value);
}

/// <summary>Major types 0 and 1: from -2^64 to 2^64 - 1. (Not an <see cref="Int128"/>: code that has one in a signature cannot be compiled ahead.)</summary>
/// <param name="IsNegative">Major type 1.</param>
/// <param name="Argument">The value, or what is left of it from -1 downwards.</param>
public sealed record CborInteger(bool IsNegative, ulong Argument) : CborValue
{
    public CborInteger(long value)
        : this(value < 0, (ulong)(value < 0 ? ~value : value))
    {
    }

    /// <summary>The value; null where a <see cref="long"/> does not hold it.</summary>
    public long? Value => Argument > long.MaxValue ? null : IsNegative ? ~(long)Argument : (long)Argument;

    public override string ToString() => Value?.ToString(CultureInfo.InvariantCulture) ?? (IsNegative ? -1 - (Int128)Argument : Argument).ToString(CultureInfo.InvariantCulture);
}

/// <summary>Major type 2.</summary>
public sealed record CborBytes(ReadOnlyMemory<byte> Value) : CborValue;

/// <summary>Major type 3, valid UTF-8 on the wire.</summary>
public sealed record CborText(string Value) : CborValue;

/// <summary>Major type 4.</summary>
public sealed record CborArray(IReadOnlyList<CborValue> Items) : CborValue
{
    /// <summary>An array of <paramref name="items"/> in their order.</summary>
    public static CborArray Of(params IReadOnlyList<CborValue> items) => new(items);
}

/// <summary>Major type 5. The encoder puts the entries in order; a decoded map has them in order already.</summary>
public sealed record CborMap(IReadOnlyList<KeyValuePair<CborValue, CborValue>> Entries) : CborValue
{
    /// <summary>A map of the entries whose value is not null: an absent optional field is left out, never written as null.</summary>
    public static CborMap Of(params ReadOnlySpan<(CborValue Key, CborValue? Value)> entries)
    {
        var present = new List<KeyValuePair<CborValue, CborValue>>(entries.Length);
        foreach (var (key, value) in entries)
        {
            if (value is not null)
            {
                present.Add(new(key, value));
            }
        }
        return new(present);
    }

    /// <summary>The value under an integer or text <paramref name="key"/>, or null.</summary>
    public CborValue? Find(CborValue key)
    {
        foreach (var entry in Entries)
        {
            if (entry.Key == key)
            {
                return entry.Value;
            }
        }
        return null;
    }
}

/// <summary>Major type 6.</summary>
public sealed record CborTagged(ulong Tag, CborValue Content) : CborValue;

/// <summary>Simple values 20 and 21.</summary>
public sealed record CborBoolean(bool Value) : CborValue;

/// <summary>Simple value 22.</summary>
public sealed record CborNull : CborValue
{
    private CborNull()
    {
    }

    public static CborNull Instance { get; } = new();
}

/// <summary>Floating point; encoded in the shortest of binary16, binary32 and binary64 that keeps the value.</summary>
public sealed record CborFloat(double Value) : CborValue;
