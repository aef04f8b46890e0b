using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Threading.Channels;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Bench.Sessions;

/// <summary>The real session code of a gateway on a real socket, with an ideal printer. It has no timer: the bench lets time pass for all of them.</summary>
internal sealed class SimulatedGateway(EnrolledPrinter enrolled, ScriptBook book, Delays delays) : IAsyncDisposable
{
    /// <summary>Calls of <see cref="Advance"/> from one sample of the printer to the next.</summary>
    private const int TicksPerSample = 3;

    private readonly Lock gate = new();
    private readonly ClientWebSocket socket = new();
    private readonly Channel<ReadOnlyMemory<byte>> outgoing = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly GatewaySession session = new(enrolled.Device, enrolled.EngineKey);
    private readonly IdealPrinter printer = new(book, enrolled.Profile.Limits);
    private readonly Queue<(ulong Segment, long Sent)> shown = new();
    private readonly byte[] buffer = new byte[WireFrame.MaxBytes];
    private Task running = Task.CompletedTask;
    private long advanced;
    private long reported;
    private int ticks;
    private ulong doneAtSample;
    private ulong announced;

    public ulong Received { get; private set; }

    public bool IsStreaming => session.Phase == SessionPhase.Streaming;

    /// <summary>What ended the connection, where something did.</summary>
    public string? Fault { get; private set; }

    public SessionEnd? End => session.End;

    public async Task ConnectAsync(Uri engine, CancellationToken cancel)
    {
        await socket.ConnectAsync(new UriBuilder(new Uri(engine, "api/gateway")) { Scheme = "ws" }.Uri, cancel);
        var connection = new GatewayConnection(enrolled.Id, enrolled.Device, enrolled.EngineKey, "touchmark-bench");
        if (!connection.TryAnswer((await ReceiveAsync(cancel)).Span, "gateway", out var hello))
        {
            throw new InvalidOperationException("The engine sent no challenge.");
        }

        await socket.SendAsync(hello, WebSocketMessageType.Binary, endOfMessage: true, cancel);
        if (!connection.TryFinish((await ReceiveAsync(cancel)).Span))
        {
            throw new InvalidOperationException("The engine did not prove its key.");
        }

        advanced = Stopwatch.GetTimestamp();
        running = Task.WhenAll(ReadAsync(cancel), WriteAsync(cancel));
    }

    /// <summary>Lets the time that passed since the last call pass for the printer.</summary>
    public void Advance()
    {
        lock (gate)
        {
            var now = Stopwatch.GetTimestamp();
            printer.Advance(Stopwatch.GetElapsedTime(advanced, now).TotalSeconds, number => session.ScriptAnswered(number, error: null, Now));
            advanced = now;
            if (++ticks % TicksPerSample == 0)
            {
                doneAtSample = printer.Done;
                session.ReportPrinter(printer.Sample(), Now);
            }

            session.Advance(Now);
            Exchange();
        }
    }

    public async ValueTask DisposeAsync()
    {
        outgoing.Writer.TryComplete();
        socket.Abort();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        socket.Dispose();
        session.Dispose();
        printer.Dispose();
        enrolled.Device.Dispose();
    }

    private static Moment Now => Moment.Of(TimeProvider.System);

    private void Take(ReadOnlySpan<byte> frame)
    {
        lock (gate)
        {
            session.Receive(frame, Now);
            switch (WireFrame.Peek(frame, out _))
            {
                case WireType.Segment:
                    Received++;
                    break;
                case WireType.Verified:
                    Measure();
                    break;
            }

            Exchange();
        }
    }

    private void Measure()
    {
        delays.Answers.Enqueue(Stopwatch.GetElapsedTime(reported).TotalSeconds);
        var verified = Received - (ulong)session.OpenSegments;
        while (shown.TryPeek(out var oldest) && oldest.Segment <= verified)
        {
            delays.Confirmations.Enqueue(Stopwatch.GetElapsedTime(shown.Dequeue().Sent).TotalSeconds);
        }
    }

    private void Exchange()
    {
        CarryOut();
        while (session.TryTakeFrame(out var frame))
        {
            if (WireFrame.Peek(frame.Span, out _) == WireType.Telemetry)
            {
                reported = Stopwatch.GetTimestamp();
                if (doneAtSample > announced)
                {
                    announced = doneAtSample;
                    shown.Enqueue((announced, reported));
                }
            }

            outgoing.Writer.TryWrite(frame);
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
                case GatewayAction.MakeSafe:
                    session.SafeRestDone(error: null, Now);
                    break;
            }
        }
    }

    private async Task ReadAsync(CancellationToken cancel)
    {
        try
        {
            while (await ReceiveAsync(cancel) is { Length: > 0 } frame)
            {
                Take(frame.Span);
            }
        }
        catch (Exception failure)
        {
            Fault = failure.Message;
            throw;
        }
        finally
        {
            lock (gate)
            {
                session.ConnectionLost(Now);
            }
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        await foreach (var frame in outgoing.Reader.ReadAllAsync(cancel))
        {
            await socket.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, cancel);
        }
    }

    /// <summary>One message, valid until the next call; empty at the end.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancel)
    {
        var length = 0;
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(length), cancel);
            length += part.Count;
        }
        while (!part.EndOfMessage);
        return buffer.AsMemory(0, length);
    }
}

/// <summary>What all gateways of a run measured, s.</summary>
internal sealed class Delays
{
    /// <summary>
    /// From a telemetry frame leaving to the confirmation that it causes arriving. Frames leave four times a second: while an answer takes less than 0.25 s,
    /// it belongs to the frame before it.
    /// </summary>
    public ConcurrentQueue<double> Answers { get; } = new();

    /// <summary>From the first telemetry frame whose sample was taken after a segment had been executed: with the samples that the engine waits for to be sure.</summary>
    public ConcurrentQueue<double> Confirmations { get; } = new();
}
