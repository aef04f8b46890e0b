using System.Net.WebSockets;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Cryptography;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming;
using Touchmark.Streaming.Tests;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>
/// A gateway over a real socket with an ideal printer. Time is the server's: whoever prints moves it, a second at a time, and waits for what the engine says of it.
/// </summary>
internal sealed class PrintingGateway : IAsyncDisposable
{
    private const double Tick = 0.01;
    private const int TicksPerSample = 25;
    private const int TicksPerRound = 100;

    private readonly ServerFactory server;
    private readonly P256PrivateKey device;
    private readonly byte[] engineKey;
    private ClientWebSocket socket = new();
    private Channel<byte[]> frames = Channel.CreateUnbounded<byte[]>();
    private readonly List<(ClientWebSocket Socket, Task Reading)> forsaken = [];
    private Task reading = Task.CompletedTask;
    private bool asked;
    private bool finishing;

    public PrintingGateway(ServerFactory server, P256PrivateKey device, byte[] engineKey, TestPrinter printer)
    {
        (this.server, this.device, this.engineKey, Printer) = (server, device, engineKey, printer);
        Session = new GatewaySession(device, engineKey);
    }

    public GatewaySession Session { get; }

    public TestPrinter Printer { get; }

    public Refusal? Refusal { get; init; }

    /// <summary>It is of a version that knew no pauses.</summary>
    public bool IsOld { get; init; }

    /// <summary>What the machine says of itself at pre-flight.</summary>
    public MachineProfile Profile { get; init; } = Toolpaths.Profile;

    /// <summary>Answers orders for the vault beside the printer; null when there is none.</summary>
    public Func<byte[], ReadOnlyMemory<byte>>? Vault { get; set; }

    /// <summary>Orders for the vault that came.</summary>
    public List<WireType> Ordered { get; } = [];

    public int EmergencyStops { get; private set; }

    public JobFacts? Offered { get; private set; }

    public WebSocket Socket => socket;

    /// <summary>Why the engine closed the connection, in its words.</summary>
    public string? Farewell => socket.CloseStatusDescription;

    private Moment Now => Moment.Of(server.Time);

    /// <summary>Nobody signs what a gateway says that it can do.</summary>
    private static byte[] WithoutHold(ReadOnlyMemory<byte> hello)
    {
        var frame = hello.ToArray();
        "none"u8.CopyTo(frame.AsSpan(frame.AsSpan().IndexOf("hold"u8)));
        return frame;
    }

    /// <summary>Opens the connection and proves the device key; false when the engine refuses.</summary>
    public async Task<bool> ConnectAsync(Guid printerId)
    {
        await OpenAsync();
        var connection = new GatewayConnection(printerId, device, engineKey, "test-gateway 1.0");
        Assert.True(connection.TryAnswer(await NextAsync(), "gateway", out var hello));
        await SendAsync(IsOld ? WithoutHold(hello) : hello);
        return await frames.Reader.WaitToReadAsync() && connection.TryFinish(await NextAsync());
    }

    /// <summary>The gateway gives the connection up, and the engine is not told.</summary>
    public void Forsake()
    {
        (asked, finishing) = (false, false);
        Session.ConnectionLost(Now);
        CarryOut();
        forsaken.Add((socket, reading));
        (socket, frames) = (new ClientWebSocket(), Channel.CreateUnbounded<byte[]>());
    }

    /// <summary>The connection breaks, and the gateway notices.</summary>
    public async Task CutAsync()
    {
        socket.Abort();
        await reading;
        socket.Dispose();
        (asked, finishing) = (false, false);
        Session.ConnectionLost(Now);
        CarryOut();
        (socket, frames) = (new ClientWebSocket(), Channel.CreateUnbounded<byte[]>());
    }

    /// <summary>The connection alone.</summary>
    public async Task OpenAsync()
    {
        await socket.ConnectAsync(new UriBuilder(new Uri(server.Address, "api/gateway")) { Scheme = "ws" }.Uri, CancellationToken.None);
        reading = ReadAsync();
    }

    public Task SendAsync(ReadOnlyMemory<byte> frame) => socket.SendAsync(frame, WebSocketMessageType.Binary, true, CancellationToken.None).AsTask();

    public async Task<byte[]> NextAsync() => await frames.Reader.ReadAsync();

    /// <summary>True once the engine has closed the connection.</summary>
    public async Task<bool> IsClosedAsync()
    {
        while (await frames.Reader.WaitToReadAsync())
        {
            await frames.Reader.ReadAsync();
        }

        return true;
    }

    /// <summary>Waits for an offer, and prints until the session is over or <paramref name="until"/> says so.</summary>
    public async Task PrintAsync(Func<PrintingGateway, bool>? until = null)
    {
        while (Session.Phase != SessionPhase.Ended && until?.Invoke(this) != true)
        {
            // What ends the print comes by itself, and no time passes until it is there.
            var streams = Session.Phase == SessionPhase.Streaming && !finishing;
            if (streams)
            {
                var wasAway = Session.IsEngineAway;
                await RunPrinterAsync();
                if (wasAway && !Session.IsEngineAway)
                {
                    // An engine that does not know yet that it may speak again lets the next second pass in silence.
                    await UntilAsync(session => !session.IsGatewayAway);
                }

                server.Time.Advance(TimeSpan.FromSeconds(1));
            }

            if (streams && asked && Session.IsEngineAway)
            {
                // The engine waits for the answer, and the gateway for its printer.
                continue;
            }

            // While a session streams, the engine says something at least every second of its clock.
            await TakeAsync(await NextAsync());
            // Of a print that has ended nothing more is told.
            if (streams && Session.Phase != SessionPhase.Ended)
            {
                await UntilHeardAsync();
            }

            while (frames.Reader.TryRead(out var more))
            {
                await TakeAsync(more);
            }
        }

        await ExchangeAsync();
    }

