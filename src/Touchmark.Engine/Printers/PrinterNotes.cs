using Touchmark.Engine.Accounts;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Printers;

/// <summary>What the shop writes down about a printer: repairs, new parts, odd noises. Notes are added, never changed or removed.</summary>
internal sealed class PrinterNotes(Database database, PrinterFleet fleet, TimeProvider time)
{
    public const int MaxLength = 2000;

    /// <summary>Nobody reads further back on a page; the rest is in the database.</summary>
    private const int Most = 200;

    /// <summary>For the people of the printer's shop.</summary>
    public async Task<Outcome<PrinterNote>> AddAsync(Guid printerId, string? words, Caller caller, CancellationToken cancel)
    {
        if (await fleet.FindAsync(printerId, cancel) is not { } printer || printer.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("printer");
        }

        // A browser sends its line ends as CR LF.
        var text = (words ?? "").ReplaceLineEndings("\n").Trim();
        if (text.Length is 0 or > MaxLength || text.Split('\n').Any(line => line.Trim().Length > 0 && !PlainText.TryAccept(line, MaxLength, out _)))
        {
            return Refusal.Invalid("NOTE_INVALID", $"A note is a text of 1 to {MaxLength} visible characters.", "Leave out control characters and invisible formatting characters; tell a long story in several notes.").With("length", text.Length).With("maximum", MaxLength);
        }

        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await database.ExecuteAsync("insert into printer_notes (id, printer_id, made_by, made_at, words) values (@Id, @PrinterId, @AccountId, @Now, @Text)",
            new { Id = id, PrinterId = printerId, caller.AccountId, Now = now, Text = text }, cancel);
        return (await ListAsync(printerId, cancel)).First(note => note.Id == id);
    }

    /// <summary>For whoever may see the printer.</summary>
    public async Task<Outcome<IReadOnlyList<PrinterNote>>> ListAsync(Guid printerId, Caller caller, CancellationToken cancel) =>
        await fleet.FindAsync(printerId, cancel) is { } printer && caller.MaySee(printer.OrganisationId) ? Outcome.Of(await ListAsync(printerId, cancel)) : Refusal.NotFound("printer");

    /// <summary>The latest notes of a printer, newest first.</summary>
    public Task<IReadOnlyList<PrinterNote>> ListAsync(Guid printerId, CancellationToken cancel) => database.QueryAsync<PrinterNote>(
        "select printer_notes.id, printer_notes.made_at, accounts.name as made_by, printer_notes.words from printer_notes join accounts on accounts.id = printer_notes.made_by "
        + "where printer_notes.printer_id = @PrinterId order by printer_notes.id desc limit @Most", new { PrinterId = printerId, Most }, cancel);
}

/// <param name="Words">Plain text.</param>
internal sealed record NoteRequest(string Words);

/// <summary>A note as people see it.</summary>
public sealed record PrinterNote
{
    public Guid Id { get; init; }

    public DateTimeOffset MadeAt { get; init; }

    /// <summary>The person's name.</summary>
    public string MadeBy { get; init; } = "";

    public string Words { get; init; } = "";
}
