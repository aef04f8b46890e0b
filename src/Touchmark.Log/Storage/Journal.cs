using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Touchmark.Log.Storage;

/// <summary>
/// A file of records that is begun anew now and then. A record is its length (u32), the first 8 bytes of its SHA-256, and itself; the first one that is not whole ends the journal: that is where a
/// crash or a full disk cut it off, or where the zeros begin. The file has its room from the start, so that a flush has data to write and nothing about the file. One process has it at a time.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int Header = sizeof(uint) + 8;
    private const int Slack = 64 << 10;

    private readonly string _path;
    private readonly long _room;
    private SafeFileHandle _file;
    private long _end;

    // Behind it the file is zero: what was forgotten ends here.
    private long _dirty;

    // Whether a power cut would find the file under its name, and as long as it is.
    private bool _isNamed = true;

    private Journal(string path, long room, SafeFileHandle file) => (_path, _room, _file) = (path, room, file);

    /// <summary>Bytes of whole records.</summary>
    public long Length => _end;

    /// <summary>Opens or makes it, and reads what it holds.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="room">Length to which it usually grows, bytes.</param>
    /// <exception cref="IOException">Another process has it.</exception>
    public static (Journal Journal, IReadOnlyList<ReadOnlyMemory<byte>> Records) Open(string path, long room)
    {
        DurableFile.MakeFolder(Path.GetDirectoryName(path)!);
        var journal = new Journal(path, room, OpenFile(path));
        try
        {
            var (records, end, isClean) = Read(journal._file);
            journal._end = journal._dirty = end;
            var length = RandomAccess.GetLength(journal._file);
            if (!isClean || length < room + Slack)
            {
                // What a crash left behind the end is never read: a shorter record would leave its tail there.
                RandomAccess.Write(journal._file, new byte[Math.Max(room + Slack, length) - end], end);
                journal._isNamed = false;
            }
            return (journal, records);
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>The records of a journal that another process may have, as far as it is written.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Look(string path)
    {
        using var file = DurableFile.OpenBeside(path);
        return Read(file).Records;
    }

    /// <summary>Writes a record behind the last whole one. It is durable after <see cref="Flush"/>.</summary>
    public void Append(ReadOnlySpan<byte> record)
    {
        var length = Header + record.Length;
        // With zeros over what is left of a forgotten one.
        var bytes = new byte[Math.Max(length, _dirty - _end)];
        Encode(record, bytes);
        _dirty = Math.Max(_dirty, _end + length);
        RandomAccess.Write(_file, bytes, _end);
        _end += length;
        _dirty = _end;
    }

    /// <summary>Forgets what was appended since: it will be written over.</summary>
    public void Forget(long end) => _end = end;

    public void Flush()
    {
        if (_isNamed)
        {
            DurableFile.FlushData(_file);
            return;
        }
        RandomAccess.FlushToDisk(_file);
        DurableFile.FlushFolder(Path.GetDirectoryName(_path)!);
        _isNamed = true;
    }

    /// <summary>Begins it anew with one record. Until this returns the old one counts.</summary>
    public void Restart(ReadOnlySpan<byte> record)
    {
        var bytes = new byte[Math.Max(_room, Header + record.Length) + Slack];
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
        (_file, _end, _dirty, _isNamed) = (file, Header + record.Length, Header + record.Length, false);
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

    private static (IReadOnlyList<ReadOnlyMemory<byte>> Records, long End, bool IsClean) Read(SafeFileHandle file)
    {
        var bytes = new byte[RandomAccess.GetLength(file)];
        var rest = bytes.AsMemory(0, RandomAccess.Read(file, bytes, 0));
        var records = new List<ReadOnlyMemory<byte>>();
        var end = 0L;
        while (rest.Length >= Header)
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
            end += Header + size;
        }
        return (records, end, !rest.Span.ContainsAnyExcept((byte)0));
    }
}
