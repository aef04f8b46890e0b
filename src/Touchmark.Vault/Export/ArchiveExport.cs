using System.IO.Compression;
using System.Text;
using Touchmark.Evidence.Verification;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Export;

/// <summary>
/// Writes all that a vault ever stated into one file that verifies without it (spec/archive.md): the customer's root, the manifest up to one checkpoint, the documents beside it, and the verifier in Python.
/// It only reads, so that it may run beside the vault.
/// </summary>
internal sealed class ArchiveExport(ManifestStorage storage)
{
    /// <summary>The verifier's files, where the program was built or installed.</summary>
    private static readonly string[] VerifierFolders = ["clients/python", "verifier"];

    /// <summary>Writes the archive.</summary>
    /// <returns>The entries of the manifest that are in it.</returns>
    /// <exception cref="LogDamagedException">The manifest lacks an object, or a document that a statement is about.</exception>
    public async Task<long> WriteAsync(Stream output, TrustStore root, CancellationToken cancel)
    {
        var signed = await storage.CheckpointAsync(cancel) ?? throw new LogDamagedException("The manifest has no checkpoint: nothing was ever stated.");
        using var archive = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true, Encoding.ASCII);
        await AddAsync(archive, "README.txt", Encoding.UTF8.GetBytes(Readme(root, signed)), cancel);
        await AddAsync(archive, "root.json", root.ToJson(), cancel);
        await AddAsync(archive, "manifest/checkpoint", signed.Encode(), cancel);
        foreach (var tile in TilesOf(signed.Checkpoint.Size))
        {
            await AddAsync(archive, $"manifest/{tile.Path}", await ReadAsync(tile, cancel), cancel);
        }

        await AddDocumentsAsync(archive, signed.Checkpoint, cancel);
        await AddVerifierAsync(archive, cancel);
        return signed.Checkpoint.Size;
    }

    /// <summary>Every tile and entry bundle of a tree of this size, partial ones with their width.</summary>
    private static IEnumerable<TileId> TilesOf(long size)
    {
        for (var level = TileId.EntriesLevel; level < 8; level++)
        {
            var hashes = level <= 0 ? size : size >> (8 * level);
            for (long index = 0; index * TileId.FullWidth < hashes; index++)
            {
                yield return new TileId(level, index, (int)Math.Min(TileId.FullWidth, hashes - (index * TileId.FullWidth)));
            }
        }
    }

    /// <summary>A full tile may have taken the place of a partial one since: its beginning is the partial one.</summary>
    private async Task<ReadOnlyMemory<byte>> ReadAsync(TileId tile, CancellationToken cancel)
    {
        if (await storage.Objects.ReadAsync(tile.Path, cancel) is { } bytes)
        {
            return bytes;
        }

        if (!tile.IsPartial || await storage.Objects.ReadAsync(tile.Full.Path, cancel) is not { } full)
        {
            throw new LogDamagedException($"{tile.Path} of the manifest is missing.");
        }

        return !tile.IsEntries ? full[..(tile.Width * 32)]
            : EntryBundle.TryDecode(full, TileId.FullWidth, out var entries) ? EntryBundle.Encode(entries.Take(tile.Width))
            : throw new LogDamagedException($"{tile.Full.Path} of the manifest is no bundle.");
    }

    private async Task AddDocumentsAsync(ZipArchive archive, Checkpoint head, CancellationToken cancel)
    {
        var added = new HashSet<string>(StringComparer.Ordinal);
        for (long bundle = 0; bundle * TileId.FullWidth < head.Size; bundle++)
        {
            var tile = new TileId(TileId.EntriesLevel, bundle, (int)Math.Min(TileId.FullWidth, head.Size - (bundle * TileId.FullWidth)));
            if (!EntryBundle.TryDecode(await ReadAsync(tile, cancel), tile.Width, out var entries))
            {
                throw new LogDamagedException($"{tile.Path} of the manifest is no bundle.");
            }

            // Entry 0 is the genesis, which is no statement.
            for (var at = bundle == 0 ? 1 : 0; at < entries.Count; at++)
            {
                var entry = await storage.EntryAsync((bundle * TileId.FullWidth) + at, entries[at], cancel);
                if (entry.Statement.IsHashEnvelope && added.Add(Convert.ToHexStringLower(entry.Statement.Payload.Span)))
                {
                    var document = entry.Beside ?? throw new LogDamagedException($"The document of entry {entry.Index} is missing.");
                    await AddAsync(archive, $"documents/{Convert.ToHexStringLower(entry.Statement.Payload.Span)}", document, cancel);
                }
            }
        }
    }

    /// <summary>Whoever has no verifier finds one in the archive, as it was at the time.</summary>
    private static async Task AddVerifierAsync(ZipArchive archive, CancellationToken cancel)
    {
        if (FindVerifier() is not { } folder)
        {
            return;
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.py", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            await AddAsync(archive, $"verifier/{Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/')}", await File.ReadAllBytesAsync(file, cancel), cancel);
        }
    }

    private static string? FindVerifier()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (VerifierFolders.Select(name => Path.Combine(folder, name)).FirstOrDefault(found => File.Exists(Path.Combine(found, "verify.py"))) is { } verifier)
            {
                return verifier;
            }
        }

        return null;
    }

    private static async Task AddAsync(ZipArchive archive, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        // Stored as it is: a reader in thirty years needs no more than the container.
        await using var entry = await archive.CreateEntry(name, CompressionLevel.NoCompression).OpenAsync(cancel);
        await entry.WriteAsync(content, cancel);
    }

    private static string Readme(TrustStore root, SignedCheckpoint signed) =>
        $"""
        This archive holds all that one vault ever stated: {signed.Checkpoint.Size} entries of the manifest
        {signed.Checkpoint.Origin}
        of the customer whose root signs as {root.Keys[0].Name}.

        It is checked with nothing but this file, Python 3, and the pin of that root, which the customer keeps in print:

            unzip -q ARCHIVE 'verifier/*'
            python3 verifier/verify.py ARCHIVE --root-pin PIN

        Take the pin from the customer, never from here: whoever forges an archive forges this text, too.
        What the archive is made of, and what is checked, says spec/archive.md of Touchmark.
        """ + "\n";
}
