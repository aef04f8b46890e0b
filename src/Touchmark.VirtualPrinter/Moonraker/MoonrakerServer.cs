namespace Touchmark.VirtualPrinter;

/// <summary>
/// The Moonraker side: clients, the API table, and the connection to the Klipper host, which can be lost and come back. Everything here runs inside the
/// reactor.
/// </summary>
internal sealed class MoonrakerServer : IDisposable
{
    /// <summary>Seconds from the end of one host to the readiness of the next; from there until Moonraker follows its console, and until it says so.</summary>
    internal const double RestartTime = 1.46;
    internal const double NoticeTime = 0.8;
    internal const double FirmwareResetTime = 0.032;

    private const double FollowTime = 0.3;
    private const int MaxHeld = 10_000;

    private readonly Machine machine;
    private readonly ApiTable api = new();
    private readonly List<Client> clients = [];
    private readonly HashSet<TaskCompletionSource<object?>> pending = [];
    private readonly Extensions extensions;
    private readonly Courier incoming;
    private readonly Courier outgoing;
    private StatusBeat? beat;
    private Queue<(Client Client, byte[] Message)>? held;
    private string announced = KlippyState.Startup;
    private long nextClient;

    public MoonrakerServer(PrinterOptions options, Reactor reactor)
    {
        Reactor = reactor;
        machine = new Machine(options, reactor);
        Files = new FileStore(options.GCodeFolder);
        Files.Adopt(content => FileApi.Stored(content, reactor.UnixNow, isGCode: true));
        incoming = new Courier(reactor, machine.Behaviour.Arrival);
        outgoing = new Courier(reactor, machine.Behaviour.Arrival);
        nextClient = 139_974_508_763_088;
        Store = new GCodeStore(options.GCodeStoreSize);
        History = new History(this);
        extensions = new Extensions(this, api);
        Temperatures = new TemperatureStore();
        PrinterApi.Register(this, api);
        ServerApi.Register(this, api, machine);
        FileApi.Register(this, api);
        History.Register(api);
        Stats = new ProcStats(this, machine, api);
    }

    public Reactor Reactor { get; }

    public Machine Machine => machine;

    public FileStore Files { get; }

    public GCodeStore Store { get; }

    public History History { get; }

    public TemperatureStore Temperatures { get; }

    public ProcStats Stats { get; }

    public Klippy? Klippy { get; private set; }

    public string KlippyStateName => Klippy?.State ?? "disconnected";

    public IReadOnlyList<Client> Clients => clients;

    public StatusBeat Beat => beat ?? throw NotConnected();

    /// <summary>Starts the printer; Klipper becomes ready at once, so that clients need not wait at a cold start.</summary>
    public void Start()
    {
        CreateKlippy(followAfter: 0, noticeAfter: 0);
        Every(1, () =>
        {
            Stats.Tick();
            Temperatures.Add(Klippy);
        });
    }

    public Client Connect(Action<byte[]> send, Action close)
    {
        var client = new Client(
            nextClient += 16,
            message =>
            {
                if (held is null)
                    outgoing.Carry(() => send(message));
            },
            close);
        clients.Add(client);
        return client;
    }

    public void Disconnect(Client client)
    {
        if (clients.Remove(client))
            extensions.Disconnected(client);
    }

    /// <summary>Takes a message of a client, or keeps it until the thaw.</summary>
    public Task ReceiveAsync(Client client, byte[] message)
    {
        incoming.Carry(() =>
        {
            if (held is null)
                _ = JsonRpc.ReceiveAsync(this, client, message);
            else if (held.Count < MaxHeld)
                held.Enqueue((client, message));
        });
        return Task.CompletedTask;
    }

    /// <summary>A fault for tests: Moonraker hangs. It neither takes requests nor tells of anything; the machine goes on with what it has.</summary>
    public void Freeze(bool frozen)
    {
        if (frozen)
        {
            held ??= new Queue<(Client, byte[])>();
        }
        else if (held is { } waiting)
        {
            held = null;
            foreach (var (client, message) in waiting)
                _ = JsonRpc.ReceiveAsync(this, client, message);
        }
    }

    public ValueTask<object?> CallAsync(ApiRequest request) => api.CallAsync(request);

    public bool HasMethod(string method) => api.Has(method);

    public void Notify(string method, params ReadOnlySpan<object?> parameters)
    {
        if (clients.Count == 0)
            return;
        var message = JsonRpc.Notification(method, parameters);
        foreach (var client in clients)
            client.Send(message);
    }

