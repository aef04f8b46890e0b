using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>What the printer reads from the gateway instead of from a file: an encrypted file or a live session.</summary>
internal abstract class ProtectedJob(TouchmarkExtra extra, string name) : PrintSource
{
    /// <summary>Seconds of the wall's clock: for a read, for opening, for PAUSE to take hold, for a connection while a person waits and while a print waits.</summary>
    protected const double AnswerWithin = 30;
    protected const double OpenWithin = 120;
    private const double PauseWithin = 30;
    private const double ConnectWithin = 5;
    private const double ReconnectWithin = 60;

    private readonly ReactorMutex opening = new(extra.Scope);
    private Answer? waiting;
    private int epoch;

    public abstract bool IsLive { get; }

    public abstract string Kind { get; }

    public string Name => name;

    public string? Job { get; private set; }

    public string? Licence { get; private set; }

    public long Layers { get; private set; }

    public long Handle { get; private set; }

    public bool IsClosed { get; private set; }

    /// <summary>The connection that the handle belonged to is gone.</summary>
    public bool IsStale => epoch != Link.Epoch || !Link.IsConnected;

    protected GatewayLink Link => extra.Link;

    protected bool IsStopped { get; private set; }

    /// <summary>Whether reading can go on from there.</summary>
    public abstract bool Reaches(long position);

    /// <summary>Ends a read that waits, and every later one until <see cref="Continue"/>.</summary>
    public void Interrupt()
    {
        IsStopped = true;
        waiting?.Wake();
    }

    public void Continue() => IsStopped = false;

    public void End(string reason, string text = "")
    {
        if (IsClosed)
            return;
        IsClosed = true;
        Interrupt();
        if (!IsStale)
            Link.Ask("close", ("handle", Handle), ("reason", reason), ("text", text));
        Forget();
        extra.Closed();
    }

    /// <summary>Opens it again on a new connection. A sentence on failure, null when it is open.</summary>
    /// <param name="reading">Within a read, which an interruption ends.</param>
    public async ValueTask<string?> ReopenAsync(bool reading)
    {
        await opening.LockAsync();
        try
        {
            return IsStale ? await OpenAgainAsync((answer, seconds) => reading ? WaitAsync(answer, seconds) : LetAsync(answer, seconds), reading ? ReconnectWithin : ConnectWithin) : null;
        }
        finally
        {
            opening.Release();
        }

        static async ValueTask<Reply?> LetAsync(Answer answer, double seconds) => await answer.Within(seconds) ?? Reply.Lost;
    }

    protected abstract ValueTask<string?> OpenAgainAsync(Func<Answer, double, ValueTask<Reply?>> wait, double connectWithin);

    /// <summary>Drops what is held of the toolpath.</summary>
    protected abstract void Forget();

    /// <summary>False when the gateway's answer names no handle.</summary>
    protected bool Take(JsonElement opened)
    {
        if (GatewayFrame.Whole(opened, "handle") is not { } handle)
            return false;
        (Handle, epoch) = (handle, Link.Epoch);
        (Job, Licence, Layers) = (GatewayFrame.Text(opened, "job"), GatewayFrame.Text(opened, "licence"), GatewayFrame.Whole(opened, "layers") ?? 0);
        return true;
    }

    /// <summary>The answer; <see cref="Reply.Lost"/> when it takes too long, null when reading was ended.</summary>
    protected async ValueTask<Reply?> WaitAsync(Answer answer, double seconds)
    {
        waiting = answer;
        var reply = IsStopped ? null : await answer.Within(seconds);
        waiting = null;
        return IsStopped ? null : reply ?? Reply.Lost;
    }

    /// <summary>Tells a person, and has the print paused.</summary>
    protected async ValueTask HoldAsync(string text)
    {
        extra.Hold(this, text);
        await WaitAsync(new Answer(extra.Scope), PauseWithin);
        if (!IsStopped)
            extra.StopReading();
    }
}
