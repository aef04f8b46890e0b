using FsCheck;
using FsCheck.Fluent;
using Touchmark.GCode;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming.Tests;

/// <summary>The connection breaks and comes back while a print runs.</summary>
public class ResumeTests
{
    private static readonly SessionSettings Patient = new() { OutageSeconds = 60 };

    /// <summary>Seconds from the beginning to the cut, and how long it lasts: while heating, homing, in the first layer, around the pause, in the last one.</summary>
    public static TheoryData<double, double> Cuts
    {
        get
        {
            var data = new TheoryData<double, double>();
            foreach (double at in new[] { 0.5, 2, 4.3, 10, 24, 26, 29.1, 33, 38.4, 44, 51, 57, 62 })
            {
                data.Add(at, 0.05);
                data.Add(at, 1.4);
                data.Add(at, 12);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_print_that_is_cut_goes_on_where_it_was(double at, double seconds)
    {
        using var rig = await PrintAsync([(at, seconds)]);

        WholePrint.AssertPrinted(rig, await WholeAsync());
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert.Code == "RESUMED");
    }

    [Fact]
    public async Task The_head_does_not_stand_on_the_part_while_the_engine_is_away()
    {
        using var rig = await PrintAsync([(40, 20)]);

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.Contains("SAVE_GCODE_STATE NAME=touchmark_lift", rig.Printer.Lines);
        Assert.Contains("RESTORE_GCODE_STATE NAME=touchmark_lift", rig.Printer.Lines);
        // The toolpath itself pauses for half a second.
        Assert.InRange(rig.Printer.LongestDwell, 0, 0.6);
    }

    [Fact]
    public async Task What_is_printed_later_above_a_place_where_the_head_was_raised_is_no_raised_head()
    {
        using var rig = await PrintAsync([(40, 6)], layers: 14);

        WholePrint.AssertPrinted(rig, await WholeAsync(layers: 14));
    }

    [Theory]
    [InlineData(27)]
    [InlineData(28)]
    [InlineData(29)]
    [InlineData(30)]
    [InlineData(31)]
    [InlineData(32)]
    public async Task A_toolpath_that_ends_straight_above_the_place_where_the_head_was_raised_is_no_raised_head(double at)
    {
        const string text = "G28\nM104 S210\nM109 S210\nM83\nG1 Z0.4 F600\nG1 X80 Y80 F6000\nG1 X120 Y80 E1.5 F1200\nG4 P500\nG1 Z5 F600\n";
        using var rig = await PrintAsync(await Toolpaths.CutAsync(text), [(at, 5)]);

        Assert.True(rig.Engine.End?.Reason == EndReason.Completed, $"{rig.Engine.End?.Text} after {rig.Elapsed:F1} s, {rig.Engine.Progress}");
        Assert.Contains("SAVE_GCODE_STATE NAME=touchmark_lift", rig.Printer.Lines);
    }

    [Fact]
    public void A_print_that_is_cut_at_random_places_prints_the_same_path_and_verifies_to_the_end()
    {
        var cuts =
            from list in (from gap in Gen.Choose(1, 1500) from length in Gen.Frequency((3, Gen.Choose(1, 60)), (1, Gen.Choose(60, 1500))) select (gap / 100.0, length / 100.0)).NonEmptyListOf()
            from latency in Gen.Choose(0, 12)
            from pace in Gen.Choose(80, 105)
            from layers in Gen.Choose(1, 3)
            select (Cuts: (IReadOnlyList<(double, double)>)[.. list], Latency: latency / 100.0, Pace: pace / 100.0, Layers: layers);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(30), Prop.ForAll(Arb.From(cuts), given =>
        {
            double at = 1;
            var when = given.Cuts.Select(cut => (At: at += cut.Item1, (at += cut.Item2) - at + cut.Item2)).ToList();
            using var rig = PrintAsync(when, new RigOptions { Settings = Patient, LatencySeconds = given.Latency, Printer = plans => new TestPrinter(plans) { Pace = given.Pace } }, given.Layers).GetAwaiter().GetResult();

            WholePrint.AssertPrinted(rig, WholeAsync(given.Layers).GetAwaiter().GetResult());
        }));
    }

    [Fact]
    public async Task A_session_that_ended_while_the_engine_was_away_is_told_to_it_when_it_is_back()
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.Cut();
        rig.Gateway.Fail(PrinterFault.Error, "Move out of range", rig.GatewayNow);
        rig.Run(limit: 2);
        Assert.Equal(SessionPhase.Ended, rig.Gateway.Phase);
        rig.Join();
        rig.Run();

        Assert.Equal(EndReason.PrinterError, rig.Engine.End?.Reason);
        Assert.True(rig.Engine.End!.MadeSafe);
    }

