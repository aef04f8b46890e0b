using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>A message of the gateway and the raw bytes behind it.</summary>
internal sealed record Reply(JsonElement Message, byte[] Raw)
{
    /// <summary>What an answer becomes when its connection ends first.</summary>
    public static Reply Lost { get; } = new(default, []);

    public bool IsLost => ReferenceEquals(this, Lost);

    public bool IsOk => Message.ValueKind == JsonValueKind.Object && Message.TryGetProperty("ok", out var ok) && ok.ValueKind == JsonValueKind.True;
}

/// <summary>What the gateway will answer. One routine at a time may wait for it; that goes on inside the reactor, and never once its host has ended.</summary>
internal sealed class Answer(ReactorScope scope)
{
    private Action? waiting;
    private ReactorTimer? limit;

    /// <summary>Null until it is known.</summary>
    public Reply? Result { get; private set; }

    public void Set(Reply reply)
    {
        if (Result is not null)
            return;
        Result = reply;
        Wake();
    }

    /// <summary>Ends the wait for it, answered or not; a later wait may still get the answer.</summary>
    public void Wake()
    {
        limit?.Cancel();
        if (waiting is not { } next)
            return;
        waiting = null;
        scope.Schedule(scope.Now, next);
    }

    /// <summary>Awaits the result; null when it did not come within so many seconds of the clock on the wall, or the wait was ended.</summary>
    public Wait Within(double seconds) => new(this, seconds);

    private void WakeAfter(double seconds) => limit = scope.Schedule(scope.OnTheWall(seconds), Wake);

    internal readonly struct Wait(Answer answer, double seconds) : INotifyCompletion
    {
        public bool IsCompleted => answer.Result is not null;

        public Wait GetAwaiter() => this;

        public void OnCompleted(Action continuation)
        {
            answer.waiting = continuation;
            answer.WakeAfter(seconds);
        }

        public Reply? GetResult() => answer.Result;
    }
}
