using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;

namespace Touchmark.Engine.SystemHealth;

/// <summary>How the engine is, and when it was backed up last: for admins, and to be read by auditors.</summary>
internal static class HealthFeature
{
    public static void AddSystemHealth(this IServiceCollection services)
    {
        services.AddSingleton<Backups>();
        services.AddSingleton<HealthCheck>();
        services.AddHostedService<HealthMetrics>();
    }

    public static void MapSystemHealth(this WebApplication app)
    {
        app.MapGet("/api/system", (HealthCheck check, CancellationToken cancel) => check.LookAsync(cancel)).For(Role.Admin, Role.Auditor)
            .WithSummary("Show how the engine is: database, log, disk, gateways, slicer, last backup.");
        app.MapGet("/api/backups", (Backups backups, CancellationToken cancel) => backups.ListAsync(cancel)).For(Role.Admin, Role.Auditor).WithSummary("List the backups that were recorded.");
        app.MapPost("/api/backups", async (NewBackup request, Caller caller, Backups backups, CancellationToken cancel) =>
            (await backups.RecordAsync(request, caller, cancel)).ToResult(backup => Results.Created((string?)null, backup))).For(Role.Admin).Produces<BackupView>(StatusCodes.Status201Created)
            .WithSummary("Record that a backup was made.");
        app.MapPagesFor(Role.Admin, Role.Auditor).MapGet("/system", async (Visit visit, HealthCheck check, CancellationToken cancel) => visit.Show<SystemPage>(SystemModel.Of(await check.LookAsync(cancel), visit.Caller.Role == Role.Admin)));
        app.MapPagesFor(Role.Admin).MapPost("/system/backups", async (HttpContext http, Visit visit, Backups backups, HealthCheck check, CancellationToken cancel) =>
        {
            var note = (await http.Request.ReadFormAsync(cancel))["note"].ToString();
            return (await backups.RecordAsync(new NewBackup(note), visit.Caller, cancel)).Has(out _, out var refusal)
                ? Results.Redirect("/system") : visit.Show<SystemPage>(SystemModel.Of(await check.LookAsync(cancel), isAdmin: true) with { Note = note }, refusal);
        }).AsForm();
    }
}

/// <summary>What is looked after, one line each, and the backups; Note is what was typed of one that could not be recorded.</summary>
public sealed record SystemModel(string Version, DateTimeOffset At, IReadOnlyList<HealthLine> Lines, DateTimeOffset? BackupAt, string? BackupNote, bool BackupWell, string Folder, string Database, bool CanRecord, string Note = "")
{
    internal static SystemModel Of(HealthView health, bool isAdmin) => new(
        health.Version, health.At,
        [
            new("Database", health.Database.Well, health.Database.Well ? "answers" : "is slow", $"{health.Database.Kind}, {Say.Bytes(health.Database.Bytes)}; a small query took {health.Database.AnswerSeconds * 1000:0.#} ms; migration {health.Database.LastMigration:0000} is the last of {health.Database.Migrations}", null),
            new("Log", health.Log.Well, health.Log.Well ? "is written" : "is behind",
                $"{Say.Number(health.Log.Size)} entries; {(health.Log.Waiting == 0 ? "nothing waits" : $"{Say.Number(health.Log.Waiting)} statements wait, the oldest for {Say.Duration(health.Log.WaitingSeconds)}")}; {(health.Log.HasWitnesses ? "with witnesses" : "without witnesses")}; newest entry:", health.Log.LastEntryAt),
            new("Anchors of the log", health.Log.AnchorDays == 0 || health.Log.LastAnchorAt is not null, health.Log.AnchorDays == 0 ? "switched off" : health.Log.LastAnchorAt is null ? "none yet" : "are made", health.Log.AnchorDays == 0 ? "see --anchor-days" : $"every {health.Log.AnchorDays} days{(health.Log.LastAnchorAt is null ? "" : "; the last one:")}", health.Log.LastAnchorAt),
            new("Disk", health.Disk.Well, health.Disk.Well ? "has room" : "is nearly full", $"{Say.Bytes(health.Disk.FreeBytes)} of {Say.Bytes(health.Disk.TotalBytes)} are free", null),
            new("Gateways", true, $"{health.Gateways.Connected} of {health.Gateways.Printers}", "are connected to this node, of the printers that are enrolled", null),
            new("Slicer and its sandbox", health.Slicer.Well, health.Slicer.Well ? "are there" : "are missing", health.Slicer.Well ? "prusa-slicer in bubblewrap" : $"install {string.Join(" and ", health.Slicer.Missing)}", null),
        ],
        health.Backup.LastAt, health.Backup.Note, health.Backup.Well, health.Disk.Folder, health.Database.Kind, isAdmin);
}

/// <summary>One thing, whether it is well, and what there is to know.</summary>
public sealed record HealthLine(string Name, bool Well, string State, string Text, DateTimeOffset? At);
