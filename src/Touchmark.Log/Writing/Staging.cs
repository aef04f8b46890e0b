using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Touchmark.Log.Storage;

namespace Touchmark.Log.Writing;

/// <summary>An object of the log and what is to be in it.</summary>
internal readonly record struct StagedObject(string Path, ReadOnlyMemory<byte> Content);

/// <summary>
/// All new objects of one batch in one: what a writer finishes its predecessor's work from. Form: SHA-256 of the rest, then per object u16 length of the path, path, u32 length
/// of the content, content; numbers big-endian.
/// </summary>
internal static class Staging
{
    public const string Prefix = "staging/";

    /// <summary>Named by the head that it belongs to, so that it is found from there and from nowhere else.</summary>
    public static string PathOf(LogHead head) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{head.Size}-{Convert.ToHexStringLower(head.Root.ToArray())}");

    public static byte[] Encode(IReadOnlyList<StagedObject> objects)
    {
        using var staging = new MemoryStream();
        staging.Write(stackalloc byte[SHA256.HashSizeInBytes]);
        Span<byte> length = stackalloc byte[sizeof(uint)];
        foreach (var (path, content) in objects)
        {
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)path.Length);
            staging.Write(length[..sizeof(ushort)]);
            staging.Write(Encoding.ASCII.GetBytes(path));
            BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
            staging.Write(length);
            staging.Write(content.Span);
        }
        var bytes = staging.ToArray();
        SHA256.HashData(bytes.AsSpan(SHA256.HashSizeInBytes), bytes);
        return bytes;
    }

    /// <exception cref="LogDamagedException">The bytes are not what was staged.</exception>
    public static IReadOnlyList<StagedObject> Decode(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < SHA256.HashSizeInBytes || !SHA256.HashData(bytes.Span[SHA256.HashSizeInBytes..]).AsSpan().SequenceEqual(bytes.Span[..SHA256.HashSizeInBytes]))
        {
            throw new LogDamagedException("What was staged for the head of the log was altered since.");
        }
        // Behind its hash it is what this code wrote.
        var objects = new List<StagedObject>();
        for (var rest = bytes[SHA256.HashSizeInBytes..]; !rest.IsEmpty;)
        {
            var path = rest.Slice(sizeof(ushort), BinaryPrimitives.ReadUInt16BigEndian(rest.Span));
            rest = rest[(sizeof(ushort) + path.Length)..];
            var content = rest.Slice(sizeof(uint), BinaryPrimitives.ReadInt32BigEndian(rest.Span));
            rest = rest[(sizeof(uint) + content.Length)..];
            objects.Add(new(Encoding.ASCII.GetString(path.Span), content));
        }
        return objects;
    }
}

/// <summary>A log's objects as they will be when what is staged is written.</summary>
internal sealed class StagedReader(IReadOnlyList<StagedObject> staged, IObjectReader objects) : IObjectReader
{
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _staged = staged.ToDictionary(item => item.Path, item => item.Content, StringComparer.Ordinal);

    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel) =>
        _staged.TryGetValue(path, out var content) ? ValueTask.FromResult<ReadOnlyMemory<byte>?>(content) : objects.ReadAsync(path, cancel);
}
