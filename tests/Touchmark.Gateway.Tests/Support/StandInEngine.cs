using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.GCode;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Gateway.Tests;

/// <summary>
/// The engine's side as far as a gateway sees it: enrolment, the connection's handshake, and the real <see cref="EngineSession"/> over a real socket.
/// </summary>
internal sealed class StandInEngine : IAsyncDisposable
{
    public const string Code = "TEST-CODE";

    public const string Email = "maker@example.org";

    public const string Password = "pass \"wörd\"";

    private readonly WebApplication _app;
    private readonly P256PrivateKey _transport = P256.GenerateKey();
    private readonly Lock _lock = new();
    private TaskCompletionSource<WebSocket> _connected = NewConnection();
    private byte[]? _deviceKey;
    private EngineSession? _session;
    private Segmenter? _segments;
    private WebSocket? _current;
    private bool _away;
    private TaskCompletionSource<EngineSession>? _ended;
    private TaskCompletionSource _streaming = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private StandInEngine(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    public Guid PrinterId { get; } = Guid.CreateVersion7();

    public MachineProfile? Enrolled { get; private set; }

    /// <summary>What the gateway says of its printer between prints.</summary>
    public PrinterStatus? LastStatus { get; private set; }

    /// <summary>Between two challenges; 0: none, so that the printer is sent the toolpath and nothing else.</summary>
    public double ChallengeSeconds { get; set; } = new SessionSettings().ChallengeSeconds;

    /// <summary>The longest pause, s.</summary>
    public double PauseSeconds { get; set; } = new SessionSettings().PauseSeconds;

    public byte[] PublicKey => _transport.PublicKey.ToArray();

    public static async Task<StandInEngine> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var engine = new StandInEngine(app);
        app.UseWebSockets();
        app.MapPost("/api/enrolments", (RequestDelegate)engine.EnrolAsync);
        app.Map("/api/gateway", engine.ServeAsync);
        await app.StartAsync();
        engine.Url = app.Urls.First();
        return engine;
    }

    /// <summary>A gateway that was enrolled before, without the network.</summary>
    public void Know(ReadOnlyMemory<byte> deviceKey, MachineProfile profile) => (_deviceKey, Enrolled) = (deviceKey.ToArray(), profile);

    /// <summary>Completes when a gateway has proved itself on a connection.</summary>
    public Task ConnectedAsync() => Connection().WaitAsync(TestContext.Current.CancellationToken);

    /// <summary>Offers a job to the gateway that is connected, or to the next one, and completes when the session is over.</summary>
    public async Task<EngineSession> PrintAsync(TestToolpath toolpath)
    {
        await ConnectedAsync();
        Task<EngineSession> ended;
        lock (_lock)
        {
            _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _segments = new Segmenter(new MemoryStream(toolpath.Canonical), Enrolled!.ToLimits());
            _session = new EngineSession(new EngineSessionOptions
            {
                SessionId = Guid.CreateVersion7(),
                Facts = toolpath.Facts,
                Profile = Enrolled,
                DeviceKey = _deviceKey!,
                TransportKey = new Es256Signer(_transport),
                Settings = new SessionSettings { ChallengeSeconds = ChallengeSeconds, PauseSeconds = PauseSeconds },
            });
            _session.Begin(Now);
            ended = _ended.Task;
        }

        return await ended.WaitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Completes when the printer has carried out <paramref name="segments"/> segments of the running print.</summary>
    public Task StreamedAsync(ulong segments) => ReachedAsync(progress => progress.SegmentsVerified >= segments);

    /// <summary>Waits until the session is as asked for, or over.</summary>
    public async Task ReachedAsync(Func<SessionProgress, bool> reached)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_session is not null && (reached(_session.Progress) || _session.End is not null))
                {
                    return;
                }

