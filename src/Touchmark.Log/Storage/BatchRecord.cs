using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Touchmark.Log.Notes;
using Touchmark.Log.Writing;

namespace Touchmark.Log.Storage;

/// <summary>
/// What a journal says. A head is the byte 'H' and its checkpoint. A batch is the byte 'B', the path it was staged under, and its objects; of each that begins with what the same tile held in the
/// batch before, only the rest: a bundle grows by one entry at a time and is written anew each time.
/// </summary>
internal sealed class BatchRecord
{
    private const byte Head = (byte)'H';
    private const byte Batch = (byte)'B';

    // By tile: its content in the last decided batch, and in the one that is not decided yet.
    private Dictionary<string, ReadOnlyMemory<byte>> _before = new(StringComparer.Ordinal);
    private Dictionary<string, ReadOnlyMemory<byte>> _next = new(StringComparer.Ordinal);

    // Behind the contents that were decoded.
    private readonly Dictionary<string, byte[]> _buffers = new(StringComparer.Ordinal);

    /// <summary>A tile's name without the width of a partial one.</summary>
    public static string TileOf(string path) => path.IndexOf(".p/", StringComparison.Ordinal) is >= 0 and var mark ? path[..mark] : path;

    public static byte[] EncodeHead(LogHead head) => [Head, .. head.Checkpoint.Span];

    public static bool TryDecodeHead(ReadOnlyMemory<byte> record, [NotNullWhen(true)] out LogHead? head)
    {
        head = null;
        if (record.IsEmpty || record.Span[0] != Head)
        {
            return false;
        }
        var checkpoint = record[1..].ToArray();
        head = SignedCheckpoint.TryParse(checkpoint, out var signed, out var problem) ? new(signed.Checkpoint.Size, signed.Checkpoint.Root, checkpoint)
            : throw new LogDamagedException($"A head in the journal of the log cannot be read: {problem}.");
        return true;
    }

    /// <summary>The batch was decided: what follows builds on it.</summary>
    public void Adopt() => (_before, _next) = (_next, new(StringComparer.Ordinal));

    /// <summary>The journal begins anew, and cannot be built on.</summary>
    public void Clear()
    {
        _before.Clear();
        _next.Clear();
    }

    public byte[] Encode(string staging, IReadOnlyList<StagedObject> objects)
    {
        _next.Clear();
        using var record = new MemoryStream();
        record.WriteByte(Batch);
        WriteText(record, staging);
        foreach (var item in objects)
        {
            var tile = TileOf(item.Path);
            var known = _before.TryGetValue(tile, out var before) && item.Content.Span.StartsWith(before.Span) ? before.Length : 0;
            WriteText(record, item.Path);
            WriteNumber(record, known);
            WriteNumber(record, item.Content.Length - known);
            record.Write(item.Content.Span[known..]);
            _next[tile] = item.Content;
        }
        return record.ToArray();
    }

    /// <exception cref="LogDamagedException">It is not what <see cref="Encode"/> makes behind the batches that were adopted.</exception>
    public (string Staging, IReadOnlyList<StagedObject> Objects) Decode(ReadOnlyMemory<byte> record)
    {
        _next.Clear();
        if (record.IsEmpty || record.Span[0] != Batch)
        {
            throw new LogDamagedException("The journal of the log holds a record of a kind that this program does not know.");
        }
        // Behind its hash it is what this code wrote.
        var rest = record[1..];
        var staging = ReadText(ref rest);
        var objects = new List<StagedObject>();
        while (!rest.IsEmpty)
        {
            var path = ReadText(ref rest);
            var known = ReadNumber(ref rest);
            var length = ReadNumber(ref rest);
            var before = _before.GetValueOrDefault(TileOf(path));
            if (known > before.Length)
            {
                throw new LogDamagedException($"The journal of the log builds on a version of {path} that it does not hold.");
            }
            var content = Extend(TileOf(path), before[..known], rest[..length]);
            rest = rest[length..];
            objects.Add(new(path, content));
            _next[TileOf(path)] = content;
        }
        return (staging, objects);
    }

    /// <summary>What a tile held, and what is new in it: in one buffer that has room for what will follow, so that reading a journal takes time as its length does.</summary>
    private ReadOnlyMemory<byte> Extend(string tile, ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> rest)
    {
        var length = before.Length + rest.Length;
        var buffer = _buffers.GetValueOrDefault(tile);
        if (buffer is null || before.IsEmpty || buffer.Length < length)
        {
            buffer = new byte[before.IsEmpty ? length : 2 * length];
            before.CopyTo(buffer);
            _buffers[tile] = buffer;
        }
        // What is behind the decided content was never decided.
        rest.CopyTo(buffer.AsMemory(before.Length));
        return buffer.AsMemory(0, length);
    }

    private static void WriteText(MemoryStream record, string text)
    {
        WriteNumber(record, text.Length);
        record.Write(Encoding.ASCII.GetBytes(text));
    }

    private static void WriteNumber(MemoryStream record, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        record.Write(bytes);
    }

    private static string ReadText(ref ReadOnlyMemory<byte> rest)
    {
        var length = ReadNumber(ref rest);
        var text = Encoding.ASCII.GetString(rest.Span[..length]);
        rest = rest[length..];
        return text;
    }

    private static int ReadNumber(ref ReadOnlyMemory<byte> rest)
    {
        var number = BinaryPrimitives.ReadInt32BigEndian(rest.Span);
        rest = rest[sizeof(int)..];
        return number;
    }
}
