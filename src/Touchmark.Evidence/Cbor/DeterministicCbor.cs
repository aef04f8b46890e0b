using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;

namespace Touchmark.Evidence.Cbor;

/// <summary>
/// Deterministically encoded CBOR, RFC 8949 section 4.2.1: definite lengths, shortest arguments, shortest floating point that keeps the value,
/// map keys in bytewise order of their encodings. One value has one encoding, so what was signed can be encoded again.
/// </summary>
public static class DeterministicCbor
{
    /// <summary>The one encoding of <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentException">A map has a key twice, a text is not valid UTF-16, or an integer is outside -2^64 to 2^64 - 1.</exception>
    public static byte[] Encode(CborValue value)
    {
        // Lax, because the framework's Canonical mode wants keys shorter first (RFC 7049), which is another order than bytewise.
        var writer = new CborWriter(CborConformanceMode.Lax);
        Write(writer, value);
        return writer.Encode();
    }

    /// <summary>Decodes one data item that fills <paramref name="encoding"/> and is deterministically encoded. Never throws.</summary>
    /// <param name="encoding">Untrusted bytes. The value that is returned keeps no reference to them.</param>
    /// <param name="value">The item, when the result is true.</param>
    /// <param name="problem">What is wrong with the bytes, in words, when the result is false.</param>
    /// <param name="limits">Bounds on what is accepted; <see cref="CborLimits.Default"/> when absent.</param>
    public static bool TryDecode(ReadOnlyMemory<byte> encoding, [NotNullWhen(true)] out CborValue? value, [NotNullWhen(false)] out string? problem,
        CborLimits? limits = null)
    {
        value = null;
        limits ??= CborLimits.Default;
        if (encoding.Length > limits.MaxBytes)
        {
            problem = $"{encoding.Length} bytes of CBOR, at most {limits.MaxBytes} are accepted";
            return false;
        }
        var decoder = new Decoder(encoding, limits);
        problem = decoder.Decode(out var decoded);
        if (problem is null && !encoding.Span.SequenceEqual(Encode(decoded!)))
        {
            problem = "not deterministically encoded (RFC 8949 section 4.2.1)";
        }
        value = problem is null ? decoded : null;
        return problem is null;
    }

    private static void Write(CborWriter writer, CborValue value)
    {
        switch (value)
        {
            case CborInteger { IsNegative: false, Argument: var argument }:
                writer.WriteUInt64(argument);
                break;
            case CborInteger { Argument: var argument }:
                writer.WriteCborNegativeIntegerRepresentation(argument);
                break;
            case CborBytes bytes:
                writer.WriteByteString(bytes.Value.Span);
                break;
            case CborText text:
                writer.WriteTextString(text.Value);
                break;
            case CborArray array:
                writer.WriteStartArray(array.Items.Count);
                foreach (var item in array.Items)
                {
                    Write(writer, item);
                }
                writer.WriteEndArray();
                break;
            case CborMap map:
                WriteMap(writer, map);
                break;
            case CborTagged tagged:
                writer.WriteTag((CborTag)tagged.Tag);
                Write(writer, tagged.Content);
                break;
            case CborBoolean boolean:
                writer.WriteBoolean(boolean.Value);
                break;
            case CborNull:
                writer.WriteNull();
                break;
            case CborFloat number when double.IsNaN(number.Value):
                // One NaN: the quiet one without payload, in its shortest form.
                writer.WriteHalf(BitConverter.UInt16BitsToHalf(0x7e00));
                break;
            case CborFloat number:
                writer.WriteDouble(number.Value);
                break;
            default:
                throw new ArgumentException($"no encoding for {value.GetType().Name}", nameof(value));
        }
    }

    private static void WriteMap(CborWriter writer, CborMap map)
    {
        var entries = new (byte[] Key, CborValue Value)[map.Entries.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = (Encode(map.Entries[i].Key), map.Entries[i].Value);
        }
        Array.Sort(entries, static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        writer.WriteStartMap(entries.Length);
        for (var i = 0; i < entries.Length; i++)
        {
            if (i > 0 && entries[i].Key.AsSpan().SequenceEqual(entries[i - 1].Key))
            {
                throw new ArgumentException("a CBOR map has each key once", nameof(map));
            }
            writer.WriteEncodedValue(entries[i].Key);
            Write(writer, entries[i].Value);
        }
        writer.WriteEndMap();
    }

    private sealed class Decoder(ReadOnlyMemory<byte> encoding, CborLimits limits)
    {
        private readonly CborReader _reader = new(encoding, CborConformanceMode.Strict);
        private int _items;

        public string? Decode(out CborValue? value)
        {
            value = null;
            try
            {
                value = Read(depth: 0);
                return _reader.BytesRemaining == 0 ? null : $"{_reader.BytesRemaining} bytes after the end of the CBOR item";
            }
            catch (RefusedException refused)
            {
                return refused.Message;
            }
            catch (Exception error) when (error is CborContentException or InvalidOperationException or FormatException or OverflowException)
            {
                return "not well-formed CBOR";
            }
        }

        private CborValue Read(int depth)
        {
            if (depth > limits.MaxDepth)
            {
                throw new RefusedException($"CBOR nested deeper than {limits.MaxDepth} levels");
            }
            if (++_items > limits.MaxItems)
            {
                throw new RefusedException($"more than {limits.MaxItems} CBOR items");
            }
            var state = _reader.PeekState();
            switch (state)
            {
                case CborReaderState.UnsignedInteger:
                    return new CborInteger(false, _reader.ReadUInt64());
                case CborReaderState.NegativeInteger:
                    return new CborInteger(true, _reader.ReadCborNegativeIntegerRepresentation());
                case CborReaderState.ByteString:
                    return new CborBytes(_reader.ReadByteString());
                case CborReaderState.TextString:
                    return new CborText(_reader.ReadTextString());
                case CborReaderState.StartArray:
                    return ReadArray(depth);
                case CborReaderState.StartMap:
                    return ReadMap(depth);
                case CborReaderState.Tag:
                    return new CborTagged((ulong)_reader.ReadTag(), Read(depth + 1));
                case CborReaderState.Boolean:
                    return new CborBoolean(_reader.ReadBoolean());
                case CborReaderState.Null:
                    _reader.ReadNull();
                    return CborNull.Instance;
                case CborReaderState.HalfPrecisionFloat or CborReaderState.SinglePrecisionFloat or CborReaderState.DoublePrecisionFloat:
                    return new CborFloat(_reader.ReadDouble());
                default:
                    throw new RefusedException($"CBOR item of a kind that is not accepted ({state})");
            }
        }

        private CborArray ReadArray(int depth)
        {
            RefuseIndefinite(_reader.ReadStartArray());
            var list = new List<CborValue>();
            while (_reader.PeekState() != CborReaderState.EndArray)
            {
                list.Add(Read(depth + 1));
            }
            _reader.ReadEndArray();
            return new(list);
        }

        private CborMap ReadMap(int depth)
        {
            RefuseIndefinite(_reader.ReadStartMap());
            var entries = new List<KeyValuePair<CborValue, CborValue>>();
            while (_reader.PeekState() != CborReaderState.EndMap)
            {
                var key = Read(depth + 1);
                entries.Add(new(key, Read(depth + 1)));
            }
            _reader.ReadEndMap();
            return new(entries);
        }

        private static void RefuseIndefinite(int? count)
        {
            if (count is null)
            {
                throw new RefusedException("CBOR of indefinite length");
            }
        }
    }

    private sealed class RefusedException(string message) : Exception(message);
}
