using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.SystemHealth;

/// <summary>When backups were made, as whoever made them says: by hand, or by the script that made them.</summary>
internal sealed class Backups(Database database, AuditTrail trail, TimeProvider time)
{
    private const int LongestNote = 200;

    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(5);

    public Task<BackupView?> LastAsync(CancellationToken cancel) => database.FirstOrDefaultAsync<BackupView>("select id, made_at, note from backups order by made_at desc limit 1", null, cancel);

    public Task<IReadOnlyList<BackupView>> ListAsync(CancellationToken cancel) => database.QueryAsync<BackupView>("select id, made_at, note from backups order by made_at desc limit 50", null, cancel);

    public async Task<Outcome<BackupView>> RecordAsync(NewBackup request, Caller caller, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (!PlainText.TryAccept(request.Note, LongestNote, out var note))
        {
            return PlainText.Refuse("note", LongestNote);
        }

        if (request.MadeAt > now + ClocksDiffer)
        {
            return Refusal.Invalid("BACKUP_TIME", "A backup was not made in the future.", "Send made_at as the time when it was made, or leave it out for now.");
        }

        var backup = new BackupView { Id = Guid.CreateVersion7(now), MadeAt = request.MadeAt ?? now, Note = note };
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("insert into backups (id, made_at, note, recorded_by) values (@Id, @MadeAt, @Note, @AccountId)", new { backup.Id, backup.MadeAt, backup.Note, caller.AccountId }, cancel);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.BackupRecorded, $"backup/{backup.Id:D}"), cancel);
        await work.CommitAsync(cancel);
        return backup;
    }
}

/// <param name="Note">Where it lies, or what made it.</param>
/// <param name="MadeAt">Now, where it is left out.</param>
internal sealed record NewBackup(string Note, DateTimeOffset? MadeAt = null);

/// <summary>A backup that was recorded.</summary>
internal sealed record BackupView
{
    public Guid Id { get; init; }

    public DateTimeOffset MadeAt { get; init; }

    public string Note { get; init; } = "";
}
