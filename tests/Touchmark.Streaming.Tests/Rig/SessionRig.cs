using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming.Tests;

/// <summary>What happens to a frame on its way: the frames that arrive instead.</summary>
internal delegate IEnumerable<ReadOnlyMemory<byte>> Tamper(bool toGateway, WireType type, int nth, ReadOnlyMemory<byte> frame);

/// <summary>Both halves back to back with a printer, on simulated time.</summary>
internal sealed class SessionRig : IDisposable
{
    private const double Tick = 0.01;
    private const double SamplePeriod = 0.25;

    private readonly Dictionary<(bool, WireType), int> _seen = [];
    private readonly EngineSessionOptions _engineOptions;
    private Queue<Segment> _supply;
    private readonly Queue<(double Due, ReadOnlyMemory<byte> Frame)> _toEngine = new();
    private readonly Queue<(double Due, ReadOnlyMemory<byte> Frame)> _toGateway = new();
    private readonly Queue<Action> _fromPrinter = new();
    private double _sinceSample;
    private int _samples;

    public SessionRig(IReadOnlyList<Segment> segments, RigOptions? options = null)
    {
        options ??= new RigOptions();
        Options = options;
        Printer = options.Printer?.Invoke([.. segments.Select(segment => segment.Plan)]) ?? new TestPrinter([.. segments.Select(segment => segment.Plan)]);
        _supply = new Queue<Segment>(segments);
        LongestSegment = segments.Max(segment => segment.Plan.DurationSeconds);
        TransportSigner = new Es256Signer(TransportKey);
        Facts = new JobFacts
        {
            JobId = Guid.CreateVersion7(Start),
            LicenceId = Guid.CreateVersion7(Start),
            Title = "Bracket",
            Segments = options.AnnouncedSegments ?? (ulong)segments.Count,
            MotionSeconds = segments.Sum(segment => segment.Plan.DurationSeconds),
            NozzleC = 210,
            BedC = 60,
            Min = (0, 0, 0),
            Max = (120, 120, 10),
        };
        _engineOptions = new EngineSessionOptions
        {
            SessionId = Guid.CreateVersion7(Start),
            Facts = Facts,
            Settings = options.Settings,
            Profile = Toolpaths.Profile with { Behaviour = options.Behaviour },
            DeviceKey = options.EnrolledDeviceKey ?? DeviceKey.PublicKey,
            TransportKey = TransportSigner,
            KeepsEnding = true,
            Draw = new Draws(options.Seed).Next,
        };
        Engine = new EngineSession(_engineOptions);
        Gateway = new GatewaySession(DeviceKey, options.PinnedEngineKey ?? TransportKey.PublicKey);
    }

    public static DateTimeOffset Start { get; } = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    // Key generation is the slowest thing here; nothing depends on the keys being fresh.
    public static P256PrivateKey DeviceKey { get; } = P256.GenerateKey();

    public static P256PrivateKey TransportKey { get; } = P256.GenerateKey();

    public RigOptions Options { get; }

    public Es256Signer TransportSigner { get; }

    public JobFacts Facts { get; }

    public EngineSession Engine { get; private set; }

    public GatewaySession Gateway { get; }

    public TestPrinter Printer { get; }

    /// <summary>Motion of the longest segment, s.</summary>
    public double LongestSegment { get; }

    public double Elapsed { get; private set; }

    public Moment Now => new(Start.AddSeconds(Elapsed), TimeSpan.FromSeconds(1000 + Elapsed));

    /// <summary>The gateway's wall clock is wrong by this much.</summary>
    public Moment GatewayNow => Now with { Utc = Now.Utc + Options.GatewayClockError };

    public List<GatewayAction> Actions { get; } = [];

    public List<(bool ToGateway, ReadOnlyMemory<byte> Frame)> Frames { get; } = [];

    public bool Connected { get; set; } = true;

    public bool PrinterReports { get; set; } = true;

    /// <summary>The session as it was kept before the gateway was told that the print is complete.</summary>
    public byte[]? Kept { get; private set; }

    public bool IsOver => Engine.Phase == SessionPhase.Ended && Gateway.Phase is SessionPhase.Ended or SessionPhase.New;

    public void Begin() => Engine.Begin(Now);

    /// <summary>The connection breaks; what was under way is lost, and both sides notice.</summary>
    public void Cut()
    {
        Connected = false;
        _toEngine.Clear();
        _toGateway.Clear();
        Engine.ConnectionLost(Now);
        Gateway.ConnectionLost(GatewayNow);
    }

