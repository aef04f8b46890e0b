using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming.Tests;

/// <summary>A person pauses the print and lets it go on.</summary>
public class PauseTests
{
    private static readonly SessionSettings Patient = new() { OutageSeconds = 60 };
    private static readonly SessionSettings Endless = new() { OutageSeconds = 3600, PauseSeconds = 3600 };

    /// <summary>Seconds from the beginning to the pause, and how long it lasts: before the first line, while heating, homing, in the first layer, around the toolpath's own wait, in the last layer.</summary>
    public static TheoryData<double, double> Pauses
    {
        get
        {
            var data = new TheoryData<double, double>();
            foreach (double at in new[] { 0.02, 0.5, 2, 4.3, 10, 24, 26, 29.1, 33, 38.4, 44, 51, 57, 62 })
            {
                data.Add(at, 0.05);
                data.Add(at, 1.4);
                data.Add(at, 30);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Pauses))]
    public async Task A_print_that_is_paused_goes_on_where_it_was(double at, double seconds)
    {
        using var rig = await RunAsync([new(at, Act.Pause), new(at + seconds, Act.GoOn)]);

        WholePrint.AssertPrinted(rig, await WholeAsync());
        Assert.Equal("PAUSED", Assert.Single(rig.Engine.Record.Alerts).Code);
        Assert.Equal(0, rig.Engine.Record.ForgedFrames);
        Assert.Equal(0, rig.Gateway.Ignored);
    }

    [Fact]
    public async Task A_paused_head_stands_raised_and_at_rest_and_comes_back_to_its_very_place()
    {
        using var rig = await RunAsync([new(40, Act.Pause), new(55, Act.Look)], whole: false);
        var paused = rig.Engine.Progress.Paused!;
        Assert.Equal((true, true), (paused.Stands, paused.IsRaised));
        Assert.Equal(480, (paused.Until - paused.Asked).TotalSeconds);
        Assert.Equal(0, rig.Engine.Progress.Exposure);
        int moves = rig.Printer.Executed.Count;
        var raised = rig.Printer.Sample();
        Assert.Equal(0, raised.Velocity);
        var place = rig.Printer.Printed.Last().End;
        Assert.Equal((place.X, place.Y), (raised.X, raised.Y));
        Assert.InRange(raised.Z - place.Z, 4.99, 5.01);
        rig.Run(limit: 20);
        Assert.Equal(moves, rig.Printer.Executed.Count);

        rig.Engine.GoOn(rig.Now);
        rig.Run();

        WholePrint.AssertPrinted(rig, await WholeAsync());
        var own = rig.Printer.Executed.Skip(moves).TakeWhile(static move => move.Start.X == move.End.X && move.Start.Y == move.End.Y).ToList();
        var back = own.First(static move => move.Start.Z != move.End.Z).End;
        Assert.Equal((place.X, place.Y, place.Z), (back.X, back.Y, Math.Round(back.Z, 6)));
        // What was drawn back is given again, and no more.
        using var whole = await WholeAsync();
        Assert.Equal(0, rig.Printer.Executed.Sum(static move => move.ExtrudedMm) - whole.Printer.Executed.Sum(static move => move.ExtrudedMm), tolerance: 1e-9);
        Assert.Contains("G1 E-1 F2100", rig.Printer.Lines);
        Assert.InRange(rig.Printer.LongestDwell, 0, 0.6);
        Assert.Matches(@"^Paused for 35\.0 s behind segment \d+\.$", Assert.Single(rig.Engine.Record.Alerts).Text);
    }

    [Fact]
    public async Task Nothing_leaves_the_engine_while_the_print_is_paused()
    {
        using var rig = await RunAsync([new(33, Act.Pause)], whole: false);
        ulong sent = rig.Engine.Progress.SegmentsSent;
        rig.Engine.Pause(SessionRig.Start, rig.Now);
        rig.Run(limit: 60);

        Assert.Equal((sent, sent), (rig.Engine.Progress.SegmentsSent, rig.Engine.Progress.SegmentsVerified));
        Assert.Equal(1, rig.Frames.Count(static frame => WireFrame.Peek(frame.Frame.Span, out _) == WireType.Hold));
        rig.Engine.GoOn(rig.Now);
        rig.Engine.GoOn(rig.Now);
        rig.Run();
        WholePrint.AssertPrinted(rig, await WholeAsync());
    }

