using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>A live session: whole lines, a segment at a time. The next one is asked for only when the one before is queued, because asking says just that.</summary>
internal sealed class LiveSession : ProtectedJob
{
    private byte[] segment = [];
    private long start;
    private Answer? next;
    private bool ended;

    private LiveSession(TouchmarkExtra extra, JsonElement offer)
        : base(extra, (GatewayFrame.Text(offer, "name") ?? "live session").Replace('/', '_')) => Segments = GatewayFrame.Whole(offer, "segments") ?? 0;

    public override bool IsLive => true;

    public override string Kind => "session";

    public override long Size => 0;

    public long Segments { get; }

    /// <summary>The session of an event; null when that names no handle.</summary>
    public static LiveSession? Create(TouchmarkExtra extra, JsonElement offer)
    {
        var session = new LiveSession(extra, offer);
        return session.Take(offer) ? session : null;
    }

    public override bool IsOver(long position) => ended && position >= start + segment.Length;

    /// <summary>Only within the segment at hand: what came before is gone, also at the gateway.</summary>
    public override bool Reaches(long position) => position >= start && position <= start + segment.Length;

    public override async ValueTask<(string Line, long Next)?> LineAsync(long position)
    {
        while (position >= start + segment.Length)
        {
            if (IsStopped || IsClosed || ended)
                return null;
            await NextSegmentAsync();
        }

        var (line, length) = FirstLine(segment.AsSpan((int)(position - start)));
        return (line, position + length);
    }

    protected override void Forget()
    {
        start += segment.Length;
        segment.AsSpan().Clear();
        (segment, next) = ([], null);
    }

    protected override ValueTask<string?> OpenAgainAsync(Func<Answer, double, ValueTask<Reply?>> wait, double connectWithin) =>
        ValueTask.FromResult<string?>("A live session cannot go on after its gateway was gone. Start the print anew.");

    private async ValueTask NextSegmentAsync()
    {
        // Kept over a pause: what it answers is handed out once only.
        if (next is null && !IsStale)
            next = Link.Ask("next", ("handle", Handle));
        var reply = next is null ? Reply.Lost : await WaitAsync(next, AnswerWithin);
        if (reply is null)
            return;
        next = null;
        if (reply.IsLost)
        {
            await HoldAsync(IsStale ? "The gateway is gone." : $"The gateway did not answer within {AnswerWithin:0} s.");
        }
        else if (!reply.IsOk)
        {
            await HoldAsync(GatewayFrame.Refusal(reply.Message));
        }
        else if (reply.Raw is [.., not (byte)'\n'])
        {
            await HoldAsync("The gateway sent half a line. Bring gateway and extra to the same version.");
        }
        else
        {
            Forget();
            segment = reply.Raw;
            ended = segment.Length == 0 && reply.Message.TryGetProperty("eof", out var eof) && eof.ValueKind == JsonValueKind.True;
        }
    }
}
