using System.Runtime.CompilerServices;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// The printer's clock and its only scheduler, in the spirit of Klipper's <c>reactor.py</c>: everything that the printer does runs under one lock, in
/// the order of printer time, so the simulation is deterministic whatever the wall clock does. Printer time runs <c>speed</c> times as fast as the
/// <see cref="TimeProvider"/>; timers fire with <see cref="Now"/> set to the instant they were due, however late the operating system woke us.
/// </summary>
internal sealed class Reactor : IDisposable
{
    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly double startUtc;
    private readonly PriorityQueue<ReactorTimer, (double Due, long Order)> timers = new();
    private readonly ITimer wake;
    private double speed;
    private long startTimestamp;
    private double startTime;
    private long order;
    private bool running;
    private bool disposed;

    public Reactor(TimeProvider time, double speed, double startTime)
    {
        this.time = time;
        this.speed = speed;
        this.startTime = startTime;
        startTimestamp = time.GetTimestamp();
        startUtc = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0 - startTime;
        Now = startTime;
        wake = time.CreateTimer(_ => Run(static () => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Printer time in seconds (Klipper's <c>eventtime</c>).</summary>
    public double Now { get; private set; }

    /// <summary>Printer seconds per second of <see cref="Clock"/>.</summary>
    public double Speed => speed;

    /// <summary>The clock on the wall.</summary>
    public TimeProvider Clock => time;

    /// <summary>Printer time as seconds since 1970; it runs as fast as <see cref="Now"/>, so that durations agree.</summary>
    public double UnixNow => startUtc + Now;

    /// <summary>Runs <paramref name="work"/> at the present printer time, after everything that is due, from any thread.</summary>
    public void Run(Action work)
    {
        lock (gate)
        {
            if (disposed)
                return;
            if (running)
                throw new InvalidOperationException("The reactor was entered from inside itself: use Schedule.");
            var context = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(null);
            running = true;
            try
            {
                CatchUp();
                work();
                CatchUp();
                Arm();
            }
            finally
            {
                running = false;
                SynchronizationContext.SetSynchronizationContext(context);
            }
        }
    }

    /// <summary>Calls <paramref name="callback"/> at printer time <paramref name="at"/> (as soon as possible when that is past).</summary>
    public ReactorTimer Schedule(double at, Action callback)
    {
        var timer = new ReactorTimer(callback);
        // Not Math.Max: a time that is no number must not block the queue.
        timers.Enqueue(timer, (at > Now ? at : Now, order++));
        return timer;
    }

    /// <summary>From now on printer time runs <paramref name="factor"/> times as fast as the clock on the wall. To be called inside <see cref="Run"/>.</summary>
    public void SetSpeed(double factor)
    {
        startTime += time.GetElapsedTime(startTimestamp).TotalSeconds * speed;
        startTimestamp = time.GetTimestamp();
        speed = factor;
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            timers.Clear();
        }

        wake.Dispose();
    }

    private void CatchUp()
    {
        var target = startTime + time.GetElapsedTime(startTimestamp).TotalSeconds * speed;
        while (timers.TryPeek(out _, out var next) && next.Due <= target)
        {
            var timer = timers.Dequeue();
            Now = Math.Max(Now, next.Due);
            timer.Fire();
        }

        Now = Math.Max(Now, target);
    }

    private void Arm()
    {
        // A system timer counts whole milliseconds and rounds down: one that is due in 0.4 ms would spin.
        if (timers.TryPeek(out _, out var next))
            wake.Change(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, (next.Due - Now) / speed * 1000))), Timeout.InfiniteTimeSpan);
    }
}

/// <summary>A pending call of the <see cref="Reactor"/>.</summary>
internal sealed class ReactorTimer(Action callback)
{
    private Action? callback = callback;

    public bool IsPending => callback is not null;

    public void Cancel() => callback = null;

    public void Fire()
    {
        var due = callback;
        callback = null;
        due?.Invoke();
    }
}

/// <summary>
/// The timers and sleeping routines of one run of the Klipper host. Ending it drops them all: a routine that was waiting never resumes, as when the
/// process is killed.
/// </summary>
internal sealed class ReactorScope(Reactor reactor)
{
    private bool ended;

    public double Now => reactor.Now;

    public double UnixNow => reactor.UnixNow;

    /// <summary>The printer time at which so many seconds will have passed on the wall, where other programs live.</summary>
    public double OnTheWall(double seconds) => reactor.Now + seconds * reactor.Speed;

    public ReactorTimer Schedule(double at, Action callback) => reactor.Schedule(at, () =>
    {
        if (!ended)
            callback();
    });

    /// <summary>Calls <paramref name="callback"/> every <paramref name="period"/> seconds of printer time.</summary>
    public void Every(double period, Action callback)
    {
        var next = Now + period;
        Schedule(next, Tick);

        void Tick()
        {
            callback();
            next += period;
            Schedule(next, Tick);
        }
    }

    public Sleep Until(double at) => new(this, at);

    public void End() => ended = true;

    /// <summary>Awaits a point in printer time; the rest of the routine runs inside the reactor.</summary>
    internal readonly struct Sleep(ReactorScope scope, double at) : INotifyCompletion
    {
        public bool IsCompleted => false;

        public Sleep GetAwaiter() => this;

        public void OnCompleted(Action continuation) => scope.Schedule(at, continuation);

        public void GetResult()
        {
        }
    }
}

/// <summary>A first-come lock between routines of one reactor (Klipper's <c>ReactorMutex</c>).</summary>
internal sealed class ReactorMutex(ReactorScope scope)
{
    private readonly Queue<Action> waiting = new();

    public bool IsHeld { get; private set; }

    public Turn LockAsync() => new(this);

    public void Release()
    {
        if (waiting.TryDequeue(out var next))
            scope.Schedule(scope.Now, next);
        else
            IsHeld = false;
    }

    internal readonly struct Turn(ReactorMutex mutex) : INotifyCompletion
    {
        public bool IsCompleted
        {
            get
            {
                if (mutex.IsHeld)
                    return false;
                mutex.IsHeld = true;
                return true;
            }
        }

        public Turn GetAwaiter() => this;

        public void OnCompleted(Action continuation) => mutex.waiting.Enqueue(continuation);

        public void GetResult()
        {
        }
    }
}
