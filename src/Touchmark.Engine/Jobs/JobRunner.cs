using System.Collections.Concurrent;
using Touchmark.Engine.Certificates;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Vaults;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Jobs;

/// <summary>
/// Takes each job from the queue to its end: slice, wait for the printer, stream, certify. What was under way when the engine went away is settled at start: a job of which
/// nothing was sent goes back to the queue; one that had started goes on with its saved session, or is a failure whose print counts.
/// </summary>
internal sealed class JobRunner(
    JobStore jobs, JobFeed feed, Slicer slicer, PrinterFleet fleet, LicenceLedger licences, PrintStarter starter, SessionKeeper keeper, VaultDesk vaults, CertificateOffice certificates,
    IHostApplicationLifetime host, TimeProvider time, ILogger<JobRunner> log) : IHostedService
{
    /// <summary>ENOSPC.</summary>
    private const int DiskFull = 28;

    private static readonly JobFailure Restarted = new(
        "ENGINE_RESTARTED", "The engine was restarted while the part was being printed. The gateway made the printer safe by itself.", "Remove the unfinished part and start a new job.");

    /// <summary>Waits between attempts to write the end of a print down: a database that restarts is back within these. The session is saved meanwhile.</summary>
    private static readonly TimeSpan[] Retries = [TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(15)];

    private readonly ConcurrentDictionary<Guid, Run> runs = new();
    private Task stopped = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        host.ApplicationStopping.Register(() => stopped = StopAllAsync());
        var unfinished = await jobs.ListUnfinishedAsync(cancellationToken);
        foreach (var job in unfinished.Where(job => job.State.HasStarted()))
        {
            await ResumeAsync(job, cancellationToken);
        }

        foreach (var job in unfinished.Where(job => !job.State.HasStarted()))
        {
            await jobs.AdvanceAsync(job.Id, JobState.Queued, cancellationToken);
            Start(job);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await stopped.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Begins with a job that is in the database.</summary>
    public void Start(Job job) => Start(new Run(job), WorkAsync);

    private void Start(Run run, Func<Run, Task> work)
    {
        if (runs.TryAdd(run.Job.Id, run))
        {
            run.Task = RunAsync(run, work);
        }
    }

    /// <summary>Goes on with a print that ran when the engine went away. Done before gateways can connect, so that each finds its session.</summary>
    private async Task ResumeAsync(Job job, CancellationToken cancel)
    {
        try
        {
            if (await keeper.FindAsync(job.Id, cancel) is { } saved && job.SliceId is { } sliceId && await starter.FindSliceAsync(sliceId, cancel) is { } slice
                && await fleet.FindAsync(job.PrinterId, cancel) is { RevokedAt: null } printer)
            {
                var turn = starter.Reserve(job.PrinterId);
                var print = starter.Restore(turn, job, slice, printer, saved);
                // What was saved may be a second older than the order.
                print.Hold(job.PauseRequestedAt);
                log.LogInformation("Job {JobId} waits for its gateway, to go on where it was", job.Id);
                Start(new Run(job), async run =>
                {
                    using (turn)
                    {
                        await FollowAsync(run, turn, slice, printer, print);
                    }
                });
                return;
            }
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or InvalidOperationException)
        {
            log.LogError(failure, "Job {JobId} cannot go on", job.Id);
        }

        log.LogWarning("Job {JobId} had started when the engine died", job.Id);
        await jobs.EndAsync(job.Id, JobState.Failed, Restarted, printed: true, certify: null, cancel);
    }

    /// <summary>Tells a job to end, and why: by the emergency path where there is a halt, even when it is being ended in order already. False when it is not here.</summary>
    public bool Stop(Guid jobId, EndReason reason, JobFailure failure, HaltReason? halt = null)
    {
        if (!runs.TryGetValue(jobId, out var run))
        {
            return false;
        }

        if (run.Stop(reason, failure, halt))
        {
            log.LogInformation("Job {JobId} is told to end: {Code}", jobId, failure.Code);
        }

        return true;
    }

    /// <summary>Pauses the prints of this node that are to be paused, since when, and lets the others go on.</summary>
    public void Hold(IReadOnlyDictionary<Guid, DateTimeOffset> paused)
    {
        foreach (var (id, run) in runs)
        {
            if (run.Print?.Hold(paused.TryGetValue(id, out var since) ? since : null) == true)
            {
                log.LogInformation("Job {JobId} {Does}", id, paused.ContainsKey(id) ? "is paused" : "goes on");
                feed.Touch(id);
            }
        }
    }

    /// <summary>How far the pause of a print of this node has come; null where it is not paused, or not here.</summary>
    public JobPauseState? PauseOf(Guid jobId) => runs.ContainsKey(jobId) && feed.Read(jobId).Session?.Paused is { } pause ? JobPauseView.StateOf(pause) : null;

    private async Task StopAllAsync()
    {
        // Prints are not ended: their gateways wait as long as their licences allow, for this engine or the next process of it.
        foreach (var run in runs.Values)
        {
            run.Print?.Freeze();
        }

        await keeper.SaveAsync(CancellationToken.None);
        foreach (var run in runs.Values)
        {
            run.Stop(EndReason.EngineStopping, JobEndings.Of(EndReason.EngineStopping));
        }

        await Task.WhenAll(runs.Values.Select(run => run.Task)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        starter.CloseConnections();
    }

    private async Task RunAsync(Run run, Func<Run, Task> work)
    {
        await Task.Yield();
        try
        {
            await work(run);
        }
        catch (OperationCanceledException) when (run.Reason == EndReason.EngineStopping)
        {
            // Nothing was sent, or the session is saved: the next start of the engine goes on with it.
        }
        catch (OperationCanceledException) when (run.Reason is { } reason)
        {
            await EndUnprintedAsync(run, reason == EndReason.Cancelled ? JobState.Cancelled : JobState.Failed, reason == EndReason.Cancelled ? null : run.Failure);
        }
        catch (Exception failure)
        {
            log.LogError(failure, "Job {JobId} failed", run.Job.Id);
            await EndFailedAsync(run.Job.Id, failure);
        }
        finally
        {
            runs.TryRemove(run.Job.Id, out _);
            feed.Forget(run.Job.Id);
            run.Dispose();
        }
    }

    private async Task WorkAsync(Run run)
    {
        var job = run.Job;
        var cancel = run.Stopping;
        var printer = (await fleet.FindAsync(job.PrinterId, cancel))!;
        if (!(await SliceAsync(job, printer, cancel)).Has(out var slice, out var refusal))
        {
            await EndUnprintedAsync(run, JobState.Failed, JobFailure.Of(refusal));
            return;
        }

        await jobs.SlicedAsync(job.Id, slice.Id, cancel);
        feed.Touch(job.Id);
        using var turn = await starter.TakeTurnAsync(job, cancel);
        if (await CheckAsync(job, cancel) is { } stale)
        {
            await EndUnprintedAsync(run, JobState.Failed, stale);
            return;
        }

        // It may have been accepted as changed while the job waited.
        printer = (await fleet.FindAsync(job.PrinterId, cancel))!;
        await FollowAsync(run, turn, slice, printer, await starter.BeginAsync(turn, job, slice, printer, cancel));
    }

    /// <summary>The slice that the job came with, or that it got before the engine was restarted; else a new one.</summary>
    private async Task<Outcome<Slice>> SliceAsync(Job job, EnrolledPrinter printer, CancellationToken cancel) =>
        job.SliceId is { } id && await starter.FindSliceAsync(id, cancel) is { } known ? known
            : await slicer.SliceAsync(job.DesignId, printer, job.Material, job.Quality, () => AdvanceAsync(job, JobState.Slicing), percent => feed.Report(job.Id, percent), cancel);

    private async Task FollowAsync(Run run, PrinterTurn turn, Slice slice, EnrolledPrinter printer, PrintSession print)
    {
        try
        {
            run.Print = print;
            using var stopping = run.Stopping.Register(() => Stop(run, print));
            await ConcludeAsync(run, slice, printer, print, await print.Ended);
        }
        finally
        {
            await starter.EndAsync(turn, print);
        }
    }

    private static void Stop(Run run, PrintSession print)
    {
        if (run.Reason == EndReason.EngineStopping)
        {
            print.Suspend();
        }
        else
        {
            print.Stop(run.Reason!.Value, run.Failure!.Text);
        }
    }

    private async Task ConcludeAsync(Run run, Slice slice, EnrolledPrinter printer, PrintSession print, SessionEnd end)
    {
        var job = run.Job;
        log.LogInformation("Job {JobId} ended: {Code}, {Sent} segments sent, {Verified} verified", job.Id, end.Code, end.SegmentsSent, end.SegmentsVerified);
        var state = end.Reason switch
        {
            EndReason.Completed => JobState.Done,
            EndReason.Cancelled => JobState.Cancelled,
            _ => JobState.Failed,
        };
        var failure = state == JobState.Failed ? JobEndings.Of(end, run.Reason == end.Reason ? run.Failure : null) : null;
        var vault = end.Printed ? await vaults.AskAsync(printer, job, slice, print.ToolpathBytes, print.Record, CancellationToken.None) : VaultWord.None;
        Func<Transaction, Task<Guid?>>? certify = end.Printed
            ? work => certificates.IssueAsync(work, new PrintFacts(job, slice, printer, print.Transport, end, print.Record, vault, print.CertificateMac), CancellationToken.None)
            : null;
        // A restored session that its gateway never came back to does not know what it had sent.
        var printed = end.Printed || job.State.HasStarted();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await jobs.EndAsync(job.Id, state, failure, printed, certify, CancellationToken.None, async work =>
                {
                    await JobStore.RestAsync(work, job.Id, printed ? end.MadeSafe : null);
                    await PrinterDrift.KeepAsync(work, job.Id, printer.Id, print.Record.Behaviour, time.GetUtcNow(), CancellationToken.None);
                });
                _ = vaults.EndorseAsync(job.PrinterId);
                return;
            }
            catch (Exception fault) when (attempt < Retries.Length && (fault is IOException or System.Data.Common.DbException))
            {
                log.LogWarning(fault, "The end of job {JobId} could not be written down; trying again", job.Id);
                await Task.Delay(Retries[attempt], time, CancellationToken.None);
            }
        }
    }

    /// <summary>What may have changed while the job waited.</summary>
    private async Task<JobFailure?> CheckAsync(Job job, CancellationToken cancel)
    {
        if (await fleet.FindAsync(job.PrinterId, cancel) is not { RevokedAt: null } printer)
        {
            return JobEndings.PrinterRevoked;
        }

        if (printer.ChangePresentedAt is not null)
        {
            return new("PRINTER_CHANGED", "The printer was presented as repaired or changed while the job waited.", "Have it accepted, then start a new job.");
        }

        var licence = await licences.FindAsync(job.LicenceId, cancel);
        return licence switch
        {
            { RevokedAt: not null } => JobEndings.Of(EndReason.Revoked),
            { ExpiresAt: { } expiry } when expiry <= starter.Now => new("LICENCE_EXPIRED", "The licence expired while the job waited.", "Ask the owner of the design for a new licence."),
            _ => null,
        };
    }

    private async Task AdvanceAsync(Job job, JobState state)
    {
        await jobs.AdvanceAsync(job.Id, state, CancellationToken.None);
        feed.Touch(job.Id);
    }

    /// <summary>Ends a job after a fault of ours. Whether its print counts is what was written down before its first segment: the fault may have come later.</summary>
    private async Task EndFailedAsync(Guid jobId, Exception failure)
    {
        var reason = failure is IOException { HResult: DiskFull }
            ? new JobFailure("STORAGE_FULL", "The engine has no room left for this job.", "Free space in the engine's data folder, then start a new job.")
            : new JobFailure("INTERNAL", "The engine failed to carry the job out.", "Start a new job; if it fails again, report the job's id.");
        try
        {
            var started = await jobs.FindAsync(jobId, CancellationToken.None) is { } job && job.State.HasStarted();
            await jobs.EndAsync(jobId, JobState.Failed, reason, printed: started, certify: null, CancellationToken.None);
        }
        catch (Exception again) when (again is IOException or System.Data.Common.DbException)
        {
            // The next start of the engine settles it.
            log.LogError(again, "The end of job {JobId} could not be written down", jobId);
        }
    }

    private Task EndUnprintedAsync(Run run, JobState state, JobFailure? failure) => jobs.EndAsync(run.Job.Id, state, failure, printed: false, certify: null, CancellationToken.None);

    /// <summary>A job that is under way on this node.</summary>
    private sealed class Run(Job job) : IDisposable
    {
        private readonly Lock gate = new();
        private readonly CancellationTokenSource stop = new();
        private bool disposed;
        private bool halted;

        public Job Job => job;

        public Task Task { get; set; } = Task.CompletedTask;

        public CancellationToken Stopping => stop.Token;

        /// <summary>Set while its printer is driven.</summary>
        public PrintSession? Print { get; set; }

        /// <summary>The first cause is the one that counts.</summary>
        public EndReason? Reason { get; private set; }

        /// <summary>The cause in words, for people.</summary>
        public JobFailure? Failure { get; private set; }

        /// <summary>True when it is the first cause.</summary>
        public bool Stop(EndReason reason, JobFailure failure, HaltReason? halt = null)
        {
            bool first, halts;
            lock (gate)
            {
                if (disposed)
                {
                    return false;
                }

                first = Reason is null;
                halts = halt is not null && !halted;
                halted |= halts;
                if (first)
                {
                    (Reason, Failure) = (reason, failure);
                }
            }

            if (halts)
            {
                Print?.Halt(halt!.Value, failure.Text);
            }

            if (first)
            {
                stop.Cancel();
            }

            return first;
        }

        // The source is left to the collector: a Stop that is just under way may still hold it.
        public void Dispose()
        {
            lock (gate)
            {
                disposed = true;
            }
        }
    }
}
