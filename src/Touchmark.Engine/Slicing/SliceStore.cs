using System.Text;
using Touchmark.Cryptography;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Storage;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Slicing;

/// <summary>A design, sliced for one printer, material and quality. Lengths in mm, times in s, temperatures in °C.</summary>
internal sealed record Slice
{
    public Guid Id { get; init; }

    public Guid DesignId { get; init; }

    public Guid PrinterId { get; init; }

    public string Material { get; init; } = "";

    public string Quality { get; init; } = "";

    /// <summary>SHA-256 of the settings that the slicer was given.</summary>
    public byte[] SettingsSha256 { get; init; } = [];

    /// <summary>Name, version and SHA-256 of the program.</summary>
    public string Slicer { get; init; } = "";

    /// <summary>SHA-256 of the canonical G-code.</summary>
    public byte[] Sha256 { get; init; } = [];

    public byte[] WrappedKey { get; init; } = [];

    /// <summary>The signed SliceRecord.</summary>
    public byte[] Statement { get; init; } = [];

    public long Lines { get; init; }

    public long Segments { get; init; }

    public double MotionS { get; init; }

    public double NozzleC { get; init; }

    public double BedC { get; init; }

    public double MinX { get; init; }

    public double MinY { get; init; }

    public double MinZ { get; init; }

    public double MaxX { get; init; }

    public double MaxY { get; init; }

    public double MaxZ { get; init; }

    public DateTimeOffset SlicedAt { get; init; }
}

/// <summary>The sealed toolpaths: canonical G-code under a key of its own per slice.</summary>
internal sealed class SliceStore(Database database, BlobStore blobs, EngineKeys keys, EngineStatements statements)
{
    public Task<Slice?> FindAsync(Guid id, CancellationToken cancel) => database.FirstOrDefaultAsync<Slice>("select * from slices where id = @Id", new { Id = id }, cancel);

    /// <summary>The slice that the same design, printer, settings and slicer gave before.</summary>
    public Task<Slice?> FindAsync(Guid designId, Guid printerId, byte[] settingsSha256, string slicer, CancellationToken cancel) => database.FirstOrDefaultAsync<Slice>(
        "select * from slices where design_id = @DesignId and printer_id = @PrinterId and settings_sha256 = @Settings and slicer = @Slicer",
        new { DesignId = designId, PrinterId = printerId, Settings = settingsSha256, Slicer = slicer }, cancel);

    /// <summary>Begins a sealed toolpath; its blob is the caller's to commit.</summary>
    public static SealedBlobWriteStream Seal(BlobWriter blob, Guid id, LockedBuffer key) =>
        SealedBlob.CreateWriter(blob.Content, key.Span, Encoding.UTF8.GetBytes(Context(id)), leaveOpen: true);

    /// <summary>Keeps a slice whose blob is committed, and states what it is. Of two nodes that sliced the same at once, the first one's slice is the one that counts.</summary>
    public async Task<Slice> AddAsync(Slice slice, SliceRecord record, LockedBuffer key, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        var row = slice with { WrappedKey = keys.Wrap(key.Span, Context(slice.Id)), Statement = await statements.SignAsync(work, record, cancel) };
        var added = await work.ExecuteAsync(
            """
            insert into slices (id, design_id, printer_id, material, quality, settings_sha256, slicer, sha256, wrapped_key, statement, lines, segments, motion_s,
                nozzle_c, bed_c, min_x, min_y, min_z, max_x, max_y, max_z, sliced_at)
            values (@Id, @DesignId, @PrinterId, @Material, @Quality, @SettingsSha256, @Slicer, @Sha256, @WrappedKey, @Statement, @Lines, @Segments, @MotionS,
                @NozzleC, @BedC, @MinX, @MinY, @MinZ, @MaxX, @MaxY, @MaxZ, @SlicedAt)
            on conflict (design_id, printer_id, settings_sha256, slicer) do nothing
            """, row, cancel);
        if (added == 1)
        {
            await work.CommitAsync(cancel);
            return row;
        }

        blobs.Delete(slice.Id);
        return (await FindAsync(slice.DesignId, slice.PrinterId, slice.SettingsSha256, slice.Slicer, cancel))!;
    }

    /// <summary>The canonical G-code, opened as it is read; the caller disposes it.</summary>
    public Stream Open(Slice slice)
    {
        using var key = keys.Unwrap(slice.WrappedKey, Context(slice.Id));
        return SealedBlob.OpenReader(blobs.OpenRead(slice.Id), key.Span, Encoding.UTF8.GetBytes(Context(slice.Id)));
    }

    private static string Context(Guid id) => $"slice/{id:D}";
}
