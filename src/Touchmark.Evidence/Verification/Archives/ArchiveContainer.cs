using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using Touchmark.Evidence.Documents;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Tree;

namespace Touchmark.Evidence.Verification.Archives;

/// <summary>
/// The ZIP file of an archive (spec/archive.md, File), read as hostile: every entry is stored, has a name that an archive has, once, and no more bytes than it may have; all together have no more than the file, so
/// that none lies upon another. One object is in memory at a time.
/// </summary>
internal sealed class ArchiveContainer : IObjectReader, IDisposable
{
    public const string Root = "root.json";

    private const string Manifest = "manifest/";
    private const string Documents = "documents/";
    private const string Verifier = "verifier/";
    private const int MaxEntries = 4_000_000;
    private const int MaxText = 1 << 20;

    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries;

    private ArchiveContainer(ZipArchive zip, Dictionary<string, ZipArchiveEntry> entries) => (_zip, _entries) = (zip, entries);

    /// <summary>The hashes of the documents, hexadecimal.</summary>
    public IEnumerable<string> DocumentHashes => _entries.Keys.Where(name => name.StartsWith(Documents, StringComparison.Ordinal)).Select(name => name[Documents.Length..]);

    /// <summary>The manifest's tiles and entry bundles.</summary>
    public IEnumerable<TileId> Tiles
    {
        get
        {
            foreach (var name in _entries.Keys)
            {
                if (name.StartsWith(Manifest, StringComparison.Ordinal) && TileId.TryParse(name.AsSpan(Manifest.Length), out var tile))
                {
                    yield return tile;
                }
            }
        }
    }

    /// <summary>Opens untrusted bytes; false and a problem in words when they are no archive.</summary>
    public static bool TryOpen(Stream file, [NotNullWhen(true)] out ArchiveContainer? container, [NotNullWhen(false)] out string? problem)
    {
        container = null;
        ZipArchive? zip = null;
        try
        {
            zip = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
            var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
            problem = zip.Entries.Count > MaxEntries ? $"it has more than {MaxEntries} entries" : Take(zip, entries, file.Length);
            if (problem is null)
            {
                container = new(zip, entries);
                zip = null;
            }
            return container is not null;
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException)
        {
            problem = "it is no intact ZIP file";
            return false;
        }
        finally
        {
            zip?.Dispose();
        }
    }

    /// <summary>The bytes of an entry, or null where there is none or it cannot be read.</summary>
    public byte[]? Read(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
        {
            return null;
        }
        try
        {
            var bytes = new byte[entry.Length];
            using var stream = entry.Open();
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            return null;
        }
    }

    /// <summary>The manifest's checkpoint; null where there is none that can be read.</summary>
    public SignedCheckpoint? ReadCheckpoint() => Read(Manifest + LogPaths.Checkpoint) is { } note && SignedCheckpoint.TryParse(note, out var signed, out _) ? signed : null;

    /// <summary>Every entry of the manifest in its order, up to the first that cannot be read.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> EntriesAsync(long size, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (long first = 0; first < size; first += TileId.FullWidth)
        {
            var id = TileId.Holding(TileId.EntriesLevel, first, size);
            if (await ReadAsync(id.Path, cancel) is not { } bytes || !EntryBundle.TryDecode(bytes, id.Width, out var entries))
            {
                yield break;
            }
            foreach (var entry in entries)
            {
                yield return entry;
            }
        }
    }

    /// <summary>The document of this hash, or null.</summary>
    public byte[]? ReadDocument(string sha256) => Read(Documents + sha256);

    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult<ReadOnlyMemory<byte>?>(Read(Manifest + path));
    }

    public void Dispose() => _zip.Dispose();

    private static string? Take(ZipArchive zip, Dictionary<string, ZipArchiveEntry> entries, long available)
    {
        foreach (var entry in zip.Entries)
        {
            if (MaxLengthOf(entry.FullName) is not { } most)
            {
                return $"an archive has no entry of the name {Shown(entry.FullName)}";
            }
            if (entry.IsEncrypted || entry.CompressedLength != entry.Length)
            {
                return $"{Shown(entry.FullName)} is compressed or encrypted, and an archive's entries are stored";
            }
            if (entry.Length > most)
            {
                return $"{Shown(entry.FullName)} has {entry.Length} bytes, and may have {most}";
            }
            if (!entries.TryAdd(entry.FullName, entry))
            {
                return $"{Shown(entry.FullName)} is there twice";
            }
            available -= entry.Length;
            if (available < 0)
            {
                return "its entries lie upon each other";
            }
        }
        return null;
    }

    /// <summary>How many bytes the entry of this name may have; null for a name that an archive has not.</summary>
    private static long? MaxLengthOf(string name) => name switch
    {
        "README.txt" or Root or Manifest + LogPaths.Checkpoint => MaxText,
        _ when name.StartsWith(Manifest, StringComparison.Ordinal) => !TileId.TryParse(name.AsSpan(Manifest.Length), out var tile) ? null
            : tile.IsEntries ? TileId.FullWidth * (sizeof(ushort) + EntryBundle.MaxEntrySize) : TileId.FullWidth * TreeHash.Size,
        _ when name.StartsWith(Documents, StringComparison.Ordinal) => IsHash(name.AsSpan(Documents.Length)) ? Document.MaxBytes : null,
        _ when name.StartsWith(Verifier, StringComparison.Ordinal) => name[Verifier.Length..].Split('/').All(IsFileName) ? MaxText : null,
        _ => null,
    };

    private static bool IsHash(ReadOnlySpan<char> text) => text.Length == 64 && text.IndexOfAnyExcept(Hexadecimal) < 0;

    private static bool IsFileName(string part) => part.Length is > 0 and <= 64 && part[0] != '.' && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    private static string Shown(string name) => name.Length <= 80 ? $"\"{name}\"" : $"\"{name[..80]}…\"";
}
