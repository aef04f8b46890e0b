using System.Data.Common;
using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Storage;
using Touchmark.Engine.Tests.Server;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Tests.Storage;

public sealed class BlobStoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("touchmark-blobs-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_blob_is_there_after_its_commit_and_not_before()
    {
        var store = new BlobStore(folder);
        var id = Guid.CreateVersion7();
        await using var writer = store.Create(id);
        await writer.Content.WriteAsync(new byte[] { 1, 2, 3 });
        Assert.False(store.Exists(id));

        await writer.CommitAsync(default);

        await using var read = store.OpenRead(id);
        Assert.Equal(3, read.Length);
    }

    [Fact]
    public async Task A_blob_that_is_not_committed_leaves_nothing()
    {
        var store = new BlobStore(folder);
        await using (var writer = store.Create(Guid.CreateVersion7()))
        {
            await writer.Content.WriteAsync(new byte[1000]);
        }

        Assert.Empty(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_a_crash_left_half_written_is_gone_after_the_next_start()
    {
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "incoming")).FullName, "half"), "half");

        _ = new BlobStore(folder);

        Assert.Empty(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_full_disk_refuses_the_upload_and_loses_nothing()
    {
        var disk = new SmallDisk();
        await using var server = await ServerFactory.StartAsync(replace: services => services.AddSingleton(provider =>
            new BlobStore(Path.Combine(provider.GetRequiredService<EngineOptions>().Data, "blobs"), path => new SmallDisk.File(disk, path))));
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var kept = await oem.NewDesignAsync();
        disk.Free = 100;

        var refused = await oem.UploadAsync(Designs.Models.BinaryStl());
        refused.IsRefused(HttpStatusCode.InsufficientStorage, "STORAGE_FULL");
        Assert.EndsWith("Nothing was changed.", refused["detail"].GetString(), StringComparison.Ordinal);

        Assert.Equal(kept, (await oem.GetAsync("/api/designs")).Body.EnumerateArray().Single().GetProperty("id").GetGuid());
        Assert.Single(Directory.EnumerateFiles(Path.Combine(server.Data, "blobs"), "*", SearchOption.AllDirectories));
        disk.Free = long.MaxValue;
        (await oem.UploadAsync(Designs.Models.BinaryStl())).IsGood();
    }

    [Fact]
    public async Task A_full_database_is_told_from_other_failures()
    {
        await using var server = await ServerFactory.StartAsync();
        await using var connection = await server.Database.OpenAsync(default);
        await connection.ExecuteAsync("pragma max_page_count = 1");

        var full = await Assert.ThrowsAnyAsync<DbException>(() => connection.ExecuteAsync("insert into page_keys (id, wrapped) values ('x', zeroblob(1000000))"));
        var other = await Assert.ThrowsAnyAsync<DbException>(() => connection.ExecuteAsync("insert into no_such_table values (1)"));

        Assert.True(StorageFull.Is(full, server.Database.Dialect));
        Assert.False(StorageFull.Is(other, server.Database.Dialect));
    }

    /// <summary>A disk on which only so many bytes are free.</summary>
    private sealed class SmallDisk
    {
        public long Free { get; set; } = long.MaxValue;

        public sealed class File(SmallDisk disk, string path) : FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0)
        {
            public override void Write(ReadOnlySpan<byte> buffer)
            {
                Take(buffer.Length);
                base.Write(buffer);
            }

            public override void Write(byte[] buffer, int offset, int count)
            {
                Take(count);
                base.Write(buffer, offset, count);
            }

            public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            {
                Take(buffer.Length);
                return base.WriteAsync(buffer, cancellationToken);
            }

            public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
            {
                Take(count);
                return base.WriteAsync(buffer, offset, count, cancellationToken);
            }

            private void Take(int bytes)
            {
                if ((disk.Free -= bytes) < 0)
                {
                    // ENOSPC, as the framework reports it on Linux.
                    throw new IOException("No space left on device", 28);
                }
            }
        }
    }
}
