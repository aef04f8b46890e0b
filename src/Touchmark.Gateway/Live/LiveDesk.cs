using System.Threading.Channels;
using Touchmark.Gateway.Running;

namespace Touchmark.Gateway.Live;

/// <summary>How the extra ended the print job of a session.</summary>
internal enum JobEnd
{
    Complete,
    Cancelled,
    Error,
    Shutdown,

    /// <summary>Its connection is gone.</summary>
    Gone,
}

/// <summary>Where Klipper's extra and a live session meet: connections come and go, and the session lives in the gateway's loop. Callable from any thread.</summary>
internal sealed class LiveDesk(ChannelWriter<HostEvent> events)
{
    /// <summary>No file's handle is so large.</summary>
    public const long FirstHandle = 1L << 32;

    private readonly Lock _lock = new();
    private readonly List<Extra> _extras = [];
    private (Extra Extra, long Handle, Guid JobId)? _job;
    private long _lastHandle = FirstHandle - 1;
    private TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether an extra is connected.</summary>
    public bool HasExtra
    {
        get
        {
            lock (_lock)
            {
                return _extras.Count > 0;
            }
        }
    }

    /// <summary>The job whose session runs through an extra; null when none does.</summary>
    public Guid? Job
    {
        get
        {
            lock (_lock)
            {
                return _job?.JobId;
            }
        }
    }

    /// <summary>Waits for an extra; false when none was there in time.</summary>
    public async Task<bool> HasExtraWithinAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        Task joined;
        lock (_lock)
        {
            if (_extras.Count > 0)
            {
                return true;
            }

            joined = _joined.Task;
        }

        try
        {
            await joined.WaitAsync(limit, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Join(Extra extra)
    {
        TaskCompletionSource joined;
        lock (_lock)
        {
            _extras.Remove(extra);
            _extras.Add(extra);
            (joined, _joined) = (_joined, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        joined.SetResult();
    }

    public ValueTask LeaveAsync(Extra extra, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _extras.Remove(extra);
            return _job is { } job && job.Extra == extra ? CloseAsync(job.Handle, JobEnd.Gone, cancellationToken) : ValueTask.CompletedTask;
        }
    }

    /// <summary>A session begins with the extra that greeted last, under a handle of its own; null when none is connected.</summary>
    public (Extra Extra, long Handle)? Begin(Guid jobId)
    {
        lock (_lock)
        {
            if (_extras.LastOrDefault() is not { } extra)
            {
                return null;
            }

            _job = (extra, ++_lastHandle, jobId);
            return (extra, _lastHandle);
        }
    }

    /// <summary>No handle is good any more.</summary>
    public void End()
    {
        lock (_lock)
        {
            _job = null;
        }
    }

    /// <summary>Whether a session runs through this extra, under this handle.</summary>
    public bool Holds(Extra? extra, long? handle = null)
    {
        lock (_lock)
        {
            return _job is { } job && job.Extra == extra && (handle is null || job.Handle == handle);
        }
    }

    public ValueTask AskAsync(long handle, SegmentOrder order, CancellationToken cancellationToken) => events.WriteAsync(new HostEvent.SegmentAsked(handle, order), cancellationToken);

    public ValueTask CloseAsync(long handle, JobEnd end, CancellationToken cancellationToken) => events.WriteAsync(new HostEvent.JobClosed(handle, end), cancellationToken);
}