    /// <summary>Asks the Klipper host, and fails like Moonraker when it is away or goes away meanwhile.</summary>
    public async ValueTask<object?> AskKlippyAsync(Func<Klippy, Task<object?>> ask)
    {
        var klippy = Klippy ?? throw NotConnected();
        var asked = ask(klippy);
        if (asked.IsCompleted)
            return await asked;
        var answer = new TaskCompletionSource<object?>();
        pending.Add(answer);
        _ = CompleteAsync();
        try
        {
            return await answer.Task;
        }
        finally
        {
            pending.Remove(answer);
        }

        async Task CompleteAsync()
        {
            try
            {
                answer.TrySetResult(await asked);
            }
            catch (Exception error) when (error is ApiError or CommandError)
            {
                answer.TrySetException(error);
            }
        }
    }

    /// <summary>Runs a script as a client's request; errors become the API's.</summary>
    public async ValueTask<object?> RunScriptAsync(string script)
    {
        try
        {
            return await AskKlippyAsync(async klippy =>
            {
                await klippy.GCode.RunScriptAsync(script);
                return "ok";
            });
        }
        catch (CommandError error)
        {
            throw new ApiError(400, error.Message);
        }
    }

    /// <summary>Restarts the host; <paramref name="firmware"/> also resets the microcontroller.</summary>
    public void Restart(bool firmware)
    {
        if (firmware)
            machine.IsMcuShutDown = false;
        if (Klippy is not { } old)
            return;
        Reactor.Schedule(Reactor.Now + (firmware ? FirmwareResetTime : 0), () =>
        {
            if (Klippy != old)
                return;
            old.GCode.Respond("// Klipper state: Disconnect");
            old.End();
            LoseKlippy();
            StartKlippy(RestartTime);
        });
    }

    /// <summary>The host process dies: motion that the microcontroller has goes on for a moment; nobody restarts it but <see cref="Revive"/>.</summary>
    public void KillKlippy()
    {
        Klippy?.Kill(seconds: 0.65);
        LoseKlippy();
    }

    public void Revive()
    {
        if (Klippy is null)
            StartKlippy(RestartTime);
    }

    public void Dispose()
    {
        Klippy?.Extra?.Stop();
        machine.Dispose();
    }

    private static ApiError NotConnected() => new(503, "Klippy Host not connected");

    private void StartKlippy(double after) => Reactor.Schedule(Reactor.Now + after, () => CreateKlippy(FollowTime, NoticeTime));

    private void CreateKlippy(double followAfter, double noticeAfter)
    {
        if (Klippy is not null)
            return;
        var (klippy, problem) = StartHost();
        Klippy = klippy;
        announced = KlippyState.Startup;
        beat = new StatusBeat(klippy, machine.Behaviour, () => clients);
        beat.Beaten += AnnounceState;
        if (problem is not null)
            klippy.Refuse(problem);
        else if (!machine.Options.NotReady)
            klippy.Connect();
        beat.Start();
        klippy.Scope.Schedule(Reactor.Now + followAfter, () => klippy.GCode.Output += line =>
        {
            Store.Add(line, "response", Reactor.UnixNow);
            Notify("notify_gcode_response", line);
        });
        if (klippy.State != KlippyState.Ready)
            return;
        announced = KlippyState.Ready;
        klippy.Scope.Schedule(Reactor.Now + noticeAfter, () =>
        {
            History.Adopt(klippy.Stats);
            beat.Beaten += History.Watch;
            Notify("notify_klippy_ready");
        });
    }

    /// <summary>A host with the configuration as it is now; when that cannot be used, one with what is built in, and what is wrong.</summary>
    private (Klippy Host, string? Problem) StartHost()
    {
        try
        {
            machine.Configure();
            return (new Klippy(machine, Files, extensions.CallRemote, Restart), null);
        }
        catch (CommandError error)
        {
            machine.ForgetConfiguration();
            return (new Klippy(machine, Files, extensions.CallRemote, Restart), error.Message);
        }
    }

    /// <summary>Moonraker learns of a shutdown from the next status update.</summary>
    private void AnnounceState()
    {
        if (Klippy is not { } klippy || klippy.State == announced)
            return;
        announced = klippy.State;
        if (announced == KlippyState.Shutdown)
            Notify("notify_klippy_shutdown");
    }

    private void LoseKlippy()
    {
        if (Klippy is null)
            return;
        History.Disconnected();
        Klippy = null;
        beat = null;
        foreach (var client in clients)
            client.Subscription.Clear();
        Notify("notify_klippy_disconnected");
        foreach (var answer in pending.ToArray())
            answer.TrySetException(new ApiError(503, "Klippy Disconnected"));
    }

    private void Every(double period, Action work)
    {
        Reactor.Schedule(Reactor.Now + period, () =>
        {
            work();
            Every(period, work);
        });
    }
}
