using System.Diagnostics;
using System.Net.WebSockets;
using System.Threading.Channels;
using Touchmark.Bench.Sessions;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Bench.Soak;

/// <summary>
/// The real session code of a gateway that prints one job after the other on an ideal printer, keeps its connection as gateways do, and can be cut off and killed. It
/// has no timer: the bench lets time pass.
/// </summary>
internal sealed class RestlessGateway(EnrolledPrinter enrolled, ScriptBook book, Uri engine) : IAsyncDisposable
{
    private const int TicksPerSample = 3;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stop = new();
    private readonly byte[] buffer = new byte[WireFrame.MaxBytes];
    private GatewaySession session = new(enrolled.Device, enrolled.EngineKey);
    private IdealPrinter printer = new(book, enrolled.Profile.Limits);
    private (Guid Session, ReadOnlyMemory<byte> Word) last;
    private ClientWebSocket? socket;
    private Channel<ReadOnlyMemory<byte>>? outgoing;
    private TimeSpan away;
    private Task keeping = Task.CompletedTask;
    private long advanced = Stopwatch.GetTimestamp();
    private int ticks;

    public Guid PrinterId => enrolled.Id;

    /// <summary>Segments of the print under way that have arrived.</summary>
    public ulong Received { get; private set; }

    /// <summary>How the last print ended, as this side saw it; null while it is under way.</summary>
    public SessionEnd? End { get; private set; }

    public int Resumed { get; private set; }

    public void Start() => keeping = KeepAsync();

    /// <summary>Forgets how the last print ended: another one is coming.</summary>
    public void Expect()
    {
        lock (gate)
        {
            (End, Received) = (null, 0);
        }
    }

    /// <summary>The network breaks, for so long.</summary>
    public void Cut(TimeSpan duration)
    {
        lock (gate)
        {
            away = duration;
            socket?.Abort();
        }
    }

    /// <summary>The process dies with everything that it knew but the device key, and is started again after so long.</summary>
    public void Kill(TimeSpan duration)
    {
        lock (gate)
        {
            (away, last) = (duration, default);
            Renew();
            socket?.Abort();
        }
    }

