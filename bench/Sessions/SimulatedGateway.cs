using System.Collections.Concurrent;
using System.Diagnostics;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Bench.Sessions;

/// <summary>The real session code of a gateway on a real socket, with an ideal printer. It has no timer: the bench lets time pass for all of them.</summary>
internal sealed class SimulatedGateway(EnrolledPrinter enrolled, ScriptBook book, Delays delays) : IAsyncDisposable
{
    /// <summary>Calls of <see cref="Advance"/> from one sample of the printer to the next.</summary>
    private const int TicksPerSample = 3;

    private readonly Lock gate = new();
    private readonly EngineSocket socket = new();
    private readonly GatewaySession session = new(enrolled.Device, enrolled.EngineKey);
    private readonly IdealPrinter printer = new(book, enrolled.Profile);
    private readonly Queue<(ulong Segment, long Sent)> shown = new();
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
        await socket.ConnectAsync(engine, enrolled, cancel);
        advanced = Stopwatch.GetTimestamp();
        running = ExchangeAsync(cancel);
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
        socket.Abort();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        socket.Dispose();
        session.Dispose();
        printer.Dispose();
        enrolled.Device.Dispose();
    }

    private static Moment Now => Moment.Of(TimeProvider.System);

    private void Take(ReadOnlyMemory<byte> frame)
    {
        lock (gate)
        {
            session.Receive(frame.Span, Now);
            switch (WireFrame.Peek(frame.Span, out _))
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

            socket.Send(frame);
            CarryOut();
        }
    }

    private void CarryOut()
    {
        while (session.TryTakeAction(out var action))
        {
            if (action is GatewayAction.Reconnect)
            {
                // Measured are sessions that nothing disturbs: this one failed.
                Fault = "The engine was silent.";
                socket.Abort();
            }
            else
            {
                printer.CarryOut(action, session);
            }
        }
    }

    private async Task ExchangeAsync(CancellationToken cancel)
    {
        try
        {
            await socket.ExchangeAsync(Take, cancel);
        }
        catch (Exception failure)
        {
            Fault ??= failure.Message;
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
