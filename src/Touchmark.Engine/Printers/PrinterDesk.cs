using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Previews;
using Touchmark.Engine.PrinterKeys;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Web;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Printers;

/// <summary>Shows one printer, and its state as it changes.</summary>
internal sealed class PrinterDesk(
    PrinterFleet fleet, ChangedPrinters changes, ChangeDesk desk, GatewayHub gateways, JobStore jobs, JobFeed feed, PrinterDrift drift, PrinterNotes notes, PriceList prices, PrinterKeyring keyring, IHostApplicationLifetime host)
{
    private const int LatestJobs = 10;

    public async Task<IResult> ShowAsync(Guid id, Visit visit, Refusal? refusal, CancellationToken cancel, string? draft = null)
    {
        if (await FindAsync(id, visit.Caller, cancel) is not { } printer)
        {
            return visit.Refuse(Refusal.NotFound("printer"));
        }

        var caller = visit.Caller;
        var isShop = caller.Role is Role.Manufacturer or Role.Operator;
        var keeps = caller.Role is Role.Manufacturer or Role.Admin;
        var view = PrinterView.Of(printer, gateways.Find(id));
        var history = await changes.HistoryAsync(id, cancel);
        var waiting = history.FirstOrDefault(one => one.State == EnrolmentState.Pending);
        var enrolments = history.Select(EnrolmentView.Of).Select(one => new PrinterEvent(one.Id, one.PresentedAt, one.State.ToString().ToLowerInvariant(), one.Differences, one.DecidedBy)).Reverse();
        return visit.Show<PrinterPage>(
            new PrinterModel(
                PrinterRow.Of(view), waiting is null ? null : await desk.ModelAsync(waiting, history, caller, cancel), view.Firmware, view.Kinematics, view.MachineId, view.MaxNozzleC, view.MaxBedC, view.MaxChamberC, view.MaxVelocity, view.MaxAcceleration, view.Gateway?.Software, view.Gateway?.Transport,
                view.Gateway?.NozzleC, view.Gateway?.BedC, view.Gateway?.Text, view.SeenAt, printer.Profile.Behaviour?.Names ?? [], [.. enrolments],
                [.. (await jobs.ListOfPrinterAsync(id, LatestJobs, cancel)).Select(job => JobRow.Of(JobView.Of(job, feed.Read(job.Id))))],
                [.. (await jobs.ListQueueAsync(id, cancel)).Select(job => QueueRow.Of(JobView.Of(job, feed.Read(job.Id))))],
                new BedModel(id, printer.BedCheck, printer.BedUsedAt, printer.BedClearedAt, CanClear: isShop, CanSet: caller.Role == Role.Manufacturer),
                await drift.ListAsync(id, cancel), await notes.ListAsync(id, cancel), draft,
                keeps && (await keyring.ListAsync(id, caller, cancel)).Has(out var keys, out _) ? KeyRow.Of(keys) : null,
                IsShop: isShop, IsRevoked: view.RevokedAt is not null, CanRevoke: view.RevokedAt is null && keeps,
                Price: caller.OrganisationId == printer.OrganisationId ? (await prices.FindAsync(id, cancel))?.Say : null, CanPrice: caller.Role == Role.Manufacturer, SeesTrail: caller.SeesEverything), refusal);
    }

    /// <summary>The printer, for whoever may see it.</summary>
    public async Task<EnrolledPrinter?> FindAsync(Guid id, Caller caller, CancellationToken cancel) =>
        await fleet.FindAsync(id, cancel) is { } printer && caller.MaySee(printer.OrganisationId) ? printer : null;

    /// <summary>The printer's state at once, and whenever its gateway comes or goes, or a job takes it or leaves it.</summary>
    public async IAsyncEnumerable<SseItem<PrinterPulse>> WatchAsync(Guid id, Caller caller, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel, host.ApplicationStopping);
        // A watcher is told the latest, never the backlog.
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        changed.Writer.TryWrite(true);
        void Note(Guid printer)
        {
            if (printer == id)
            {
                changed.Writer.TryWrite(true);
            }
        }

        gateways.Changed += Note;
        fleet.Revoked += Note;
        try
        {
            await foreach (var _ in changed.Reader.ReadAllAsync(over.Token))
            {
                if (await FindAsync(id, caller, over.Token) is not { } printer)
                {
                    yield break;
                }

                yield return new SseItem<PrinterPulse>(PrinterPulse.Of(PrinterView.Of(printer, gateways.Find(id))), "printer");
            }
        }
        finally
        {
            gateways.Changed -= Note;
            fleet.Revoked -= Note;
        }
    }
}

/// <summary>What a page shows of a printer that changes while somebody looks.</summary>
internal sealed record PrinterPulse(string State, string Tone, string Gateway, double? NozzleC, double? BedC)
{
    public static PrinterPulse Of(PrinterView printer)
    {
        var row = PrinterRow.Of(printer);
        return new(row.State, row.Tone, GatewayOf(printer.Gateway?.Software, printer.Gateway?.Transport), printer.Gateway?.NozzleC, printer.Gateway?.BedC);
    }

    public static string GatewayOf(string? software, string? transport) => software is null ? "not connected" : $"{software}, over {transport}";
}
