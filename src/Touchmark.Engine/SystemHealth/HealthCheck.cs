using Touchmark.Engine.Sessions;
using Touchmark.Engine.Transparency;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.SystemHealth;

/// <summary>Looks at everything that an admin has to look after, and says of each whether it is well.</summary>
internal sealed class HealthCheck(EngineOptions options, Database database, PublicLog log, Witnesses witnesses, GatewayHub gateways, Backups backups, TimeProvider time)
{
    private static readonly string[] SlicerPrograms = ["/usr/bin/prusa-slicer", "/usr/bin/bwrap"];

    /// <summary>Less than this is free, bytes: uploads and slices soon find no room.</summary>
    private const long LittleSpace = 5_000_000_000;

    private static readonly TimeSpan SlowDatabase = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan OldBackup = TimeSpan.FromDays(2);

    public async Task<HealthView> LookAsync(CancellationToken cancel)
    {
        var asked = time.GetTimestamp();
        var migrations = (await database.FirstOrDefaultAsync<MigrationRow>("select count(*) as count, max(number) as last from schema_migrations", null, cancel))!;
        var answered = time.GetElapsedTime(asked);
        var waiting = (await database.FirstOrDefaultAsync<WaitingRow>("select count(*) as count, min(made_at) as oldest from log_entries where log_index is null", null, cancel))!;
        var entered = await database.FirstOrDefaultAsync<DateTimeOffset?>("select made_at from log_entries where log_index is not null order by log_index desc limit 1", null, cancel);
        var anchored = await database.FirstOrDefaultAsync<DateTimeOffset?>("select made_at from log_anchors order by turn desc limit 1", null, cancel);
        var checkpoint = await log.CheckpointAsync(cancel);
        var printers = await database.QueryAsync<Guid>("select id from printers where revoked_at is null", null, cancel);
        var drive = new DriveInfo(options.Data);
        var now = time.GetUtcNow();
        var backup = await backups.LastAsync(cancel);
        var missing = SlicerPrograms.Where(program => !File.Exists(program)).ToList();
        var wait = waiting.Oldest is { } oldest ? now - oldest : TimeSpan.Zero;
        var spaceLow = drive.AvailableFreeSpace < LittleSpace;
        return new HealthView(
            now, typeof(HealthCheck).Assembly.GetName().Version?.ToString(3) ?? "",
            new(database.Dialect.Name, answered < SlowDatabase, answered.TotalSeconds, await database.FirstOrDefaultAsync<long>(database.Dialect.SizeQuery, null, cancel), migrations.Count, migrations.Last),
            new(wait < LongWait, (long)(checkpoint?.Checkpoint.Size ?? 0), entered, waiting.Count, wait.TotalSeconds, witnesses.Any, anchored, options.AnchorDays),
            new(!spaceLow, options.Data, drive.AvailableFreeSpace, drive.TotalSize),
            new(printers.Count(id => gateways.Find(id) is not null), printers.Count),
            new(missing.Count == 0, missing),
            new(backup is not null && now - backup.MadeAt < OldBackup, backup?.MadeAt, backup?.Note));
    }

    private sealed record MigrationRow
    {
        public long Count { get; init; }

        public long Last { get; init; }
    }

    private sealed record WaitingRow
    {
        public long Count { get; init; }

        public DateTimeOffset? Oldest { get; init; }
    }
}

/// <summary>How the engine of this version was when it was looked at.</summary>
internal sealed record HealthView(DateTimeOffset At, string Version, DatabaseHealth Database, LogHealth Log, DiskHealth Disk, GatewayHealth Gateways, SlicerHealth Slicer, BackupHealth Backup);

/// <param name="Kind">SQLite or PostgreSQL.</param>
/// <param name="Well">It answers within a second.</param>
/// <param name="AnswerSeconds">One small query took, s.</param>
/// <param name="Bytes">It takes.</param>
/// <param name="Migrations">That have run.</param>
/// <param name="LastMigration">Its number.</param>
internal sealed record DatabaseHealth(string Kind, bool Well, double AnswerSeconds, long Bytes, long Migrations, long LastMigration);

/// <param name="Well">No statement has waited for a minute.</param>
/// <param name="Size">Entries of the newest checkpoint.</param>
/// <param name="LastEntryAt">When the newest entry was made.</param>
/// <param name="Waiting">Statements that are not entered yet.</param>
/// <param name="WaitingSeconds">The oldest of them waits, s.</param>
/// <param name="HasWitnesses">A policy names some.</param>
/// <param name="LastAnchorAt">The newest anchor.</param>
/// <param name="AnchorDays">From one to the next; 0 for none.</param>
internal sealed record LogHealth(bool Well, long Size, DateTimeOffset? LastEntryAt, long Waiting, double WaitingSeconds, bool HasWitnesses, DateTimeOffset? LastAnchorAt, int AnchorDays);

/// <param name="Well">5 GB are free.</param>
/// <param name="Folder">The data folder.</param>
/// <param name="FreeBytes">On its disk.</param>
/// <param name="TotalBytes">Of its disk.</param>
internal sealed record DiskHealth(bool Well, string Folder, long FreeBytes, long TotalBytes);

/// <param name="Connected">To this node.</param>
/// <param name="Printers">That are enrolled.</param>
internal sealed record GatewayHealth(int Connected, int Printers);

/// <param name="Well">All programs are there.</param>
/// <param name="Missing">Programs that are not.</param>
internal sealed record SlicerHealth(bool Well, IReadOnlyList<string> Missing);

/// <param name="Well">One was recorded within two days.</param>
/// <param name="LastAt">When the last one was made; null when none was recorded.</param>
/// <param name="Note">What was said about it.</param>
internal sealed record BackupHealth(bool Well, DateTimeOffset? LastAt, string? Note);
