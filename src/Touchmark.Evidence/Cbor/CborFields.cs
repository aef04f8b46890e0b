namespace Touchmark.Evidence.Cbor;

/// <summary>
/// Reads the fields of one map with text keys, strictly: each field has its type and range, and no field is left over. The first problem is kept
/// and everything after it yields empty values, so that a decoder reads its fields in one go and asks once, at the end.
/// </summary>
public sealed class CborFields
{
    private static readonly CborMap Nothing = new([]);

    private readonly CborMap _map;
    private readonly string _path;
    private readonly Sink _sink;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    private CborFields(CborValue? value, string path, Sink sink)
    {
        _path = path;
        _sink = sink;
        _map = value as CborMap ?? Nothing;
        if (value is not CborMap)
        {
            sink.Report($"{path}: not a map");
        }
    }

    /// <summary>Decodes a map by <paramref name="readFields"/>; null and a problem in words when any field is wrong, missing or unknown.</summary>
    public static T? Decode<T>(CborValue value, string name, Func<CborFields, T> readFields, out string? problem)
        where T : class
    {
        var fields = new CborFields(value, name, new Sink());
        var result = fields.ReadAll(readFields);
        problem = fields._sink.Problem;
        return problem is null ? result : null;
    }

    /// <summary>Whether the field is there, whatever it holds.</summary>
    public bool Has(string key)
    {
        _read.Add(key);
        return _map.Find(key) is not null;
    }

    public string Text(string key, int maxLength = 256) => OptionalText(key, maxLength) ?? Missing(key, "");

    public string? OptionalText(string key, int maxLength = 256)
    {
        var value = Take<CborText>(key, "text")?.Value;
        return value is not { Length: var length } || length <= maxLength ? value : Wrong<string?>(key, $"longer than {maxLength} characters", null);
    }

    public long Integer(string key, long min = 0, long max = long.MaxValue) => OptionalInteger(key, min, max) ?? Missing(key, 0L);

    public long? OptionalInteger(string key, long min = 0, long max = long.MaxValue)
    {
        if (Take<CborInteger>(key, "an integer") is not { } integer)
        {
            return null;
        }
        return integer.Value is { } value && value >= min && value <= max ? value : Wrong<long?>(key, $"outside {min} to {max}", null);
    }

    /// <summary>A finite number, always floating point on the wire.</summary>
    public double Number(string key, double min = double.MinValue, double max = double.MaxValue) => OptionalNumber(key, min, max) ?? Missing(key, 0d);

    public double? OptionalNumber(string key, double min = double.MinValue, double max = double.MaxValue)
    {
        var value = Take<CborFloat>(key, "a floating point number")?.Value;
        return value is not { } number || (number >= min && number <= max) ? value : Wrong<double?>(key, $"outside {min:R} to {max:R}", null);
    }

    public bool Boolean(string key) => OptionalBoolean(key) ?? Missing(key, false);

    public bool? OptionalBoolean(string key) => Take<CborBoolean>(key, "a boolean")?.Value;

    /// <summary>A byte string of exactly <paramref name="length"/> bytes.</summary>
    public ReadOnlyMemory<byte> Bytes(string key, int length) => Bytes(key, length, length);

    public ReadOnlyMemory<byte> Bytes(string key, int minLength, int maxLength) =>
        OptionalBytes(key, minLength, maxLength) ?? Missing(key, ReadOnlyMemory<byte>.Empty);

    public ReadOnlyMemory<byte>? OptionalBytes(string key, int minLength, int maxLength)
    {
        var value = Take<CborBytes>(key, "a byte string")?.Value;
        return value is not { Length: var length } || (length >= minLength && length <= maxLength)
            ? value
            : Wrong<ReadOnlyMemory<byte>?>(key, minLength == maxLength ? $"not {minLength} bytes" : $"not {minLength} to {maxLength} bytes", null);
    }

    /// <summary>A UUID: 16 bytes, big-endian.</summary>
    public Guid Id(string key) => OptionalId(key) ?? Missing(key, Guid.Empty);

    public Guid? OptionalId(string key) => OptionalBytes(key, 16, 16) is { } bytes ? new Guid(bytes.Span, bigEndian: true) : null;

    /// <summary>Microseconds since 1970-01-01T00:00:00Z.</summary>
    public DateTimeOffset Time(string key) => OptionalTime(key) ?? Missing(key, DateTimeOffset.UnixEpoch);

    public DateTimeOffset? OptionalTime(string key) =>
        OptionalInteger(key, 0, CborTime.Latest) is { } microseconds ? CborTime.FromMicroseconds(microseconds) : null;

    /// <summary>An array of texts.</summary>
    public IReadOnlyList<string> Texts(string key, int maxCount, int maxLength = 256) =>
        List(key, maxCount, item => item is CborText { Value: var text } && text.Length <= maxLength ? text
            : Wrong(key, "holds something other than short texts", ""));

    /// <summary>An array of texts, or nothing where it is missing: an empty one is not written, and refused.</summary>
    public IReadOnlyList<string> OptionalTexts(string key, int maxCount, int maxLength = 256)
    {
        if (!Has(key))
        {
            return [];
        }
        var texts = Texts(key, maxCount, maxLength);
        return texts.Count > 0 ? texts : Wrong<IReadOnlyList<string>>(key, "empty", []);
    }

