using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.GCode;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming.Tests;

public class PropertyTests
{
    private const string Start = "G28\nM104 S210\nM109 S210\nM83\nG1 Z0.4 F600\n";

    private static readonly Gen<string> Travel =
        from x in Gen.Choose(100, 20_000)
        from y in Gen.Choose(100, 20_000)
        from feed in Gen.Choose(600, 15_000)
        select Line($"G1 X{x / 100.0} Y{y / 100.0} F{feed}");

    private static readonly Gen<string> Extrusion =
        from x in Gen.Choose(8_000, 11_000)
        from y in Gen.Choose(8_000, 11_000)
        from feed in Gen.Choose(600, 9_000)
        select Line($"G1 X{x / 100.0} Y{y / 100.0} E{0.8} F{feed}");

    /// <summary>The same small circle again and again: every lap looks like the one before.</summary>
    private static readonly Gen<string> Laps =
        from radius in Gen.Choose(5, 60)
        from laps in Gen.Choose(1, 6)
        select string.Concat(Enumerable.Range(0, laps * 12).Select(i => Line($"G1 X{100 + (radius / 10.0 * Math.Cos(i * Math.PI / 6))} Y{100 + (radius / 10.0 * Math.Sin(i * Math.PI / 6))} E{0.05} F3000")));

    /// <summary>To and fro on one line.</summary>
    private static readonly Gen<string> Shuttle =
        from length in Gen.Choose(1, 60)
        from times in Gen.Choose(1, 15)
        select string.Concat(Enumerable.Range(0, times).Select(i => Line($"G1 X{60 + (i % 2 == 0 ? length : 0)} Y{60} E{length * 0.03} F6000")));

    private static readonly Gen<string> Other = Gen.Elements("G1 E-5 F2400\nG1 E5\n", "G4 P700\n", "M400\n", "M106 S200\n", "M104 S215\nM109 S215\n", "G1 Z3 F600\nG1 Z0.4\n", "G28\nG1 Z5 F600\n");

    private static readonly Arbitrary<Given> Givens = Arb.From(
        from parts in Gen.Frequency((5, Extrusion), (2, Travel), (1, Laps), (1, Shuttle), (1, Other)).ListOf()
        from pace in Gen.Choose(75, 108)
        from latency in Gen.Choose(0, 15)
        from lost in Gen.Choose(0, 4)
        from homeX in Gen.Choose(0, 200)
        select new Given(Start + string.Concat(parts), pace / 100.0, latency / 100.0, lost, homeX));