    /// <summary>Takes what the engine says until there were so many orders for the vault.</summary>
    public async Task ServeVaultAsync(int orders)
    {
        while (Ordered.Count < orders)
        {
            await TakeAsync(await NextAsync());
        }
    }

    /// <summary>Lets a second pass, in which the engine reads what was ordered elsewhere, and takes what it says until that is to stop; nothing is printed meanwhile.</summary>
    public async Task HeedAsync()
    {
        server.Time.Advance(TimeSpan.FromSeconds(1));
        while (Session.Phase == SessionPhase.Streaming)
        {
            await TakeAsync(await NextAsync());
        }
    }

    public async ValueTask DisposeAsync()
    {
        forsaken.Add((socket, reading));
        foreach (var old in forsaken)
        {
            old.Socket.Abort();
            await old.Reading;
            old.Socket.Dispose();
        }

        forsaken.Clear();
        Session.Dispose();
    }

    /// <summary>Lets the engine take all that the printer reported before time goes on: on a loaded machine it may be seconds of its clock behind.</summary>
    private async Task UntilHeardAsync()
    {
        if (Session.IsEngineAway)
        {
            return;
        }

        // An engine that was restarted has told nothing yet.
        var last = Printer.Sample().EventTime;
        await UntilAsync(session =>
        {
            finishing = session.Phase != SessionPhase.Streaming;
            return finishing || session.Last?.EventTime >= last - 0.001;
        });
    }

    private async Task UntilAsync(Func<SessionProgress, bool> reached)
    {
        await foreach (var pulse in server.Services.GetRequiredService<JobFeed>().WatchAsync(Offered!.JobId, CancellationToken.None))
        {
            if (pulse.Session is { } session && reached(session))
            {
                return;
            }
        }
    }

    private async Task TakeAsync(byte[] frame)
    {
        var type = WireFrame.Peek(frame, out _);
        if (type is WireType.BundleOrder or WireType.EndorsementOrder or WireType.ReviewOrder)
        {
            Ordered.Add(type);
            await SendAsync(Vault!(frame));
            return;
        }

        asked |= type == WireType.Resume;
        Session.Receive(frame, Now);
        await ExchangeAsync();
    }

    private async Task RunPrinterAsync()
    {
        for (var tick = 1; tick <= TicksPerRound; tick++)
        {
            Printer.Advance(Tick);
            while (Printer.TryTakeAnswer(out var number))
            {
                Answer(number);
            }

            if (tick % TicksPerSample == 0)
            {
                Session.ReportPrinter(Printer.Sample(), Now);
            }

            Session.Advance(Now);
            await ExchangeAsync();
        }
    }

    private void Answer(ulong number)
    {
        if (number == 0)
        {
            Session.HeadMoved(error: null, Now);
        }
        else
        {
            Session.ScriptAnswered(number, error: null, Now);
        }
    }

    private async Task ExchangeAsync()
    {
        CarryOut();
        while (Session.TryTakeFrame(out var frame))
        {
            if (socket.State == WebSocketState.Open)
            {
                await SendAsync(frame);
            }

            CarryOut();
        }
    }

    private void CarryOut()
    {
        while (Session.TryTakeAction(out var action))
        {
            switch (action)
            {
                case GatewayAction.RunPreflight preflight:
                    Offered = preflight.Facts;
                    if (Refusal is { } refusal)
                    {
                        Session.PreflightRefused(refusal, Now);
                    }
                    else
                    {
                        Session.PreflightPassed(Profile, new PreflightNotes("ws", []), Now);
                    }

                    break;
                case GatewayAction.SendScript send:
                    Printer.Send(send.Segment, send.Script.Span);
                    break;
                case GatewayAction.MoveHead move:
                    Printer.MoveHead(move.Lines);
                    break;
                case GatewayAction.ReadMachine:
                    Session.MachineRead(Profile, Now);
                    break;
                case GatewayAction.EmergencyStop:
                    EmergencyStops++;
                    Printer.Drop();
                    break;
                case GatewayAction.MakeSafe safe:
                    foreach (var line in safe.Lines)
                    {
                        Printer.Run(line);
                    }

                    Session.SafeRestDone(error: null, Now);
                    break;
            }
        }
    }

    private async Task ReadAsync()
    {
        var (socket, frames) = (this.socket, this.frames);
        var buffer = new byte[WireFrame.MaxBytes];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    break;
                }

                await frames.Writer.WriteAsync(buffer[..length]);
            }
        }
        catch (Exception error) when (error is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Gone; the reader of the frames learns it.
        }

        frames.Writer.Complete();
    }
}