    /// <summary>The engine is started anew from what it saved, with the toolpath from its beginning; the connection is lost with it.</summary>
    public void RestartEngine(byte[] saved, IReadOnlyList<Segment> segments)
    {
        using var keys = Engine.ExportKeys()!;
        Cut();
        Engine.Dispose();
        foreach (var segment in _supply)
        {
            segment.Dispose();
        }
        _supply = new Queue<Segment>(segments);
        Engine = EngineSession.Restore(_engineOptions, keys.Span, saved, Now);
    }

    /// <summary>The gateway is connected again. One whose session is over repeats its last word, as its host does.</summary>
    public void Join()
    {
        Connected = true;
        Engine.Reconnected(Now);
        Exchange();
    }

    /// <summary>Runs until both sides have ended, or until <paramref name="limit"/> simulated seconds have passed.</summary>
    public void Run(double limit = 600, Func<SessionRig, bool>? until = null)
    {
        double end = Elapsed + limit;
        while (Elapsed < end && !IsOver && until?.Invoke(this) != true)
        {
            Step();
        }
    }

    public void Step()
    {
        Elapsed += Tick;
        RunPrinter();
        if (GatewayRuns)
        {
            while (_fromPrinter.TryDequeue(out var report))
            {
                report();
                Exchange();
            }
            Gateway.Advance(GatewayNow);
        }
        if (EngineRuns)
        {
            Engine.Advance(Now);
        }
        Exchange();
    }

    private bool EngineRuns => Options.Stalled(Elapsed) != Stall.Engine;

    private bool GatewayRuns => Options.Stalled(Elapsed) != Stall.Gateway;

    private void RunPrinter()
    {
        Printer.Advance(Tick * Options.PrinterSpeed);
        while (Printer.TryTakeAnswer(out ulong number))
        {
            if (Options.AnswerArrives(number))
            {
                _fromPrinter.Enqueue(() =>
                {
                    if (number == 0)
                    {
                        Gateway.HeadMoved(error: null, GatewayNow);
                    }
                    else
                    {
                        Gateway.ScriptAnswered(number, error: null, GatewayNow);
                    }
                });
            }
        }
        _sinceSample += Tick * Options.PrinterSpeed;
        if (_sinceSample >= SamplePeriod && PrinterReports)
        {
            _sinceSample -= SamplePeriod;
            if (!Options.SampleArrives(_samples++))
            {
                return;
            }
            var sample = Options.Sample?.Invoke(this, Printer.Sample()) ?? Printer.Sample();
            _fromPrinter.Enqueue(() => Gateway.ReportPrinter(sample, GatewayNow));
        }
    }

    public void Exchange()
    {
        Feed();
        CarryOut();
        for (bool moved = true; moved;)
        {
            moved = false;
            while (EngineRuns && Engine.TryTakeFrame(out var frame))
            {
                moved = true;
                Carry(toGateway: true, frame);
            }
            while (GatewayRuns && Gateway.TryTakeFrame(out var frame))
            {
                moved = true;
                Carry(toGateway: false, frame);
            }
            while (GatewayRuns && _toGateway.TryPeek(out var next) && next.Due <= Elapsed)
            {
                moved = true;
                var arrived = _toGateway.Dequeue().Frame;
                if (WireFrame.Peek(arrived.Span, out _) == WireType.Resume && Gateway.Phase == SessionPhase.Ended)
                {
                    Carry(toGateway: false, Options.GatewayRemembers ? Gateway.LastWord : GatewaySession.DeclineResume(arrived.Span, DeviceKey));
                    continue;
                }
                Gateway.Receive(arrived.Span, GatewayNow);
            }
            while (EngineRuns && _toEngine.TryPeek(out var next) && next.Due <= Elapsed)
            {
                moved = true;
                Engine.Receive(_toEngine.Dequeue().Frame.Span, Now);
                Feed();
            }
            CarryOut();
            Feed();
            if (EngineRuns && Engine.WantsEndingKept && Options.KeepsInTime)
            {
                moved = true;
                Kept = Engine.Save();
                Engine.EndingKept(Now);
            }
        }
    }

    public void Dispose()
    {
        Engine.Dispose();
        Gateway.Dispose();
        foreach (var segment in _supply)
        {
            segment.Dispose();
        }
    }

