using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark system</c> and <c>touchmark backup</c>.</summary>
internal static class SystemCommands
{
    public static Command System() => Arguments.Asking("system", "Show how the engine is: database, log, disk, gateways, slicer, last backup (admins and auditors).",
        (engine, _, cancel) => engine.GetAsync("/api/system", cancel), Screen.Json);

    public static Command Backup() => new("backup", "When the engine was backed up, as whoever did it records.")
    {
        Arguments.Asking("list", "List the backups that were recorded.", (engine, _, cancel) => engine.GetAsync("/api/backups", cancel), backups => Screen.Table(backups, "No backup was recorded.", new("Made", "made_at"), new("Note", "note"))),
        Record(),
    };

    private static Command Record()
    {
        var note = new Option<string>("--note") { Description = "Where it lies, or what made it.", Required = true };
        var at = new Option<DateTimeOffset?>("--at") { Description = "When it was made; now without it." };
        return Arguments.Asking("record", "Record that a backup was made (admins): the last line of the script that makes it.",
            (engine, parsed, cancel) => engine.PostAsync("/api/backups", new { Note = parsed.GetValue(note), MadeAt = parsed.GetValue(at) }, cancel), Screen.Facts, note, at);
    }
}
