namespace Touchmark.Streaming.Tests;

/// <summary>What can go wrong without an attacker.</summary>
public class EndingTests
{
    [Theory]
    [InlineData(PrinterFault.Error, EndReason.PrinterError, "PRINTER_ERROR")]
    [InlineData(PrinterFault.Shutdown, EndReason.PrinterShutdown, "PRINTER_SHUTDOWN")]
    [InlineData(PrinterFault.NotReady, EndReason.PrinterNotReady, "PRINTER_NOT_READY")]
    [InlineData(PrinterFault.Vanished, EndReason.PrinterVanished, "PRINTER_VANISHED")]
    public async Task A_fault_of_the_printer_ends_both_sides_with_its_name(PrinterFault fault, EndReason reason, string code)
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.Gateway.Fail(fault, "mcu 'mcu': Timer too close", rig.GatewayNow);
        Assert.True(rig.Gateway.IsWiped);
        rig.Run();

        Assert.Equal(reason, rig.Engine.End?.Reason);
        Assert.Equal(code, rig.Engine.End!.Code);
        Assert.Equal(EndSide.Printer, rig.Engine.End.Side);
        Assert.Contains("Timer too close", rig.Engine.End.Text, StringComparison.Ordinal);
        Assert.Single(rig.Actions.OfType<GatewayAction.MakeSafe>());
    }

    [Fact]
    public async Task A_printer_that_reports_shutdown_ends_the_print()
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.Printer.State = PrinterState.Shutdown;
        rig.Run();

        Assert.Equal(EndReason.PrinterShutdown, rig.Engine.End?.Reason);
        Assert.DoesNotContain(rig.Actions.OfType<GatewayAction.MakeSafe>().Single().Lines, static line => line.StartsWith("G1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refused_script_ends_the_print()
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.Gateway.ScriptAnswered(3, "Must home axis first", rig.GatewayNow);
        rig.Run();

        Assert.Equal(EndReason.PrinterError, rig.Engine.End?.Reason);
    }

    [Fact]
    public async Task A_connection_that_does_not_come_back_ends_both_sides_after_the_outage_limit()
    {
        using var rig = await HaltTests.PrintingAsync(new RigOptions { Settings = new SessionSettings { OutageSeconds = 6 } });
        rig.Cut();
        double cut = rig.Elapsed;
        rig.Run(until: static rig => rig.Gateway.Phase == SessionPhase.Ended);

        Assert.Equal(EndReason.EngineSilent, rig.Gateway.End?.Reason);
        Assert.InRange(rig.Elapsed - cut, 4.9, 6.1);
        Assert.True(rig.Gateway.IsWiped);
        Assert.True(rig.Gateway.End!.MadeSafe);
        Assert.Null(rig.Engine.End);
        rig.Run();

        Assert.Equal(EndReason.ConnectionLost, rig.Engine.End?.Reason);
        Assert.InRange(rig.Elapsed - cut, 20.9, 21.1);
        Assert.False(rig.Engine.End!.MadeSafe);
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert.Code == "SAFE_REST_UNCONFIRMED");
    }

    [Fact]
    public async Task An_engine_that_falls_silent_is_waited_for_as_long_as_the_licence_says()
    {
        using var rig = await HaltTests.PrintingAsync(new RigOptions { Settings = new SessionSettings { OutageSeconds = 4 } });
        rig.Connected = false;
        double silent = rig.Elapsed;
        rig.Run(until: static rig => rig.Gateway.Phase == SessionPhase.Ended);

        Assert.Equal(EndReason.EngineSilent, rig.Gateway.End?.Reason);
        Assert.InRange(rig.Elapsed - silent, 3, 5.1);
    }

    [Fact]
    public async Task A_gateway_that_is_stopped_tells_the_engine()
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.Gateway.Stop(rig.GatewayNow);
        rig.Run();

        Assert.Equal(EndReason.GatewayStopped, rig.Engine.End?.Reason);
        Assert.True(rig.Engine.End!.MadeSafe);
    }

    [Fact]
    public async Task A_refused_job_comes_back_with_figures_and_a_fix_and_counts_no_print()
    {
        var refusal = new Refusal("NOZZLE_RANGE", "The job demands 250 °C, this printer caps at 240 °C.",
            new Dictionary<string, string>(StringComparer.Ordinal) { ["demanded_c"] = "250", ["limit_c"] = "240" }, "Configure a profile with a nozzle target of at most 240 °C.");
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions { Refusal = refusal });
        rig.Begin();
        rig.Run();

        var end = rig.Engine.End!;
        Assert.Equal(EndReason.Refused, end.Reason);
        Assert.Equal("NOZZLE_RANGE", end.Refusal!.Code);
        Assert.Equal("240", end.Refusal.Figures["limit_c"]);
        Assert.Equal(refusal.Fix, end.Refusal.Fix);
        Assert.False(end.Printed);
        Assert.DoesNotContain(rig.Actions, static action => action is GatewayAction.MakeSafe);
    }

    [Fact]
    public async Task A_safe_rest_that_failed_is_on_record()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions { SafeRestError = "the printer does not answer" });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.False(rig.Engine.End!.MadeSafe);
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert.Code == "SAFE_REST_FAILED");
    }

    [Fact]
    public async Task A_toolpath_that_cannot_be_read_on_ends_the_print()
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.Engine.SupplyFailed("The stored toolpath is damaged.", rig.Now);
        rig.Run();

        Assert.Equal(EndReason.SupplyFailed, rig.Gateway.End?.Reason);
        Assert.Equal(EndSide.Engine, rig.Engine.End!.Side);
    }

    [Fact]
    public async Task An_offer_that_nobody_answers_times_out()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1))) { Connected = false };
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.HandshakeTimeout, rig.Engine.End?.Reason);
        Assert.False(rig.Engine.End!.Printed);
    }

    [Fact]
    public async Task A_printer_that_stops_moving_is_told_from_one_that_prints()
    {
        using var rig = await HaltTests.PrintingAsync();
        rig.Printer.IsStuck = true;
        rig.Run();

        Assert.Equal(EndReason.ProxySuspected, rig.Engine.End?.Reason);
        Assert.Contains("behind", rig.Engine.End!.Text, StringComparison.Ordinal);
    }
}