    private void Feed()
    {
        while (EngineRuns && Engine.WantsSegment)
        {
            if (_supply.TryDequeue(out var segment))
            {
                Engine.Supply(segment, Now);
            }
            else
            {
                Engine.SupplyEnd(Now);
            }
        }
    }

    private void Carry(bool toGateway, ReadOnlyMemory<byte> frame)
    {
        Frames.Add((toGateway, frame));
        if (!Connected)
        {
            return;
        }
        var type = WireFrame.Peek(frame.Span, out _);
        int nth = _seen[(toGateway, type)] = _seen.GetValueOrDefault((toGateway, type)) + 1;
        foreach (var arriving in Options.Tamper?.Invoke(toGateway, type, nth, frame) ?? [frame])
        {
            (toGateway ? _toGateway : _toEngine).Enqueue((Elapsed + Options.LatencySeconds, arriving));
        }
    }

    private void CarryOut()
    {
        while (GatewayRuns && Gateway.TryTakeAction(out var action))
        {
            Actions.Add(action);
            switch (action)
            {
                case GatewayAction.RunPreflight when Options.Refusal is { } refusal:
                    Gateway.PreflightRefused(refusal, GatewayNow);
                    break;
                case GatewayAction.RunPreflight:
                    Gateway.PreflightPassed(Options.PresentedProfile, new PreflightNotes("ws", Options.Warnings), GatewayNow);
                    break;
                case GatewayAction.SendScript send:
                    Printer.Send(send.Segment, send.Script.Span);
                    break;
                case GatewayAction.MoveHead move:
                    Printer.MoveHead(move.Lines);
                    break;
                case GatewayAction.ReadMachine:
                    Gateway.MachineRead(Options.MachineOnResume, GatewayNow);
                    break;
                case GatewayAction.Reconnect when Connected:
                    Cut();
                    Join();
                    break;
                case GatewayAction.EmergencyStop:
                    Printer.Drop();
                    break;
                case GatewayAction.MakeSafe safe:
                    foreach (string line in safe.Lines)
                    {
                        Printer.Run(line);
                    }
                    Gateway.SafeRestDone(Options.SafeRestError, GatewayNow);
                    break;
                default:
                    break;
            }
        }
    }
}

internal sealed record RigOptions
{
    public SessionSettings Settings { get; init; } = new();

    public Func<IReadOnlyList<SegmentPlan>, TestPrinter>? Printer { get; init; }

    public Tamper? Tamper { get; init; }

    /// <summary>What the gateway is told instead of what the printer does.</summary>
    public Func<SessionRig, PrinterSample, PrinterSample>? Sample { get; init; }

    public ReadOnlyMemory<byte>? EnrolledDeviceKey { get; init; }

    public ReadOnlyMemory<byte>? PinnedEngineKey { get; init; }

    public MachineProfile PresentedProfile { get; init; } = Toolpaths.Profile;

    public IReadOnlyList<PreflightWarning> Warnings { get; init; } = [];

    /// <summary>How the machine behaved when it was enrolled.</summary>
    public BehaviouralSnapshot? Behaviour { get; init; }

    /// <summary>What is found there when the engine comes back.</summary>
    public MachineProfile? MachineOnResume { get; init; } = Toolpaths.Profile;

    /// <summary>Whether the gateway knows a session that is over when the engine comes back.</summary>
    public bool GatewayRemembers { get; init; } = true;

    public Refusal? Refusal { get; init; }

    public string? SafeRestError { get; init; }

    public double PrinterSpeed { get; init; } = 1;

    /// <summary>One way.</summary>
    public double LatencySeconds { get; init; }

    /// <summary>Whether a sample gets as far as the gateway.</summary>
    public Func<int, bool> SampleArrives { get; init; } = static _ => true;

    /// <summary>Whether the answer to a segment's script gets as far as the gateway.</summary>
    public Func<ulong, bool> AnswerArrives { get; init; } = static _ => true;

    /// <summary>Which half gets no processor at a time: what comes for it waits, and then comes all at once.</summary>
    public Func<double, Stall> Stalled { get; init; } = static _ => Stall.None;

    /// <summary>Whether the end of a complete print is kept as soon as it is there, or left to the test.</summary>
    public bool KeepsInTime { get; init; } = true;

    public TimeSpan GatewayClockError { get; init; }

    public ulong? AnnouncedSegments { get; init; }

    /// <summary>Of the challenges.</summary>
    public int Seed { get; init; }
}

internal enum Stall
{
    None,
    Engine,
    Gateway,
}
