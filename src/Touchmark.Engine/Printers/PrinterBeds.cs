using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Printers;

/// <summary>
/// What lies on the beds: after a print has put something there, the next job of the printer waits until somebody at the shop has said that the bed is clear. The shop switches this off for a printer
/// that clears its bed by itself.
/// </summary>
internal sealed class PrinterBeds(Database database, PrinterFleet fleet, AuditTrail trail, TimeProvider time)
{
    /// <summary>Tells, on the node where it happened, that the next job may have become able to start.</summary>
    public event Action? Changed;

    /// <summary>Something is put on the bed from now on: written down before it is, so that whatever ends the print, or the engine, the bed is not taken for clear.</summary>
    public static Task UseAsync(Transaction work, Guid printerId, DateTimeOffset now, CancellationToken cancel) =>
        work.ExecuteAsync("update printers set bed_used_at = @Now where id = @Id", new { Id = printerId, Now = now }, cancel);

    /// <summary>Somebody at the shop has looked: nothing is on the bed. A bed that is known to be clear stays so, and nothing is written down.</summary>
    public async Task<Outcome<EnrolledPrinter>> ClearAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (!(await OwnAsync(id, caller, cancel)).Has(out var printer, out var refusal))
        {
            return refusal;
        }

        await using (var work = await database.BeginAsync(cancel))
        {
            var row = new { Id = id, Now = time.GetUtcNow(), JobState.Streaming };
            if (await work.ExecuteAsync(
                "update printers set bed_used_at = null, bed_cleared_at = @Now where id = @Id and bed_used_at is not null and not exists (select 1 from jobs where jobs.printer_id = @Id and jobs.state = @Streaming)",
                row, cancel) > 0)
            {
                await trail.RecordAsync(work, AuditedAct.By(caller, Acts.BedCleared, $"printer/{id:D}"), cancel);
                await work.CommitAsync(cancel);
            }
        }

        Changed?.Invoke();
        return (await fleet.FindAsync(id, cancel))! is { BedUsedAt: null } clear ? clear
            : Refusal.Conflict("PRINT_RUNNING", "Something is being printed on this bed now.", "Confirm when the print has ended and the part is off the bed.").With("printer", printer.Name);
    }

    /// <summary>Whether prints wait for a person. Switched off for belts and ejectors.</summary>
    public async Task<Outcome<EnrolledPrinter>> SetCheckAsync(Guid id, bool required, Caller caller, CancellationToken cancel)
    {
        if (!(await OwnAsync(id, caller, cancel)).Has(out _, out var refusal))
        {
            return refusal;
        }

        await using (var work = await database.BeginAsync(cancel))
        {
            if (await work.ExecuteAsync("update printers set bed_check = @Required where id = @Id and bed_check <> @Required", new { Id = id, Required = required }, cancel) > 0)
            {
                await trail.RecordAsync(work, AuditedAct.By(caller, Acts.BedCheckSet, $"printer/{id:D}", new AuditDetail("required", required ? "yes" : "no")), cancel);
                await work.CommitAsync(cancel);
            }
        }

        Changed?.Invoke();
        return (await fleet.FindAsync(id, cancel))!;
    }

    /// <summary>Only whoever stands at the printer knows: its own shop, and no admin of the engine.</summary>
    private async Task<Outcome<EnrolledPrinter>> OwnAsync(Guid id, Caller caller, CancellationToken cancel) =>
        await fleet.FindAsync(id, cancel) is { } printer && printer.OrganisationId == caller.OrganisationId ? printer : Refusal.NotFound("printer");
}

/// <param name="Required">Whether jobs wait for the confirmation.</param>
internal sealed record BedCheckRequest(bool Required);

/// <summary>The bed of a printer.</summary>
/// <param name="Check">Whether the next job waits until somebody has confirmed that the bed is clear.</param>
/// <param name="IsClear">Nothing was printed since the bed was last confirmed to be clear, or ever.</param>
/// <param name="UsedAt">Since when something lies there.</param>
/// <param name="ClearedAt">When that was last confirmed; who did is in the audit trail.</param>
internal sealed record BedView(bool Check, bool IsClear, DateTimeOffset? UsedAt, DateTimeOffset? ClearedAt);
