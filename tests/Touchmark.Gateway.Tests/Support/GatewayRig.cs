using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.Machine;
using Touchmark.Gateway.OnPrinter;
using Touchmark.Gateway.Running;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>A virtual printer, a stand-in engine that knows it, and a gateway between them inside the test.</summary>
internal sealed class GatewayRig : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly P256PrivateKey _device = P256.GenerateKey();
    private readonly SaidWriter _output = new();
    private readonly Journal _journal;
    private readonly GatewayHost _host;
    private readonly DirectoryInfo _root;
    private readonly PrinterSocket _socket;
    private readonly Task _running;

    private GatewayRig(DirectoryInfo root, VirtualPrinter printer, StandInEngine engine, MachineProfile profile, TimeProvider time, bool throughMoonraker)
    {
        _root = root;
        Printer = printer;
        Engine = engine;
        Profile = profile;
        engine.Know(_device.PublicKey, profile);
        _journal = new Journal(time, _output);
        _host = new GatewayHost(
            new GatewaySettings { Engine = engine.Url + "/", Printer = printer.Url, Name = "rig", PrinterId = engine.PrinterId, EngineKey = engine.PublicKey, Profile = profile.Encode(), ThroughMoonraker = throughMoonraker },
            _device, _journal, new Progress(_output, terminal: false), time);
        var home = GatewayHome.Open(_root.FullName);
        SocketPath = home.PrinterSocketPath;
        Gcodes = GcodesIn(_root);
        _socket = new PrinterSocket(SocketPath, new PrinterSide(new PrinterKeys(home, _device, engine.PrinterId), _journal, time, engine.PrinterId, () => "connected", _host.Live, Desk: null));
        _running = _host.RunAsync(_stop.Token);
    }

    public VirtualPrinter Printer { get; }

    public StandInEngine Engine { get; }

    public MachineProfile Profile { get; }

    /// <summary>Where Klipper's extra asks.</summary>
    public string SocketPath { get; }

    /// <summary>The printer's folder of G-code files.</summary>
    public string Gcodes { get; }

    public IReadOnlyList<string> Log => _journal.Entries;

    public string Output => _output.ToString();

    public string Status => string.Join('\n', _host.Describe());

    /// <param name="printerOptions">Of the virtual printer.</param>
    /// <param name="enrolled">Changes the profile after it was read, as if the machine had been enrolled like that.</param>
    /// <param name="time">The gateway's clock.</param>
    /// <param name="throughMoonraker">The setting.</param>
    /// <param name="extra">The virtual printer has its own extra: that of this gateway, or (false) one that looks for a gateway where none is.</param>
    public static async Task<GatewayRig> StartAsync(
        string[]? printerOptions = null, Func<MachineProfile, MachineProfile>? enrolled = null, TimeProvider? time = null, bool throughMoonraker = false, bool? extra = null)
    {
        var root = Directory.CreateTempSubdirectory("tmgw-");
        string[] withExtra = extra is { } own ? ["--touchmark", own ? GatewayHome.Open(root.FullName).PrinterSocketPath : Path.Combine(root.FullName, "nobody.sock"), "--gcodes", GcodesIn(root)] : [];
        var printer = await VirtualPrinter.StartAsync([.. printerOptions ?? [], .. withExtra]);
        var profile = await ReadProfileAsync(printer);
        return new GatewayRig(root, printer, await StandInEngine.StartAsync(), enrolled?.Invoke(profile) ?? profile, time ?? TimeProvider.System, throughMoonraker);
    }

    public static async Task<MachineProfile> ReadProfileAsync(VirtualPrinter printer)
    {
        await using var client = await printer.ConnectAsync();
        var (_, reading) = await MachineReading.ReadAsync(client, "test printer", TestContext.Current.CancellationToken);
        return reading!.Profile;
    }

    /// <summary>Completes when the gateway has said this on its output.</summary>
    public Task SaidAsync(string words) => _output.SaidAsync(words).WaitAsync(TestContext.Current.CancellationToken);

    /// <summary>Prints to the end of the session, whatever that is.</summary>
    public async Task<EngineSession> PrintAsync(int layers = 6, double nozzleC = 205, double bedC = 60, bool allowScriptStore = false)
    {
        var toolpath = await ToolpathAsync(layers, nozzleC, bedC);
        return await Engine.PrintAsync(toolpath with { Facts = toolpath.Facts with { AllowScriptStore = allowScriptStore } });
    }

    public Task<TestToolpath> ToolpathAsync(int layers = 6, double nozzleC = 205, double bedC = 60) => TestToolpath.CreateAsync(Profile with { Limits = Roomy(Profile) }, layers, nozzleC, bedC);

    /// <summary>That the session ended for this reason; otherwise what the gateway says of it.</summary>
    public void AssertEnded(EndReason expected, EngineSession session) => Assert.True(
        session.End!.Reason == expected, $"Ended as {session.End.Code}: {session.End.Text}\n{session.Progress}\n{string.Join('\n', Log)}\n{Status}");

    /// <summary>Stops the gateway as a signal does, and waits until it is done.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await _socket.DisposeAsync();
        await StopAsync();
        await Engine.DisposeAsync();
        await Printer.DisposeAsync();
        _host.Dispose();
        _device.Dispose();
        _stop.Dispose();
        await _output.DisposeAsync();
        _root.Delete(recursive: true);
    }

    private static string GcodesIn(DirectoryInfo root) => root.CreateSubdirectory("gcodes").FullName;

    // The toolpath is checked against a printer that can do everything, so that it is the gateway that refuses.
    private static GCode.MachineLimits Roomy(MachineProfile profile) => profile.Limits with { MaxNozzleC = 500, MaxBedC = 200, MaxX = 500, MaxY = 500, MaxZ = 500 };
}

/// <summary>The gateway's output, kept, and told to who waits for it.</summary>
internal sealed class SaidWriter : StringWriter
{
    private readonly Lock _lock = new();
    private readonly List<(string Words, TaskCompletionSource Said)> _awaited = [];

    public Task SaidAsync(string words)
    {
        lock (_lock)
        {
            if (base.ToString().Contains(words, StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((words, said));
            return said.Task;
        }
    }

    public override void WriteLine(string? value)
    {
        lock (_lock)
        {
            base.WriteLine(value);
            foreach (var (_, said) in _awaited.Where(one => value?.Contains(one.Words, StringComparison.Ordinal) == true))
            {
                said.TrySetResult();
            }
        }
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return base.ToString();
        }
    }
}
