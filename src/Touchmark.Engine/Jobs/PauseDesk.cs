using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Jobs;

/// <summary>The shop that prints pauses its prints and lets them go on (docs/decisions/0028-pause.md).</summary>
internal sealed class PauseDesk(Database database, JobStore jobs, JobFeed feed, StopOrders orders, AuditTrail trail, TimeProvider time)
{
    public Task<Outcome<JobView>> PauseAsync(Guid id, Caller caller, CancellationToken cancel) => OrderAsync(id, caller, time.GetUtcNow(), cancel);

    public Task<Outcome<JobView>> GoOnAsync(Guid id, Caller caller, CancellationToken cancel) => OrderAsync(id, caller, asked: null, cancel);

    private async Task<Outcome<JobView>> OrderAsync(Guid id, Caller caller, DateTimeOffset? asked, CancellationToken cancel)
    {
        if (await jobs.FindAsync(id, cancel) is not { } job || job.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("job");
        }

        if (asked is not null && job is { State: JobState.Streaming, GatewayHolds: false })
        {
            return TooOld;
        }

        await using (var work = await database.BeginAsync(cancel))
        {
            // To ask again for what holds is no act.
            if (await JobStore.SetPauseAsync(work, id, asked, cancel))
            {
                await trail.RecordAsync(work, AuditedAct.By(caller, asked is null ? Acts.JobResumed : Acts.JobPaused, $"job/{id:D}", new AuditDetail("printer", $"printer/{job.PrinterId:D}")), cancel);
                await work.CommitAsync(cancel);
            }
        }

        job = (await jobs.FindAsync(id, cancel))!;
        if (job.State != JobState.Streaming)
        {
            return WhyNot(job.State, asked is not null);
        }

        orders.Look();
        feed.Touch(id);
        return JobView.Of(job, feed.Read(id));
    }

    /// <summary>It would take no notice, and the head would stand hot on the part.</summary>
    private static Refusal TooOld => Refusal.Conflict(
        "GATEWAY_TOO_OLD", "The gateway of this printer is too old to pause a print.", "Let it print on, or cancel it. Then update touchmark-gateway on the printer's host to this engine's version: from the next print on it can be paused.");

    private static Refusal WhyNot(JobState state, bool pauses) => (state.IsFinal()
        ? Refusal.Conflict("JOB_ENDED", $"This job has ended; there is nothing to {(pauses ? "pause" : "go on with")}.", "Start a new job to print again.")
        : Refusal.Conflict("JOB_NOT_PRINTING", "This job does not print yet: a pause holds a print that runs.", "Wait until it prints, put it behind others, or cancel it.")).With("state", state.ToString().ToLowerInvariant());
}

/// <summary>How far a pause has come; <c>jobs.pause_state</c>.</summary>
internal enum JobPauseState
{
    /// <summary>What was sent is printed to its end.</summary>
    Pausing = 0,

    /// <summary>The printer rests.</summary>
    Stands = 1,

    /// <summary>It rests with its head off the part.</summary>
    Raised = 2,
}

/// <summary>A pause as the API shows it.</summary>
/// <param name="Stands">What was sent is printed, and the head is raised where there is room; before, the printer is on its way there.</param>
/// <param name="HeadRaised">The head is off the part.</param>
/// <param name="Since">When it was asked for.</param>
/// <param name="Until">When the print is ended, if nobody lets it go on.</param>
internal sealed record JobPauseView(bool Stands, bool HeadRaised, DateTimeOffset Since, DateTimeOffset Until)
{
    /// <summary>In a few words; the job's message.</summary>
    public string Text => !Stands ? "pausing: what was sent is printed to its end first" : HeadRaised ? "paused, the head is raised" : "paused";

    public static JobPauseState StateOf(PauseProgress pause) => !pause.Stands ? JobPauseState.Pausing : pause.IsRaised ? JobPauseState.Raised : JobPauseState.Stands;

    /// <summary>As the session has it; before that heard of it, and on a node that does not run it, as the database has it.</summary>
    public static JobPauseView? Of(Job job, JobPulse pulse) => job.State != JobState.Streaming || pulse.Session?.Phase >= SessionPhase.Finishing ? null
        : pulse.Session?.Paused is { } pause ? new(pause.Stands, pause.IsRaised, pause.Asked, pause.Until)
        : job.PauseRequestedAt is { } asked ? new(job.PauseState != JobPauseState.Pausing, job.PauseState == JobPauseState.Raised, asked, asked + SessionSettings.LongestPause)
        : null;
}