    [Fact]
    public async Task A_gateway_that_was_started_anew_ends_the_print_and_says_why()
    {
        using var rig = await HaltTests.PrintingAsync(new RigOptions { GatewayRemembers = false });
        rig.Cut();
        rig.Gateway.Stop(rig.GatewayNow);
        rig.Run(limit: 2);
        rig.Join();
        rig.Run();

        Assert.Equal(EndReason.GatewayStopped, rig.Engine.End?.Reason);
        Assert.Contains("lost the keys", rig.Engine.End!.Text, StringComparison.Ordinal);
        Assert.True(rig.Engine.End.Printed);
    }

    [Theory]
    [InlineData(EndReason.Cancelled)]
    [InlineData(EndReason.Revoked)]
    [InlineData(EndReason.Halted)]
    public async Task What_was_ordered_while_the_gateway_was_away_is_done_when_it_is_back(EndReason reason)
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.Cut();
        if (reason == EndReason.Halted)
        {
            rig.Engine.Halt(HaltReason.Operator, "Stopped.", rig.Now);
        }
        else
        {
            rig.Engine.Stop(reason, "Ordered.", rig.Now);
        }
        rig.Run(limit: 5);
        Assert.Equal(SessionPhase.Streaming, rig.Gateway.Phase);
        rig.Join();
        rig.Run();

        Assert.Equal(reason, rig.Engine.End?.Reason);
        Assert.Equal(reason, rig.Gateway.End?.Reason);
        Assert.True(rig.Engine.End!.MadeSafe);
    }

    [Fact]
    public async Task Another_machine_behind_the_gateway_that_comes_back_gets_nothing_more()
    {
        using var rig = await HaltTests.PrintingAsync(new RigOptions { MachineOnResume = Toolpaths.Profile with { McuId = "usb-Klipper_another_1" } });
        rig.Cut();
        rig.Run(limit: 1);
        rig.Join();
        rig.Run();

        Assert.Equal(EndReason.IdentityChanged, rig.Engine.End?.Reason);
        Assert.Equal(EndReason.IdentityChanged, rig.Gateway.End?.Reason);
        Assert.Contains("usb-Klipper_another_1", rig.Engine.End!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_carries_nothing_any_more_is_given_up_for_another()
    {
        using var rig = await HaltTests.PrintingAsync(new RigOptions { Settings = Patient });
        rig.Connected = false;
        rig.Run(limit: 8);
        Assert.Contains(rig.Actions, static action => action is GatewayAction.Reconnect);
        Assert.True(rig.Engine.IsGatewayAway);
        rig.Cut();
        rig.Join();
        rig.Run();

        WholePrint.AssertPrinted(rig, await WholeAsync(layers: 1));
    }

    [Fact]
    public async Task A_resume_that_was_recorded_resumes_nothing()
    {
        using var rig = await PrintAsync([(30, 1)]);
        var resumes = rig.Frames.Where(static frame => WireFrame.Peek(frame.Frame.Span, out _) is WireType.Resume or WireType.Resumed).ToList();
        Assert.Equal(2, resumes.Count);
        using var other = await HaltTests.PrintingAsync();

        Assert.False(other.Gateway.Receive(resumes[0].Frame.Span, other.GatewayNow));
        Assert.False(other.Engine.Receive(resumes[1].Frame.Span, other.Now));
        other.Run();
        Assert.Equal(EndReason.Completed, other.Engine.End?.Reason);
    }

    internal static async Task<SessionRig> PrintAsync(IReadOnlyList<(double At, double Seconds)> cuts, RigOptions? options = null, int layers = 2) =>
        await PrintAsync(await Toolpaths.CutAsync(Toolpaths.Bracket(layers)), cuts, options);

    private static async Task<SessionRig> PrintAsync(IReadOnlyList<Segment> toolpath, IReadOnlyList<(double At, double Seconds)> cuts, RigOptions? options = null)
    {
        var rig = new SessionRig(toolpath, options ?? new RigOptions { Settings = Patient });
        rig.Begin();
        foreach (var (at, seconds) in cuts)
        {
            rig.Run(limit: at - rig.Elapsed);
            if (rig.IsOver)
            {
                break;
            }
            rig.Cut();
            rig.Run(limit: seconds);
            rig.Join();
        }
        rig.Run();
        return rig;
    }

    private static async Task<SessionRig> WholeAsync(int layers = 2) => await PrintAsync([], layers: layers);
}
