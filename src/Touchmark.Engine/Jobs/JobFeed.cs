using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Touchmark.Streaming;

namespace Touchmark.Engine.Jobs;

/// <summary>What changes too often for the database.</summary>
/// <param name="Version">Grows with every change.</param>
/// <param name="Rows">Grows with every change in the database.</param>
/// <param name="Percent">Of the slicer, while it works.</param>
/// <param name="Session">Of the session, while there is one.</param>
/// <param name="WaitsFor">What a job waits for that is sliced; null while nobody has looked.</param>
internal sealed record JobPulse(long Version, long Rows, int Percent, SessionProgress? Session, WaitsFor? WaitsFor = null);

/// <summary>
/// Tells those who watch a job that it changed. A watcher is told the latest, never the backlog: a slow one misses steps and costs nothing.
/// </summary>
internal sealed class JobFeed
{
    private static readonly JobPulse Still = new(0, 0, 0, null);
    private readonly ConcurrentDictionary<Guid, Entry> entries = new();

    public JobPulse Read(Guid job) => entries.TryGetValue(job, out var entry) ? entry.Pulse : Still;

    /// <summary>The state in the database changed.</summary>
    public void Touch(Guid job) => Of(job).Change(Stored);

    public void Report(Guid job, int percent) => Of(job).Change(pulse => pulse with { Version = pulse.Version + 1, Percent = percent });

    public void Report(Guid job, SessionProgress progress) => Of(job).Change(pulse => pulse with { Version = pulse.Version + 1, Session = progress });

    /// <summary>What it waits for; watchers are told when that is something else than before.</summary>
    public void Report(Guid job, WaitsFor reason) => Of(job).Change(pulse => pulse.WaitsFor == reason ? pulse : pulse with { Version = pulse.Version + 1, WaitsFor = reason });

    /// <summary>The job is over: watchers are told once more, and nothing is kept of it.</summary>
    public void Forget(Guid job)
    {
        if (entries.TryRemove(job, out var entry))
        {
            entry.Change(Stored);
        }
    }

    /// <summary>The current pulse at once, then each change that the reader is there for.</summary>
    public async IAsyncEnumerable<JobPulse> WatchAsync(Guid job, [EnumeratorCancellation] CancellationToken cancel)
    {
        // The entry outlives its being forgotten: its last change is the job's end.
        var entry = Of(job);
        while (true)
        {
            var (pulse, changed) = entry.Look();
            yield return pulse;
            await changed.WaitAsync(cancel);
        }
    }

    private static JobPulse Stored(JobPulse pulse) => pulse with { Version = pulse.Version + 1, Rows = pulse.Rows + 1 };

    private Entry Of(Guid job) => entries.GetOrAdd(job, _ => new Entry());

    private sealed class Entry
    {
        private readonly Lock gate = new();
        private TaskCompletionSource changed = New();

        public JobPulse Pulse { get; private set; } = new(1, 1, 0, null);

        public (JobPulse Pulse, Task Changed) Look()
        {
            lock (gate)
            {
                return (Pulse, changed.Task);
            }
        }

        public void Change(Func<JobPulse, JobPulse> change)
        {
            TaskCompletionSource told;
            lock (gate)
            {
                var before = Pulse;
                Pulse = change(before);
                if (ReferenceEquals(Pulse, before))
                {
                    return;
                }

                (told, changed) = (changed, New());
            }

            told.SetResult();
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
