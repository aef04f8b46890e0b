using Microsoft.Extensions.Logging.Abstractions;
using Touchmark.Engine.Storage;
using Touchmark.Hosting.Storage;
using Touchmark.Tests;

namespace Touchmark.Engine.Tests.Server;

/// <summary>A database as a first start leaves it. The migrations run once on each kind for all tests, which get copies: hundreds of them start an engine, and it would spend much of its start on them.</summary>
internal static class MigratedDatabase
{
    private static readonly Lazy<Task<byte[]>> Sqlite = new(async () =>
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-migrated-").FullName;
        await MigrateAsync(null, folder);
        var file = await File.ReadAllBytesAsync(Path.Combine(folder, "touchmark.db"));
        Directory.Delete(folder, recursive: true);
        return file;
    });

    private static readonly Lazy<Task<string>> Postgres = new(async () =>
    {
        var database = await PostgresServer.NewDatabaseAsync();
        await MigrateAsync(database, "");
        return database;
    });

    /// <summary>Makes one for an engine with this data folder.</summary>
    /// <returns>The connection string; null for SQLite, whose file is in the folder.</returns>
    public static async Task<string?> NewAsync(StorageKind storage, string folder)
    {
        if (storage == StorageKind.Postgres)
        {
            return await PostgresServer.NewDatabaseAsync(await Postgres.Value);
        }

        await using var file = DataFolder.CreateFile(Path.Combine(folder, "touchmark.db"));
        await file.WriteAsync(await Sqlite.Value);
        return null;
    }

    private static async Task MigrateAsync(string? database, string folder)
    {
        await using var dialect = Dialect.For(database, folder);
        await new Migrations(typeof(StorageFeature).Assembly, new Database(dialect), TimeProvider.System, NullLogger<Migrations>.Instance).RunAsync(CancellationToken.None);
    }
}
