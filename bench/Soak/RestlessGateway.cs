using System.Diagnostics;
using System.Net.WebSockets;
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
    private GatewaySession session = new(enrolled.Device, enrolled.EngineKey);
    private IdealPrinter printer = new(book, enrolled.Profile);
    private (Guid Session, ReadOnlyMemory<byte> Word) last;
    private byte[]? heldOffer;
    private EngineSocket? socket;
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

    /// <summary>Throws what this gateway died of, if it did: a fault of the bench, which would look like one of the engine.</summary>
    public void Check()
    {
        if (keeping.IsFaulted)
        {
            keeping.GetAwaiter().GetResult();
        }
    }

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
            (away, last, heldOffer) = (duration, default, null);
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
        printer = new IdealPrinter(book, enrolled.Profile);
    }

    private async Task KeepAsync()
    {
        var pause = Shortest;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var connection = new EngineSocket();
                await connection.ConnectAsync(engine, enrolled, stop.Token);
                pause = Shortest;
                lock (gate)
                {
                    socket = connection;
                }

                await connection.ExchangeAsync(Take, stop.Token);
            }
            catch (Exception failure) when (failure is WebSocketException or IOException or HttpRequestException or InvalidOperationException || (failure is OperationCanceledException && !stop.IsCancellationRequested))
            {
                // The network, or an engine that is not there: again in a while.
            }

            TimeSpan rest;
            lock (gate)
            {
                (socket, heldOffer) = (null, null);
                if (session.SessionId is not null)
                {
                    session.ConnectionLost(Now);
                    CarryOut();
                }

                (rest, away) = (away > pause ? away : pause, TimeSpan.Zero);
            }

            pause = pause * 2 < Longest ? pause * 2 : Longest;
            await Task.Delay(rest, stop.Token);
        }
    }

    private void Take(ReadOnlyMemory<byte> frame)
    {
        lock (gate)
        {
            var type = WireFrame.Peek(frame.Span, out var sessionId);
            if (type == WireType.Resume && sessionId != session.SessionId)
            {
                socket?.Send(sessionId == last.Session && !last.Word.IsEmpty ? last.Word : GatewaySession.DeclineResume(frame.Span, enrolled.Device));
                return;
            }

            if (type == WireType.Offer && session.SessionId is not null)
            {
                // The engine lost the print that this side still waits to go on with.
                heldOffer = frame.ToArray();
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
        while (socket is { } connection && session.TryTakeFrame(out var frame))
        {
            connection.Send(frame);
            CarryOut();
        }
    }

    private void CarryOut()
    {
        while (session.TryTakeAction(out var action))
        {
            switch (action)
            {
                case GatewayAction.Reconnect:
                    socket?.Abort();
                    break;
                case GatewayAction.Close close:
                    Close(close.End);
                    return;
                default:
                    printer.CarryOut(action, session);
                    break;
            }
        }
    }

    private void Close(SessionEnd end)
    {
        last = (session.SessionId!.Value, session.LastWord);
        while (session.TryTakeFrame(out var frame))
        {
            socket?.Send(frame);
        }

        End = end;
        Renew();
        if (heldOffer is { } offer)
        {
            heldOffer = null;
            session.Receive(offer, Now);
            Exchange();
        }
    }
}
