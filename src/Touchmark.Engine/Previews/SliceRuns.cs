using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Previews;

/// <summary>What is to be sliced, before it is printed.</summary>
internal sealed record NewSlice(Guid LicenceId, Guid PrinterId, string Material, string Quality);

/// <summary>Slices on request, while somebody watches. A run is forgotten some time after its end and when the engine stops: its slice is kept, and found again by whoever asks for the same.</summary>
internal sealed class SliceRuns(Slicer slicer, LicenceLedger licences, PrinterFleet fleet, JobFeed feed, IHostApplicationLifetime host, TimeProvider time, ILogger<SliceRuns> log)
{
    /// <summary>Runs of one organisation at once.</summary>
    private const int AtOnce = 4;

    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<Guid, SliceRun> runs = new();

    public async Task<Outcome<SliceRun>> StartAsync(NewSlice request, Caller caller, CancellationToken cancel)
    {
        if (await licences.FindAsync(request.LicenceId, caller, cancel) is not { } licence || !await licences.MayPrintAsync(licence.DesignId, caller.OrganisationId, cancel))
        {
            return Refusal.NotFound("licence");
        }

        if (await fleet.FindAsync(request.PrinterId, cancel) is not { } printer || printer.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("printer");
        }

        if (printer.WhyNotPrint() is { } refusal || !SlicerProfile.Create(printer.Profile, request.Material, request.Quality).Has(out var profile, out refusal))
        {
            return refusal;
        }

        // What could not be printed is not sliced either: neither in this material and quality, nor under a licence that is over.
        if (!(await licences.CheckAsync(licence.Id, new PrintRequest(printer.Id, printer.OrganisationId, profile.Material.Name, profile.Quality.Name), cancel)).Has(out _, out refusal))
        {
            return refusal;
        }

        var now = time.GetUtcNow();
        foreach (var old in runs.Values.Where(run => run.EndedAt < now - Kept))
        {
            runs.TryRemove(old.Id, out _);
        }

        if (runs.Values.Count(run => run.OrganisationId == caller.OrganisationId && run.EndedAt is null) >= AtOnce)
        {
            return new Refusal(StatusCodes.Status429TooManyRequests, "SLICES_AT_ONCE", $"{AtOnce} slices of your organisation are being made.", "Ask for this one when another is done.").With("limit", AtOnce).With("retry_after_s", 10L);
        }

        var run = new SliceRun(Guid.CreateVersion7(now), caller.OrganisationId, licence.Id, licence.DesignName, printer.Name, $"{profile.Material.Name}, {profile.Quality.Name}");
        runs[run.Id] = run;
        run.Done = SliceAsync(run, licence.DesignId, printer, profile);
        return run;
    }

    public Outcome<SliceRun> Find(Guid id, Caller caller) => runs.TryGetValue(id, out var run) && run.OrganisationId == caller.OrganisationId ? run : Refusal.NotFound("slice");

    /// <summary>The run at once and after each change, until it has ended: the events of a job, as a job's page reads them.</summary>
    public async IAsyncEnumerable<SseItem<SliceRunView>> WatchAsync(SliceRun run, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel, host.ApplicationStopping);
        await foreach (var pulse in feed.WatchAsync(run.Id, over.Token))
        {
            var view = SliceRunView.Of(run, pulse.Percent);
            yield return new SseItem<SliceRunView>(view, "job") { EventId = pulse.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) };
            if (run.EndedAt is not null)
            {
                feed.Forget(run.Id);
                yield break;
            }
        }
    }

    private async Task SliceAsync(SliceRun run, Guid designId, EnrolledPrinter printer, SlicerProfile profile)
    {
        await Task.Yield();
        try
        {
            run.Outcome = await slicer.SliceAsync(designId, printer, profile, () => Task.CompletedTask, percent => feed.Report(run.Id, percent), host.ApplicationStopping);
        }
        catch (OperationCanceledException)
        {
            run.Outcome = new Refusal(StatusCodes.Status503ServiceUnavailable, "ENGINE_STOPPING", "The engine was shut down.", "Ask for the slice again.");
        }
        catch (Exception failure)
        {
            log.LogError(failure, "Slice run {RunId} failed", run.Id);
            run.Outcome = new Refusal(StatusCodes.Status500InternalServerError, "INTERNAL", "The engine failed to slice it.", "Ask again; if it fails again, tell who runs the engine.");
        }

        run.EndedAt = time.GetUtcNow();
        feed.Touch(run.Id);
    }
}

/// <summary>A slice that is being made, or was.</summary>
internal sealed class SliceRun(Guid id, Guid organisation, Guid licence, string design, string printer, string terms)
{
    public Guid Id => id;

    public Guid OrganisationId => organisation;

    public Guid LicenceId => licence;

    public string Design => design;

    public string Printer => printer;

    public string Terms => terms;

    public Task Done { get; set; } = Task.CompletedTask;

    public Outcome<Slice>? Outcome { get; set; }

    /// <summary>Null while it goes on.</summary>
    public DateTimeOffset? EndedAt { get; set; }
}

/// <summary>A run as its page hears of it; <c>progress</c> from 0 to 1.</summary>
internal sealed record SliceRunView(string State, double Progress, string Message)
{
    public static SliceRunView Of(SliceRun run, int percent) => run.EndedAt is null ? new("slicing", percent / 100.0, "") : new("done", 1, "");
}