    /// <summary>Lets the time that passed since the last call pass.</summary>
    public void Advance()
    {
        lock (gate)
        {
            var now = Stopwatch.GetTimestamp();
            printer.Advance(Stopwatch.GetElapsedTime(advanced, now).TotalSeconds, number => session.ScriptAnswered(number, error: null, Now));
            advanced = now;
            if (++ticks % TicksPerSample == 0)
            {
                session.ReportPrinter(printer.Sample(), Now);
            }

            session.Advance(Now);
            Exchange();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        socket?.Abort();
        await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        session.Dispose();
        printer.Dispose();
        enrolled.Device.Dispose();
        stop.Dispose();
    }

    private static Moment Now => Moment.Of(TimeProvider.System);

    private void Renew()
    {
        session.Dispose();
        printer.Dispose();
        session = new GatewaySession(enrolled.Device, enrolled.EngineKey);
        printer = new IdealPrinter(book, enrolled.Profile.Limits);
    }

    private async Task KeepAsync()
    {
        var pause = Shortest;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var connection = new ClientWebSocket();
                await ConnectAsync(connection);
                pause = Shortest;
                await ExchangeAsync(connection);
            }
            catch (Exception failure) when (failure is WebSocketException or IOException or HttpRequestException or InvalidOperationException || (failure is OperationCanceledException && !stop.IsCancellationRequested))
            {
                // The network, or an engine that is not there: again in a while.
            }

            TimeSpan rest;
            lock (gate)
            {
                (socket, outgoing) = (null, null);
                session.ConnectionLost(Now);
                CarryOut();
                (rest, away) = (away > pause ? away : pause, TimeSpan.Zero);
            }

            pause = pause * 2 < Longest ? pause * 2 : Longest;
            await Task.Delay(rest, stop.Token);
        }
    }

    private async Task ConnectAsync(ClientWebSocket connection)
    {
        await connection.ConnectAsync(new UriBuilder(new Uri(engine, "api/gateway")) { Scheme = "ws" }.Uri, stop.Token);
        var handshake = new GatewayConnection(enrolled.Id, enrolled.Device, enrolled.EngineKey, "touchmark-bench");
        if (!handshake.TryAnswer((await ReceiveAsync(connection)).Span, "gateway", out var hello))
        {
            throw new InvalidOperationException("The engine sent no challenge.");
        }

        await connection.SendAsync(hello, WebSocketMessageType.Binary, endOfMessage: true, stop.Token);
        if (!handshake.TryFinish((await ReceiveAsync(connection)).Span))
        {
            throw new InvalidOperationException("The engine did not prove its key.");
        }
    }

    private async Task ExchangeAsync(ClientWebSocket connection)
    {
        var frames = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true });
        lock (gate)
        {
            (socket, outgoing) = (connection, frames);
        }

        var writing = WriteAsync(connection, frames.Reader);
        try
        {
            while (await ReceiveAsync(connection) is { Length: > 0 } frame)
            {
                Take(frame);
            }
        }
        finally
        {
            frames.Writer.TryComplete();
            connection.Abort();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Take(ReadOnlyMemory<byte> frame)
    {
        lock (gate)
        {
            var type = WireFrame.Peek(frame.Span, out var sessionId);
            if (type == WireType.Resume && sessionId != session.SessionId)
            {
                outgoing?.Writer.TryWrite(sessionId == last.Session && !last.Word.IsEmpty ? last.Word : GatewaySession.DeclineResume(frame.Span, enrolled.Device));
                return;
            }

            Resumed += type == WireType.Resume ? 1 : 0;
            Received += type == WireType.Segment ? 1UL : 0;
            session.Receive(frame.Span, Now);
            Exchange();
        }
    }

    private void Exchange()
    {
        CarryOut();
        while (outgoing is { } channel && session.TryTakeFrame(out var frame))
        {
            channel.Writer.TryWrite(frame);
            CarryOut();
        }
    }

    private void CarryOut()
    {
        while (session.TryTakeAction(out var action))
        {
            switch (action)
            {
                case GatewayAction.RunPreflight:
                    session.PreflightPassed(enrolled.Profile, new PreflightNotes("ws", []), Now);
                    break;
                case GatewayAction.SendScript send:
                    printer.Send(send.Segment, send.Script.Span);
                    break;
                case GatewayAction.MoveHead move:
                    printer.MoveHead(move.Lines, () => session.HeadMoved(error: null, Now));
                    break;
                case GatewayAction.ReadMachine:
                    session.MachineRead(enrolled.Profile, Now);
                    break;
                case GatewayAction.Reconnect:
                    socket?.Abort();
                    break;
                case GatewayAction.MakeSafe:
                    session.SafeRestDone(error: null, Now);
                    break;
                case GatewayAction.Close close:
                    Close(close.End);
                    return;
            }
        }
    }

    private void Close(SessionEnd end)
    {
        last = (session.SessionId!.Value, session.LastWord);
        while (session.TryTakeFrame(out var frame))
        {
            outgoing?.Writer.TryWrite(frame);
        }

        End = end;
        Renew();
    }

    private async Task WriteAsync(ClientWebSocket connection, ChannelReader<ReadOnlyMemory<byte>> frames)
    {
        await foreach (var frame in frames.ReadAllAsync(stop.Token))
        {
            await connection.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, stop.Token);
        }
    }

    /// <summary>One message, valid until the next call; empty at the end.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(ClientWebSocket connection)
    {
        var length = 0;
        ValueWebSocketReceiveResult part;
        do
        {
            part = await connection.ReceiveAsync(buffer.AsMemory(length), stop.Token);
            length += part.Count;
        }
        while (!part.EndOfMessage);
        return buffer.AsMemory(0, length);
    }
}
