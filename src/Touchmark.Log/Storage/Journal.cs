using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Touchmark.Log.Storage;

/// <summary>
/// A file of records that only grows, and is begun anew now and then. A record is its length (u32), the first 8 bytes of its SHA-256, and itself; the first one that is not whole ends the file,
/// whatever is behind it: that is where a crash or a full disk cut it off. One process has it at a time.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int Header = sizeof(uint) + 8;

    private readonly string _path;
    private SafeFileHandle _file;
    private long _end;

    // Whether a power cut would find the file under its name.
    private bool _isNamed = true;

    private Journal(string path, SafeFileHandle file) => (_path, _file) = (path, file);

    /// <summary>Bytes of whole records.</summary>
    public long Length => _end;

    /// <summary>Opens or makes it, and reads what it holds.</summary>
    /// <exception cref="IOException">Another process has it.</exception>
    public static (Journal Journal, IReadOnlyList<ReadOnlyMemory<byte>> Records) Open(string path)
    {
        DurableFile.MakeFolder(Path.GetDirectoryName(path)!);
        var isNew = !File.Exists(path);
        var journal = new Journal(path, OpenFile(path));
        try
        {
            if (isNew)
            {
                DurableFile.FlushFolder(Path.GetDirectoryName(path)!);
            }
            return (journal, journal.Read());
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>Writes a record behind the last whole one. It is durable after <see cref="Flush"/>.</summary>
    public void Append(ReadOnlySpan<byte> record)
    {
        var bytes = new byte[Header + record.Length];
        Encode(record, bytes);
        // What a failure left behind the end is written over, and never read: a shorter record would leave its tail there.
        if (RandomAccess.GetLength(_file) != _end)
        {
            RandomAccess.SetLength(_file, _end);
        }
        RandomAccess.Write(_file, bytes, _end);
        _end += bytes.Length;
    }

    /// <summary>Forgets what was appended since: it will be written over.</summary>
    public void Forget(long end) => _end = end;

    public void Flush()
    {
        RandomAccess.FlushToDisk(_file);
        if (!_isNamed)
        {
            DurableFile.FlushFolder(Path.GetDirectoryName(_path)!);
            _isNamed = true;
        }
    }

    /// <summary>Begins it anew with one record. Until this returns the old one counts.</summary>
    public void Restart(ReadOnlySpan<byte> record)
    {
        var bytes = new byte[Header + record.Length];
        Encode(record, bytes);
        // It is had before it has its name: nobody comes between.
        var next = _path + ".new";
        var file = OpenFile(next);
        try
        {
            RandomAccess.SetLength(file, 0);
            RandomAccess.Write(file, bytes, 0);
            RandomAccess.FlushToDisk(file);
            File.Move(next, _path, overwrite: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        _file.Dispose();
        (_file, _end, _isNamed) = (file, bytes.Length, false);
        Flush();
    }

    public void Dispose() => _file.Dispose();

    private static SafeFileHandle OpenFile(string path) => File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    private static void Encode(ReadOnlySpan<byte> record, Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt32BigEndian(bytes, record.Length);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(record, hash);
        hash[..(Header - sizeof(uint))].CopyTo(bytes[sizeof(uint)..]);
        record.CopyTo(bytes[Header..]);
    }

    private List<ReadOnlyMemory<byte>> Read()
    {
        var bytes = new byte[RandomAccess.GetLength(_file)];
        var length = RandomAccess.Read(_file, bytes, 0);
        var records = new List<ReadOnlyMemory<byte>>();
        for (var rest = bytes.AsMemory(0, length); rest.Length >= Header;)
        {
            var size = BinaryPrimitives.ReadUInt32BigEndian(rest.Span);
            if (size > rest.Length - Header)
            {
                break;
            }
            var record = rest.Slice(Header, (int)size);
            if (!SHA256.HashData(record.Span).AsSpan(0, Header - sizeof(uint)).SequenceEqual(rest.Span[sizeof(uint)..Header]))
            {
                break;
            }
            records.Add(record);
            rest = rest[(Header + (int)size)..];
            _end += Header + size;
        }
        return records;
    }
}