    [Fact]
    public void An_honest_printer_is_never_suspected() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(Givens, IsBelieved));

    /// <summary>
    /// Toolpaths that such runs once found: homing again soon after a move from an unknown place, so soon that no sample shows what lies between, and a printer
    /// that is slower on such a move than its plan, also where a wait follows it.
    /// </summary>
    [Theory]
    [InlineData("G1 X97.82 Y84.41 E0.8 F8424\nG1 X98.15 Y98.49 E0.8 F5328\nG1 X108.81 Y108.47 E0.8 F7218\nG1 X86.57 Y92.85 E0.8 F6672\nG28\nG1 Z5 F600\n", 0.91, 0, 0, 147)]
    [InlineData("G1 X59.5 Y88.7 F5523\nG4 P700\nG4 P700\nG1 X80.45 Y11.66 F6614\nG28\nG1 Z5 F600\n", 1.02, 0.13, 2, 130)]
    [InlineData("G1 X82.94 Y87.36 E0.8 F1086\nG1 X83.6 Y102.82 E0.8 F8308\nG1 X104.9 Y106.47 E0.8 F6197\nG1 X103.03 Y82.94 E0.8 F5725\nG28\nG1 Z5 F600\n", 0.83, 0.07, 4, 11)]
    [InlineData("G1 X180.88 Y165.34 F713\nG1 X91.51 Y94.27 E0.8 F6530\nG1 X9.55 Y181.41 F3383\n", 0.7, 0, 0, 91)]
    [InlineData("G1 X98.59 Y94.46 E0.8 F4505\nG1 X106.17 Y88.35 E0.8 F4565\nG28\nG1 Z5 F600\nG1 X186.39 Y181.8 F12235\nG1 X78 Y60 E0.54 F6000\nG1 X60 Y60 E0.54 F6000\nG1 X102.73 Y199.47 F11542\nG1 X101.64 Y95.51 E0.8 F4178\n", 0.88, 0.06, 4, 80)]
    [InlineData("G28\nG1 X84.31 Y103.17 F3066\nG1 X89.13 Y118.73 E0.8 F11930\nG28\n", 0.99, 0.01, 3, 152)]
    [InlineData("G1 X99.85 Y81.55 E0.8 F6187\nG4 P700\nG1 X105 Y113.92 E0.8 F11459\nG28\nG1 Z0.4 F600\n", 1.06, 0.07, 4, 71)]
    [InlineData("G1 X112.98 Y113.69 F1042\nM400\nG1 X84.92 Y107.81 E0.8 F11859\nG1 X80.48 Y86.97 E0.8 F5775\nG1 X104.2 Y98.55 E0.8 F7892\nG28\n", 0.76, 0.05, 0, 182)]
    public void A_move_from_an_unknown_place_and_what_follows_it_is_believed(string lines, double pace, double latency, int lostEvery, double homeX) =>
        IsBelieved(new Given(Start + lines, pace, latency, lostEvery, homeX));

    private static void IsBelieved(Given given)
    {
        using var rig = given.Rig();
        rig.Begin();
        rig.Run(limit: 3000);

        Assert.True(rig.Engine.End?.Reason == EndReason.Completed, $"{rig.Engine.End?.Reason} {rig.Engine.End?.Text} after {rig.Elapsed:F1} s, {rig.Engine.Progress}");
        Assert.InRange(rig.Engine.Record.MaxExposure, 0, LongestWindow(rig));
        Assert.True(rig.Gateway.IsWiped);
    }

    private enum Event
    {
        Wait, Halt, Cancel, GatewayStops, PrinterFails, ConnectionLost, EngineConnectionLost, SamplesStop, SamplesReturn, Garbage, ReplayToGateway, ReplayToEngine, PrinterSticks, SupplyFails, ScriptFails,
    }

    [Fact]
    public void Whatever_happens_in_whatever_order_the_invariants_hold()
    {
        var events =
            from first in Gen.Choose(0, 4000)
            from list in (from kind in Gen.Frequency((8, Gen.Constant(Event.Wait)), (12, Gen.Elements(Enum.GetValues<Event>()))) from ticks in Gen.Choose(0, 400) select (kind, ticks)).ListOf()
            select (IReadOnlyList<(Event Kind, int Ticks)>)[(Event.Wait, first), .. list];
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(150), Prop.ForAll(Arb.From(events), list =>
        {
            using var rig = new SessionRig(Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)).GetAwaiter().GetResult());
            rig.Begin();
            foreach (var (kind, ticks) in list)
            {
                Happen(rig, kind, ticks);
                int left = ticks;
                rig.Run(until: _ => --left < 0 || !Holds(rig));
            }
            rig.Gateway.ConnectionLost(rig.GatewayNow);
            rig.Engine.ConnectionLost(rig.Now);
            rig.Run(limit: 200);

            Holds(rig);
            Assert.Equal(SessionPhase.Ended, rig.Engine.Phase);
            Assert.Equal(SessionPhase.Ended, rig.Gateway.Phase);
            Assert.NotNull(rig.Engine.End);
            Assert.True(rig.Gateway.IsWiped);
            Assert.Equal(12UL * rig.Engine.Record.SegmentsSent, (ulong)rig.Engine.Record.Ivs.Length);
        }));
    }

    private static void Happen(SessionRig rig, Event kind, int ticks)
    {
        switch (kind)
        {
            case Event.Halt:
                rig.Engine.Halt(HaltReason.Operator, "Stopped by hand.", rig.Now);
                break;
            case Event.Cancel:
                rig.Engine.Stop(EndReason.Cancelled, "Cancelled.", rig.Now);
                break;
            case Event.GatewayStops:
                rig.Gateway.Stop(rig.GatewayNow);
                break;
            case Event.PrinterFails:
                rig.Gateway.Fail((PrinterFault)(ticks % 4), "fault", rig.GatewayNow);
                break;
            case Event.ConnectionLost:
                rig.Gateway.ConnectionLost(rig.GatewayNow);
                break;
            case Event.EngineConnectionLost:
                rig.Engine.ConnectionLost(rig.Now);
                break;
            case Event.SamplesStop:
                rig.PrinterReports = false;
                break;
            case Event.SamplesReturn:
                rig.PrinterReports = true;
                break;
            case Event.Garbage:
                rig.Gateway.Receive(new byte[ticks], rig.GatewayNow);
                rig.Engine.Receive(new byte[ticks], rig.Now);
                break;
            case Event.ReplayToGateway or Event.ReplayToEngine:
                bool toGateway = kind == Event.ReplayToGateway;
                // A segment said twice is an attack that ends the session; everything else said twice changes nothing.
                foreach (var (to, frame) in rig.Frames.Where(frame => frame.ToGateway == toGateway && WireFrame.Peek(frame.Frame.Span, out _) != WireType.Segment).TakeLast(ticks % 20).ToList())
                {
                    Assert.False(to ? rig.Gateway.Receive(frame.Span, rig.GatewayNow) : rig.Engine.Receive(frame.Span, rig.Now), $"{WireFrame.Peek(frame.Span, out _)} was taken twice");
                }
                break;
            case Event.PrinterSticks:
                rig.Printer.IsStuck = true;
                break;
            case Event.SupplyFails:
                rig.Engine.SupplyFailed("unreadable", rig.Now);
                break;
            case Event.ScriptFails:
                rig.Gateway.ScriptAnswered((ulong)ticks, "error", rig.GatewayNow);
                break;
            default:
                break;
        }
        rig.Exchange();
    }

    private static bool Holds(SessionRig rig)
    {
        var progress = rig.Engine.Progress;
        Assert.True(progress.SegmentsVerified <= progress.SegmentsSent);
        Assert.InRange(progress.Exposure, 0, LongestWindow(rig));
        Assert.True(progress.Exposure <= progress.MaxExposure + 1e-9);
        Assert.InRange(rig.Gateway.OpenSegments, 0, SessionSettings.MaxWindowSegments);
        Assert.True(rig.Gateway.Phase is not (SessionPhase.Finishing or SessionPhase.Ended) || rig.Gateway.IsWiped, "plaintext is left after the end");
        return true;
    }

    /// <summary>The window, or the floor and one segment that alone is longer than the rest of the window.</summary>
    private static double LongestWindow(SessionRig rig)
    {
        var settings = rig.Options.Settings;
        return Math.Max(settings.WindowSeconds, settings.FloorSeconds + rig.LongestSegment) + 1e-9;
    }

    private static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture) + "\n";

    private sealed record Given(string Text, double Pace, double Latency, int LostEvery, double HomeX)
    {
        public SessionRig Rig() => new(Toolpaths.CutAsync(Text).GetAwaiter().GetResult(), new RigOptions
        {
            Printer = plans => new TestPrinter(plans) { Pace = Pace, HomeEnd = new Position(HomeX, 200 - HomeX, 10) },
            LatencySeconds = Latency,
            SampleArrives = number => LostEvery == 0 || number % (LostEvery + 4) != 0,
        });
    }
}
