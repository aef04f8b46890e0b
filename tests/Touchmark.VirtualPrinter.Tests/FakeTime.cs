namespace Touchmark.VirtualPrinter.Tests;

/// <summary>A clock that stands still until a test moves it; timers fire on the test's own thread, in order.</summary>
internal sealed class FakeTime : TimeProvider
{
    private readonly List<FakeTimer> timers = [];
    private long ticks;

    /// <summary>Seconds that have passed.</summary>
    public double Elapsed => (double)ticks / TimeSpan.TicksPerSecond;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(1_795_237_000).AddTicks(ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(double seconds)
    {
        var end = ticks + (long)(seconds * TimeSpan.TicksPerSecond);
        while (timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due) is { } next)
        {
            ticks = Math.Max(ticks, next.Due);
            next.Fire();
        }

        ticks = end;
    }

    private sealed class FakeTimer(FakeTime time, TimerCallback callback, object? state) : ITimer
    {
        public long Due { get; private set; } = long.MaxValue;

        public void Fire()
        {
            Due = long.MaxValue;
            callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time.ticks + dueTime.Ticks;
            return true;
        }

        public void Dispose() => time.timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
