using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.Streaming.Tests;

/// <summary>The engine is started anew in the middle of a print, from what it saved some time before.</summary>
public class RestartTests
{
    [Theory]
    [InlineData(5, 0, 1)]
    [InlineData(14, 0.9, 2)]
    [InlineData(30, 0, 2)]
    [InlineData(33, 0.9, 0.3)]
    [InlineData(40, 0.5, 8)]
    [InlineData(47, 0.9, 3)]
    public async Task A_restored_engine_goes_on_where_its_gateway_is(double at, double savedBefore, double away)
    {
        using var rig = await PrintAsync([(at, savedBefore, away)]);

        AssertPrinted(rig);
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert.Code == "RESUMED" && alert.Text.Contains("restarted", StringComparison.Ordinal));
        Assert.Equal(1, rig.Frames.Count(static frame => Wire.WireFrame.Peek(frame.Frame.Span, out _) == Wire.WireType.Resumed));
    }

    /// <summary>Samples of before the restart come late, and the head still stands where it was raised the last time, right above the end of what it is to print next.</summary>
    [Fact]
    public async Task Motion_that_has_not_begun_is_not_taken_for_over()
    {
        using var rig = await PrintAsync([(15.22, 0.72, 1.23), (18.92, 0.92, 8.76), (25, 0.03, 0.23)]);

        AssertPrinted(rig);
    }

    /// <summary>While it is raised the head has drawn filament back: a scale that is taken there hides the retraction with which the toolpath ends.</summary>
    [Theory]
    [InlineData(28)]
    [InlineData(29)]
    [InlineData(30)]
    [InlineData(31)]
    [InlineData(32)]
    public async Task A_toolpath_that_ends_by_drawing_filament_back_is_followed_to_its_end(double at)
    {
        const string text = "G28\nM104 S210\nM109 S210\nM83\nG1 Z0.4 F600\nG1 X80 Y80 F6000\nG1 X120 Y80 E1.5 F1200\nG4 P500\nG1 X118 Y80 F3000\nG1 E-0.8 F2100\n";
        using var rig = await PrintAsync([(at, 0.2, 6)], text);

        Assert.True(rig.Engine.End?.Reason == EndReason.Completed, $"{rig.Engine.End?.Text} after {rig.Elapsed:F1} s, {rig.Engine.Progress}");
        Assert.Contains("SAVE_GCODE_STATE NAME=touchmark_lift", rig.Printer.Lines);
    }

    [Fact]
    public void Whenever_it_is_restarted_the_same_path_is_printed_and_no_iv_is_used_twice()
    {
        var restarts = (from gap in Gen.Choose(200, 2500) from before in Gen.Choose(0, 110) from away in Gen.Choose(5, 900) select (gap / 100.0, before / 100.0, away / 100.0)).NonEmptyListOf();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(25), Prop.ForAll(Arb.From(restarts), list =>
        {
            double at = 5;
            var when = list.Take(4).Select(restart => (at += restart.Item1, restart.Item2, restart.Item3)).ToList();
            using var rig = PrintAsync(when).GetAwaiter().GetResult();

            AssertPrinted(rig);
            var ivs = rig.Engine.Record.Ivs.ToArray().Chunk(12).Select(Convert.ToHexString).ToList();
            Assert.Equal((int)rig.Facts.Segments, ivs.Count);
            Assert.Equal(ivs.Count, ivs.Distinct().Count());
        }));
    }

    /// <summary>The gateway was told that the print is complete, and said so; the engine died before it heard it, or before it wrote it down.</summary>
    [Theory]
    [InlineData(SessionPhase.Streaming)]
    [InlineData(SessionPhase.Finishing)]
    [InlineData(SessionPhase.Ended)]
    public async Task An_engine_that_dies_while_a_print_is_finished_knows_that_it_was_complete(SessionPhase gateway)
    {
        var toolpath = Toolpaths.Bracket();
        using var rig = new SessionRig(await Toolpaths.CutAsync(toolpath), new RigOptions { KeepsInTime = false });
        rig.Begin();
        rig.Run(until: static rig => rig.Engine.WantsEndingKept);
        byte[] kept = rig.Engine.Save()!;
        if (gateway > SessionPhase.Streaming)
        {
            rig.Engine.EndingKept(rig.Now);
            rig.Engine.TryTakeFrame(out var finish);
            rig.Gateway.Receive(finish.Span, rig.GatewayNow);
        }
        if (gateway == SessionPhase.Ended)
        {
            rig.Gateway.SafeRestDone(error: null, rig.GatewayNow);
        }
        Assert.Equal(gateway, rig.Gateway.Phase);

        rig.RestartEngine(kept, await Toolpaths.CutAsync(toolpath));
        rig.Run(limit: 3);
        rig.Join();
        rig.Run();

        AssertPrinted(rig);
        Assert.True(rig.Engine.End!.MadeSafe);
        Assert.Equal(12UL * rig.Facts.Segments, (ulong)rig.Engine.Record.Ivs.Length);
    }

    [Fact]
    public async Task A_disk_that_hangs_holds_the_end_of_a_print_up_for_five_seconds()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()), new RigOptions { KeepsInTime = false });
        rig.Begin();
        rig.Run(until: static rig => rig.Engine.WantsEndingKept);
        double complete = rig.Elapsed;
        rig.Run(limit: 4.9);
        Assert.Equal(SessionPhase.Streaming, rig.Gateway.Phase);
        rig.Run();

        AssertPrinted(rig);
        Assert.InRange(rig.Elapsed - complete, 4.9, 5.1);
    }

    [Fact]
    public async Task A_gateway_that_calls_a_print_complete_unasked_is_not_believed_after_a_restart()
    {
        var toolpath = Toolpaths.Bracket();
        using var rig = new SessionRig(await Toolpaths.CutAsync(toolpath), new RigOptions { KeepsInTime = false });
        rig.Begin();
        rig.Run(limit: 30);
        byte[] middle = rig.Engine.Save()!;
        rig.Run(until: static rig => rig.Engine.WantsEndingKept);
        rig.Engine.EndingKept(rig.Now);
        rig.Exchange();

        rig.RestartEngine(middle, await Toolpaths.CutAsync(toolpath));
        rig.Join();
        rig.Run();

        Assert.Equal(EndReason.ProtocolViolation, rig.Engine.End?.Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_print_that_was_being_stopped_is_stopped_after_a_restart(bool halted)
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.Cut();
        if (halted)
        {
            rig.Engine.Halt(Wire.HaltReason.Operator, "Stopped by hand.", rig.Now);
        }
        else
        {
            rig.Engine.Stop(EndReason.Cancelled, "Cancelled by its owner.", rig.Now);
        }
        string text = halted ? "Stopped by hand." : "Cancelled by its owner.";

        rig.RestartEngine(rig.Engine.Save()!, await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)));
        rig.Join();
        rig.Run();

        Assert.Equal((halted ? EndReason.Halted : EndReason.Cancelled, text, true), (rig.Engine.End!.Reason, rig.Engine.End.Text, rig.Engine.End.MadeSafe));
        Assert.Equal(halted, rig.Actions.Exists(static action => action is GatewayAction.EmergencyStop));
    }

    [Fact]
    public async Task A_restored_session_whose_gateway_does_not_come_back_ends_with_what_was_saved()
    {
        using var rig = await PrintAsync([(30, 0, 1000)]);

        Assert.Equal(EndReason.ConnectionLost, rig.Engine.End?.Reason);
        Assert.True(rig.Engine.End!.Printed);
        Assert.Equal(12UL * rig.Engine.Record.SegmentsSent, (ulong)rig.Engine.Record.Ivs.Length);
        Assert.Equal(32, rig.Engine.Record.ChainHead.Length);
        Assert.Equal(32, rig.Engine.CertificateMac([1]).Length);
    }

    [Fact]
    public async Task A_session_that_ended_meanwhile_is_told_to_the_restored_engine()
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.RestartEngine(rig.Engine.Save()!, await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)));
        rig.Gateway.Stop(rig.GatewayNow);
        rig.Run(limit: 1);
        rig.Join();
        rig.Run();

        Assert.Equal(EndReason.GatewayStopped, rig.Engine.End?.Reason);
        Assert.True(rig.Engine.End!.MadeSafe);
    }

    [Fact]
    public void What_is_no_saved_session_is_refused()
    {
        var bytes = Gen.Choose(0, 255).ListOf().Select(static list => list.Select(static value => (byte)value).ToArray());
        Prop.ForAll(Arb.From(bytes), static state => SavedSession.TryDecode(state, out string? problem) is null && problem is not null).QuickCheckThrowOnFailure();
    }

    /// <summary>Restarts: at which second, from a state saved how long before, and for how long the engine is away.</summary>
    private static async Task<SessionRig> PrintAsync(IReadOnlyList<(double At, double SavedBefore, double Away)> restarts, string? toolpath = null)
    {
        toolpath ??= Toolpaths.Bracket();
        var rig = new SessionRig(await Toolpaths.CutAsync(toolpath), new RigOptions { Settings = new SessionSettings { OutageSeconds = 60 } });
        rig.Begin();
        foreach (var (at, before, away) in restarts)
        {
            rig.Run(limit: Math.Max(0, at - before - rig.Elapsed));
            if (rig.Engine.Save() is not { } saved)
            {
                continue;
            }
            rig.Run(limit: before);
            if (rig.Engine.Phase == SessionPhase.Ended)
            {
                break;
            }
            rig.RestartEngine(rig.Kept ?? saved, await Toolpaths.CutAsync(toolpath));
            rig.Run(limit: away);
            if (away < 60)
            {
                rig.Join();
            }
        }
        rig.Run();
        return rig;
    }

    private static void AssertPrinted(SessionRig rig)
    {
        Assert.True(rig.Engine.End?.Reason == EndReason.Completed, $"{rig.Engine.End?.Reason} {rig.Engine.End?.Text} after {rig.Elapsed:F1} s, {rig.Engine.Progress}");
        Assert.Equal(EndReason.Completed, rig.Gateway.End?.Reason);
        Assert.Equal(rig.Facts.Segments, rig.Engine.End!.SegmentsVerified);
        using var whole = ResumeTests.PrintAsync([]).GetAwaiter().GetResult();
        Assert.Equal(whole.Printer.Printed, rig.Printer.Printed);
    }
}