    /// <summary>An array of UUIDs.</summary>
    public IReadOnlyList<Guid> Ids(string key, int maxCount) =>
        List(key, maxCount, item => item is CborBytes { Value: { Length: 16 } id } ? new Guid(id.Span, bigEndian: true)
            : Wrong(key, "holds something other than UUIDs", Guid.Empty));

    /// <summary>An array of maps.</summary>
    public IReadOnlyList<T> Maps<T>(string key, int maxCount, Func<CborFields, T> readItem) =>
        List(key, maxCount, item => new CborFields(item, $"{_path}.{key}", _sink).ReadAll(readItem));

    /// <summary>An array of finite floating point numbers.</summary>
    public IReadOnlyList<double> Numbers(string key, int maxCount) =>
        List(key, maxCount, item => item is CborFloat { Value: var number } ? number : Wrong(key, "holds something other than floating point numbers", 0d));

    /// <summary>An array of SHA-256 values.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Hashes(string key, int maxCount) =>
        List(key, maxCount, item => item is CborBytes { Value: { Length: 32 } hash } ? hash : Wrong(key, "holds something other than SHA-256 values", ReadOnlyMemory<byte>.Empty));

    /// <summary>A map from names that the document chooses to maps of the same fields.</summary>
    public IReadOnlyDictionary<string, T> Named<T>(string key, int maxCount, int maxLength, Func<CborFields, T> readItem)
    {
        var items = new Dictionary<string, T>(StringComparer.Ordinal);
        if ((Take<CborMap>(key, "a map") ?? Missing<CborMap?>(key, null)) is not { Entries: var entries } || entries.Count > maxCount)
        {
            return Wrong<IReadOnlyDictionary<string, T>>(key, $"more than {maxCount} entries", items);
        }
        foreach (var (name, value) in entries)
        {
            if (name is not CborText { Value: { Length: > 0 } text } || text.Length > maxLength)
            {
                return Wrong<IReadOnlyDictionary<string, T>>(key, $"a name in it is not text of 1 to {maxLength} characters", items);
            }
            items.Add(text, new CborFields(value, $"{_path}.{key}.{text}", _sink).ReadAll(readItem));
        }
        return items;
    }

    /// <summary>A nested map.</summary>
    public T Map<T>(string key, Func<CborFields, T> readFields) =>
        new CborFields(Take<CborMap>(key, "a map") ?? Missing<CborValue?>(key, null), $"{_path}.{key}", _sink).ReadAll(readFields);

    /// <summary>A nested map, or null.</summary>
    public T? OptionalMap<T>(string key, Func<CborFields, T> readFields)
        where T : class
    {
        _read.Add(key);
        return _map.Find(key) is null ? null : Map(key, readFields);
    }

    /// <summary>One of the names in <paramref name="names"/>, as the enum value beside it.</summary>
    public T Choice<T>(string key, (T Value, string Name)[] names)
        where T : struct => OptionalChoice(key, names) ?? Missing(key, default(T));

    /// <inheritdoc cref="Choice"/>
    public T? OptionalChoice<T>(string key, (T Value, string Name)[] names)
        where T : struct
    {
        if (OptionalText(key) is not { } text)
        {
            return null;
        }
        foreach (var (value, name) in names)
        {
            if (string.Equals(name, text, StringComparison.Ordinal))
            {
                return value;
            }
        }
        return Wrong<T?>(key, "not a known value", null);
    }

    /// <summary>Reports that a field that was read is wrong for a reason the reader found out itself.</summary>
    public void Refuse(string key, string reason) => _sink.Report($"{_path}.{key}: {reason}");

    private T[] List<T>(string key, int maxCount, Func<CborValue, T> convert)
    {
        var items = Take<CborArray>(key, "an array")?.Items;
        if (items is null)
        {
            return Missing<T[]>(key, []);
        }
        if (items.Count > maxCount)
        {
            return Wrong<T[]>(key, $"more than {maxCount} items", []);
        }
        var values = new T[items.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = convert(items[i]);
        }
        return values;
    }

    private T ReadAll<T>(Func<CborFields, T> readFields)
    {
        var result = readFields(this);
        foreach (var (key, _) in _map.Entries)
        {
            if (key is not CborText { Value: var name } || !_read.Contains(name))
            {
                _sink.Report($"{_path}: unknown field {(key as CborText)?.Value ?? "that is not text"}");
            }
        }
        return result;
    }

    private T? Take<T>(string key, string kind)
        where T : CborValue
    {
        _read.Add(key);
        return _map.Find(key) switch
        {
            null => null,
            T value => value,
            _ => Wrong<T?>(key, $"not {kind}", null),
        };
    }

    private T Missing<T>(string key, T substitute) => Wrong(key, "missing", substitute);

    private T Wrong<T>(string key, string reason, T substitute)
    {
        Refuse(key, reason);
        return substitute;
    }

    private sealed class Sink
    {
        public string? Problem { get; private set; }

        public void Report(string problem) => Problem ??= problem;
    }
}

/// <summary>Times in documents, in messages and in the database: UTC microseconds since 1970-01-01T00:00:00Z.</summary>
public static class CborTime
{
    /// <summary>The last microsecond that <see cref="DateTimeOffset"/> can hold.</summary>
    internal static readonly long Latest = (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    public static long ToMicroseconds(this DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset FromMicroseconds(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}