                changed = _streaming.Task;
            }

            await changed.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    public void Pause()
    {
        lock (_lock)
        {
            _session!.Pause(Now.Utc, Now);
        }
    }

    public void GoOn()
    {
        lock (_lock)
        {
            _session!.GoOn(Now);
        }
    }

    public void Cancel()
    {
        lock (_lock)
        {
            _session!.Stop(EndReason.Cancelled, "Cancelled.", Now);
        }
    }

    public void Halt()
    {
        lock (_lock)
        {
            _session!.Halt(HaltReason.Operator, "Stopped by hand.", Now);
        }
    }

    /// <summary>Takes no connections any more.</summary>
    public void GoAway() => Volatile.Write(ref _away, true);

    /// <summary>Ends the TCP connection as a lost network does.</summary>
    public async Task DropAsync()
    {
        var socket = await Connection();
        lock (_lock)
        {
            _connected = NewConnection();
        }

        socket.Abort();
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _session?.Dispose();
        _segments?.Dispose();
        _transport.Dispose();
    }

    private static Moment Now => Moment.Of(TimeProvider.System);

    private static TaskCompletionSource<WebSocket> NewConnection() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<WebSocket> Connection()
    {
        lock (_lock)
        {
            return _connected.Task;
        }
    }

    private async Task EnrolAsync(HttpContext context)
    {
        var request = (await JsonNode.ParseAsync(context.Request.Body))!;
        var (credential, key, profile, proof) = ((string?)request["code"] ?? (string)request["email"]!, Bytes("device_public_key"), Bytes("profile"), Bytes("proof"));
        var signed = DeterministicCbor.Encode(CborArray.Of("touchmark enrolment v1", credential, key, profile));
        if (request["code"] is null && (credential != Email || (string?)request["password"] != Password))
        {
            context.Response.StatusCode = 401;
            await context.Response.WriteAsync("""{"title":"Unauthorized","detail":"E-mail address or password is wrong.","code":"SIGN_IN_REFUSED","fix":"Try again."}""");
            return;
        }

        if (request["code"] is not null && credential != Code)
        {
            context.Response.StatusCode = 403;
            await context.Response.WriteAsync("""{"title":"Forbidden","detail":"The pairing code is unknown or used.","code":"PAIRING_CODE","fix":"Ask for a new one."}""");
            return;
        }

        Assert.True(Es256.Verify(key, signed, proof));
        Know(key, MachineProfile.TryDecode(profile, out _)!);
        context.Response.StatusCode = 201;
        await context.Response.WriteAsync(new JsonObject
        {
            ["printer_id"] = PrinterId,
            ["engine_public_key"] = Convert.ToBase64String(PublicKey),
            ["trust"] = new JsonObject { ["keys"] = new JsonArray() },
            ["printer_token"] = "e30.e30.e30",
            ["printer_token_expires_at"] = TimeProvider.System.GetUtcNow().AddDays(30),
            ["printer_keys"] = new JsonArray(),
        }.ToJsonString());

        byte[] Bytes(string name) => Convert.FromBase64String((string)request[name]!);
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (Volatile.Read(ref _away))
        {
            context.Response.StatusCode = 503;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[WireFrame.MaxBytes];
        try
        {
            var connection = new EngineConnection("gateway");
            await socket.SendAsync(connection.ChallengeFrame, WebSocketMessageType.Binary, true, context.RequestAborted);
            if (!connection.TryReadHello((await ReceiveAsync(socket, buffer, context.RequestAborted)).Span, out var printer) || printer != PrinterId
                || !connection.TryWelcome(_deviceKey, new Es256Signer(_transport), TimeProvider.System.GetUtcNow(), out var welcome))
            {
                return;
            }

            await socket.SendAsync(welcome, WebSocketMessageType.Binary, true, context.RequestAborted);
            lock (_lock)
            {
                _current = socket;
                _session?.Reconnected(Now);
                _connected.TrySetResult(socket);
            }

            using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            var driving = DriveAsync(socket, ended.Token);
            try
            {
                while (await ReceiveAsync(socket, buffer, ended.Token) is { Length: > 0 } frame)
                {
                    lock (_lock)
                    {
                        // As the engine's connection does it: what is said between prints is no session's.
                        if (PrinterStatus.TryDecode(frame.Span) is { } status)
                        {
                            LastStatus = status;
                        }
                        else
                        {
                            _session?.Receive(frame.Span, Now);
                        }
                    }
                }
            }
            finally
            {
                await ended.CancelAsync();
                await driving;
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
        }

        lock (_lock)
        {
            if (_current == socket)
            {
                _session?.ConnectionLost(Now);
            }

            Settle();
        }
    }

    private async Task DriveAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await SupplyAsync(cancellationToken);
                var frames = new List<ReadOnlyMemory<byte>>();
                lock (_lock)
                {
                    _session?.Advance(Now);
                    while (_session?.TryTakeFrame(out var frame) == true)
                    {
                        frames.Add(frame);
                    }

                    Settle();
                }

                foreach (var frame in frames)
                {
                    await socket.SendAsync(frame, WebSocketMessageType.Binary, true, cancellationToken);
                }
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
        }
    }

    private async Task SupplyAsync(CancellationToken cancellationToken)
    {
        while (_session?.WantsSegment == true)
        {
            var segment = await _segments!.NextAsync(cancellationToken);
            lock (_lock)
            {
                if (segment is null)
                {
                    _session.SupplyEnd(Now);
                }
                else
                {
                    _session.Supply(segment, Now);
                }
            }
        }
    }

    private void Settle()
    {
        _streaming.TrySetResult();
        _streaming = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_session?.End is not null)
        {
            _ended?.TrySetResult(_session);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReceiveAsync(WebSocket socket, byte[] buffer, CancellationToken cancellationToken)
    {
        var length = 0;
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            length += part.Count;
        }
        while (!part.EndOfMessage);
        return part.MessageType == WebSocketMessageType.Binary ? buffer.AsMemory(0, length) : default;
    }
}
