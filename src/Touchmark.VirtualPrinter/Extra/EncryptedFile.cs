using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>An encrypted file: seekable, read ahead, opened again by itself when the gateway comes back.</summary>
internal sealed class EncryptedFile : ProtectedJob
{
    /// <summary>Bytes asked for at once, how many chunks are fetched while one is read from, and the longest line.</summary>
    private const int Chunk = 16384;
    private const int MostAhead = 3;
    private const int LongestLine = 65536;

    private readonly string path;
    private readonly string? title;
    private readonly Queue<(long Offset, Answer Answer)> ahead = [];
    private byte[] held = [];
    private long start;

    private EncryptedFile(TouchmarkExtra extra, string name, string path, JsonElement opened, long size)
        : base(extra, name)
    {
        this.path = path;
        Size = size;
        Kind = GatewayFrame.Text(opened, "kind") ?? "";
        title = GatewayFrame.Text(opened, "name");
    }

    public override bool IsLive => false;

    public override string Kind { get; }

    public override long Size { get; }

    /// <summary>The file of an answer to <c>open</c>; null when that is not what it should be.</summary>
    public static EncryptedFile? Create(TouchmarkExtra extra, string name, string path, JsonElement opened)
    {
        if (GatewayFrame.Whole(opened, "size") is not { } size)
            return null;
        var file = new EncryptedFile(extra, name, path, opened, size);
        return file.Take(opened) ? file : null;
    }

    public override bool IsOver(long position) => position >= Size;

    public override bool Reaches(long position) => position >= 0 && position <= Size;

    public override async ValueTask<(string Line, long Next)?> LineAsync(long position)
    {
        if (position < start || position > start + held.Length)
        {
            Forget();
            start = position;
        }

        while (true)
        {
            var rest = held.AsSpan((int)(position - start));
            if (rest.Contains((byte)'\n') || start + held.Length >= Size)
            {
                var (line, length) = FirstLine(rest);
                return (line, position + length);
            }

            if (rest.Length > LongestLine)
                await HoldAsync($"The file has a line of more than {LongestLine} bytes. CANCEL_PRINT, then have it made anew.");
            if (IsStopped || IsClosed)
                return null;
            await NextChunkAsync((int)(position - start));
        }
    }

    protected override void Forget()
    {
        held.AsSpan().Clear();
        held = [];
        ahead.Clear();
    }

    protected override async ValueTask<string?> OpenAgainAsync(Func<Answer, double, ValueTask<Reply?>> wait, double connectWithin)
    {
        if (await wait(Link.UntilConnected(), connectWithin) is not { } connected || connected.IsLost)
            return "The gateway is not reachable. Start it (systemctl start touchmark-gateway), then RESUME.";
        var before = Link.Epoch;
        if (await wait(Link.Ask("open", ("path", path)), OpenWithin) is not { } answer || answer.IsLost)
            return $"The gateway did not open the file again in {OpenWithin:0} s. RESUME tries it once more.";
        if (!answer.IsOk)
            return GatewayFrame.Refusal(answer.Message);
        if (GatewayFrame.Whole(answer.Message, "size") != Size || GatewayFrame.Text(answer.Message, "name") != title || before != Link.Epoch || IsClosed)
            return "The file is not the one that this print began with. CANCEL_PRINT, then print it anew.";
        ahead.Clear();
        return Take(answer.Message) ? null : TouchmarkExtra.OtherVersion;
    }

    /// <summary>Gets more behind what is held, of which the first <paramref name="used"/> bytes are not needed any more. Without success the print was interrupted.</summary>
    private async ValueTask NextChunkAsync(int used)
    {
        var at = start + held.Length;
        if (ahead.Count == 0 || ahead.Peek().Offset != at || ahead.Peek().Answer.Result is { IsLost: true })
        {
            ahead.Clear();
            if (IsStale && await ReopenAsync(reading: true) is { } trouble)
            {
                if (!IsStopped)
                    await HoldAsync(trouble);
                return;
            }

            AskAhead(at);
        }

        if (!ahead.TryDequeue(out var next) || await WaitAsync(next.Answer, AnswerWithin) is not { } reply)
            return;
        var expected = Math.Min(Chunk, Size - at);
        if (reply.IsLost)
        {
            if (!IsStale)
                await HoldAsync($"The gateway did not answer within {AnswerWithin:0} s. RESUME tries it once more.");
        }
        else if (!reply.IsOk)
        {
            await HoldAsync(GatewayFrame.Refusal(reply.Message));
        }
        else if (reply.Raw.Length != expected)
        {
            await HoldAsync($"The gateway gave {reply.Raw.Length} bytes where {expected} were asked for. Restart it, then RESUME.");
        }
        else
        {
            (held, start) = ([.. held.AsSpan(used), .. reply.Raw], start + used);
            if (!IsStale)
                AskAhead(start + held.Length);
        }
    }

    /// <param name="from">Where what is held ends.</param>
    private void AskAhead(long from)
    {
        while (ahead.Count < MostAhead && from + ahead.Count * Chunk is var offset && offset < Size)
            ahead.Enqueue((offset, Link.Ask("read", ("handle", Handle), ("offset", offset), ("length", Math.Min(Chunk, Size - offset)))));
    }
}