    [Fact]
    public void Pauses_cuts_and_restarts_at_random_places_print_the_same_path_and_raise_no_suspicion()
    {
        var events =
            from list in (from gap in Gen.Choose(1, 1500) from act in Gen.Frequency((4, Gen.Constant(Act.Pause)), (4, Gen.Constant(Act.GoOn)), (2, Gen.Constant(Act.Cut)), (2, Gen.Constant(Act.Join)), (1, Gen.Constant(Act.Restart)))
                          from soon in Gen.Choose(0, 2) select (Gap: soon == 0 ? gap / 1000.0 : gap / 100.0, Act: act)).NonEmptyListOf()
            from latency in Gen.Choose(0, 12)
            from pace in Gen.Choose(80, 105)
            from layers in Gen.Choose(1, 3)
            from seed in Gen.Choose(0, 1000)
            select (Events: list, Latency: latency / 100.0, Pace: pace / 100.0, Layers: layers, Seed: seed);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), Prop.ForAll(Arb.From(events), given =>
        {
            double at = 1;
            var when = given.Events.Select(item => new Event(at += item.Gap, item.Act)).ToList();
            using var rig = RunAsync(when, new RigOptions { Settings = Endless, LatencySeconds = given.Latency, Seed = given.Seed, Printer = plans => new TestPrinter(plans) { Pace = given.Pace } }, given.Layers).GetAwaiter().GetResult();

            WholePrint.AssertPrinted(rig, WholeAsync(given.Layers).GetAwaiter().GetResult());
        }));
    }

    [Fact]
    public async Task A_pause_survives_a_lost_connection_and_the_head_stays_up()
    {
        using var rig = await RunAsync([new(33, Act.Pause), new(36, Act.Cut), new(40, Act.Join), new(50, Act.Look)], whole: false);
        var paused = rig.Engine.Progress.Paused!;
        Assert.Equal((true, true), (paused.Stands, paused.IsRaised));
        Assert.Single(rig.Printer.Lines, static line => line == "SAVE_GCODE_STATE NAME=touchmark_lift");
        rig.Engine.GoOn(rig.Now);
        rig.Run();

        WholePrint.AssertPrinted(rig, await WholeAsync());
        Assert.Equal(["RESUMED", "PAUSED"], rig.Engine.Record.Alerts.Select(static alert => alert.Code));
    }

    [Fact]
    public async Task An_engine_that_was_restarted_still_holds_the_print_and_the_limit_goes_on()
    {
        using var rig = await RunAsync([new(33, Act.Pause), new(36, Act.Restart), new(40, Act.Join), new(50, Act.Look)], whole: false);
        var paused = rig.Engine.Progress.Paused!;
        Assert.Equal((true, true), (paused.Stands, paused.IsRaised));
        Assert.Equal(33, (paused.Asked - SessionRig.Start).TotalSeconds, tolerance: 0.02);
        rig.Run(limit: 600);

        Assert.Equal(EndReason.PausedTooLong, rig.Engine.End?.Reason);
        Assert.InRange(rig.Elapsed, 33 + 480, 33 + 482);
    }

    [Fact]
    public async Task A_pause_that_nobody_ends_ends_the_print_and_the_printer_is_safe()
    {
        using var rig = await RunAsync([new(33, Act.Pause)], new RigOptions { Settings = new SessionSettings { PauseSeconds = 120 } }, goesOn: false);

        Assert.Equal((EndReason.PausedTooLong, EndSide.Person, "PAUSED_TOO_LONG", true), (rig.Engine.End!.Reason, rig.Engine.End.Side, rig.Engine.End.Code, rig.Engine.End.MadeSafe));
        Assert.Contains("120 s", rig.Engine.End.Text, StringComparison.Ordinal);
        Assert.Equal(EndReason.PausedTooLong, rig.Gateway.End?.Reason);
        Assert.True(rig.Gateway.IsWiped);
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert.Code == "PAUSED");
    }

    [Theory]
    [InlineData(EndReason.Cancelled, 0.1)]
    [InlineData(EndReason.Cancelled, 20)]
    [InlineData(EndReason.Revoked, 2.5)]
    [InlineData(EndReason.Halted, 0.1)]
    [InlineData(EndReason.Halted, 20)]
    public async Task What_ends_a_print_ends_a_paused_one(EndReason reason, double after)
    {
        using var rig = await RunAsync([new(40, Act.Pause), new(40 + after, Act.Look)], whole: false);
        if (reason == EndReason.Halted)
        {
            rig.Engine.Halt(HaltReason.Operator, "Stopped.", rig.Now);
        }
        else
        {
            rig.Engine.Stop(reason, "Ordered.", rig.Now);
        }
        rig.Run();

        Assert.Equal((reason, reason, true), (rig.Engine.End!.Reason, rig.Gateway.End!.Reason, rig.Engine.End.MadeSafe));
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert.Code == "PAUSED");
        Assert.True(rig.Gateway.IsWiped);
    }

    /// <summary>The machine is made safe from where the head is going to be, not from where it was last seen: a lift beyond the volume would be refused.</summary>
    [Fact]
    public async Task A_print_that_ends_while_the_head_rises_is_not_lifted_out_of_the_volume()
    {
        var low = Toolpaths.Profile with { Limits = Toolpaths.Profile.Limits with { MaxZ = 12 } };
        using var rig = await RunAsync([new(40, Act.Pause)], new RigOptions { PresentedProfile = low, MachineOnResume = low }, whole: false);
        rig.Run(until: static rig => rig.Actions.Exists(static action => action is GatewayAction.MoveHead));
        rig.Gateway.Cancel("Cancelled at the printer.", rig.GatewayNow);
        rig.Run();

        var safe = rig.Actions.OfType<GatewayAction.MakeSafe>().Single().Lines;
        double lifted = double.Parse(safe.First(static line => line.StartsWith("G1 Z", StringComparison.Ordinal))[4..].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(rig.Printer.Printed.Last().End.Z + 5 + lifted, 0, 11.01);
    }

    [Fact]
    public async Task A_printer_that_loses_heat_or_place_in_a_pause_ends_the_print()
    {
        using var rig = await RunAsync([new(40, Act.Pause), new(50, Act.Look)], whole: false);
        rig.Printer.State = PrinterState.Shutdown;
        rig.Run();

        Assert.Equal(EndReason.PrinterShutdown, rig.Engine.End?.Reason);
    }

    /// <summary>The gateway says that it holds the print, and its printer goes another way meanwhile: aside, or up and off with the part.</summary>
    [Theory]
    [InlineData(20, 0, 0)]
    [InlineData(0, 3, 0)]
    [InlineData(0, 0, 12)]
    public async Task A_head_that_is_elsewhere_while_paused_is_met(double x, double y, double z)
    {
        using var rig = await RunAsync([new(40, Act.Pause)], new RigOptions
        {
            Settings = Patient,
            Sample = (rig, sample) => rig.Elapsed is > 46 and < 60 ? sample with { X = sample.X + x, Y = sample.Y + y, Z = sample.Z + z, Velocity = 30 } : sample,
        }, goesOn: false);

        Assert.Equal(EndReason.ProxySuspected, rig.Engine.End?.Reason);
    }

    [Theory]
    [InlineData(WireType.Hold, "drop")]
    [InlineData(WireType.Hold, "alter")]
    [InlineData(WireType.Hold, "repeat")]
    [InlineData(WireType.Held, "drop")]
    [InlineData(WireType.Held, "alter")]
    [InlineData(WireType.Held, "repeat")]
    public async Task A_hold_or_its_answer_that_is_lost_altered_or_repeated_changes_nothing(WireType attacked, string attack)
    {
        bool acted = false;
        using var rig = await RunAsync([new(40, Act.Pause), new(60, Act.Look)], new RigOptions
        {
            Settings = Patient,
            Tamper = (toGateway, type, nth, frame) =>
            {
                if (type != attacked || nth > 1)
                {
                    return [frame];
                }
                acted = true;
                return attack switch { "drop" => [], "alter" => [TamperTests.Altered(frame, frame.Length - 1)], _ => [frame, frame] };
            },
        }, whole: false);
        Assert.True(acted);
        Assert.Equal((true, true), (rig.Engine.Progress.Paused!.Stands, rig.Engine.Progress.Paused.IsRaised));
        rig.Engine.GoOn(rig.Now);
        rig.Run();

        WholePrint.AssertPrinted(rig, await WholeAsync());
        Assert.Equal(attack == "drop" ? 0 : 1, attacked == WireType.Held ? rig.Engine.Record.ForgedFrames : rig.Gateway.Ignored);
    }

    [Fact]
    public async Task A_hold_that_was_recorded_holds_nothing()
    {
        using var rig = await RunAsync([new(30, Act.Pause), new(34, Act.GoOn)]);
        var recorded = rig.Frames.Where(static frame => WireFrame.Peek(frame.Frame.Span, out _) is WireType.Hold or WireType.Held).ToList();
        Assert.Equal(3, recorded.Count);
        using var other = await HaltTests.PrintingAsync();
        foreach (var (toGateway, frame) in recorded)
        {
            Assert.False(toGateway ? other.Gateway.Receive(frame.Span, other.GatewayNow) : other.Engine.Receive(frame.Span, other.Now));
        }
        other.Run();

        Assert.Equal(EndReason.Completed, other.Engine.End?.Reason);
        Assert.DoesNotContain("SAVE_GCODE_STATE NAME=touchmark_lift", other.Printer.Lines);
    }

    /// <summary>Whoever holds the device's keys says that the head is raised, to be excused for it, and nobody has asked; or for segments that it does not have.</summary>
    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    [InlineData(true, -3)]
    public async Task A_raised_head_that_nobody_ordered_ends_the_print(bool isPaused, int beside)
    {
        using var rig = await RunAsync([new(40, isPaused ? Act.Pause : Act.Look)], new RigOptions
        {
            Settings = Patient,
            Tamper = static (_, type, _, frame) => type == WireType.Held ? [] : [frame],
        }, whole: false);
        rig.Run(limit: 3);
        using var exported = rig.Engine.ExportKeys()!;
        using var keys = SessionKeys.Import(exported.Span);
        ulong order = isPaused ? WireCounter(rig.Frames.Last(static frame => WireFrame.Peek(frame.Frame.Span, out _) == WireType.Hold).Frame.Span) : 1;
        var held = new Held(rig.Gateway.SessionId!.Value, 1 << 20, order, rig.Engine.Progress.SegmentsSent + (ulong)beside, 5, rig.Printer.Time);

        Assert.True(rig.Engine.Receive(held.Encode(keys.Telemetry).Span, rig.Now));
        rig.Run();
        Assert.Equal(EndReason.ProtocolViolation, rig.Engine.End?.Reason);

        static ulong WireCounter(ReadOnlySpan<byte> frame) => Hold.TryDecode(frame)!.Counter;
    }

    private enum Act
    {
        Look,
        Pause,
        GoOn,
        Cut,
        Join,
        Restart,
    }

    private sealed record Event(double At, Act Act);

    /// <summary>Runs through the events; then, if <paramref name="whole"/>, everybody comes back, the pause is over if <paramref name="goesOn"/>, and the print runs to its end.</summary>
    private static async Task<SessionRig> RunAsync(IReadOnlyList<Event> events, RigOptions? options = null, int layers = 2, bool whole = true, bool goesOn = true)
    {
        string toolpath = Toolpaths.Bracket(layers);
        var rig = new SessionRig(await Toolpaths.CutAsync(toolpath), options ?? new RigOptions { Settings = Patient });
        rig.Begin();
        foreach (var (at, act) in events)
        {
            rig.Run(limit: at - rig.Elapsed);
            if (rig.IsOver)
            {
                return rig;
            }
            switch (act)
            {
                case Act.Pause:
                    rig.Engine.Pause(rig.Now.Utc, rig.Now);
                    break;
                case Act.GoOn:
                    rig.Engine.GoOn(rig.Now);
                    break;
                case Act.Cut when rig.Connected:
                    rig.Cut();
                    break;
                case Act.Join when !rig.Connected:
                    rig.Join();
                    break;
                case Act.Restart when rig.Engine.Save() is { } saved:
                    rig.RestartEngine(saved, await Toolpaths.CutAsync(toolpath));
                    break;
            }
            rig.Exchange();
        }
        if (whole && goesOn)
        {
            if (!rig.Connected)
            {
                rig.Join();
            }
            rig.Engine.GoOn(rig.Now);
        }
        if (whole)
        {
            rig.Run(limit: 900);
        }
        return rig;
    }

    private static async Task<SessionRig> WholeAsync(int layers = 2) => await RunAsync([], layers: layers);
}
