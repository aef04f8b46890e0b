using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>Whole prints: the real session over a real socket, the virtual printer as a real process.</summary>
public sealed class PrintTests
{
    [Fact]
    public async Task A_print_runs_to_its_end_and_leaves_the_printer_safe()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var session = await rig.PrintAsync();
        rig.AssertEnded(EndReason.Completed, session);
        Assert.True(session.End!.MadeSafe);
        Assert.Equal(session.Record.Facts.Segments, session.End.SegmentsVerified);
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task Two_prints_run_one_after_the_other_on_one_connection()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var first = await rig.PrintAsync(layers: 2);
        using var second = await rig.PrintAsync(layers: 2);
        rig.AssertEnded(EndReason.Completed, first);
        rig.AssertEnded(EndReason.Completed, second);
    }

    [Fact]
    public async Task Nothing_of_the_toolpath_is_in_log_output_or_status()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var session = await rig.PrintAsync();
        var said = rig.Output + string.Join('\n', rig.Log) + rig.Status;
        Assert.Contains("COMPLETED", said, StringComparison.Ordinal);
        Assert.DoesNotContain("G1", said, StringComparison.Ordinal);
        Assert.DoesNotContain("X60", said, StringComparison.Ordinal);
        Assert.DoesNotContain("F2400", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_print_leaves_the_printer_safe()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        rig.Engine.Cancel();
        using var session = await print;
        rig.AssertEnded(EndReason.Cancelled, session);
        Assert.True(session.End!.MadeSafe);
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task A_halt_stops_the_printer_at_once_and_restarts_it_to_make_it_safe()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        rig.Engine.Halt();
        using var session = await print;
        rig.AssertEnded(EndReason.Halted, session);
        Assert.True(session.End!.MadeSafe);
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task A_halt_overtakes_an_orderly_end_that_is_under_way()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        rig.Engine.Cancel();
        rig.Engine.Halt();
        using var session = await print;
        rig.AssertEnded(EndReason.Cancelled, session);
        Assert.True(session.End!.MadeSafe);
        Assert.Contains(rig.Log, line => line.Contains("printer: emergency stop", StringComparison.Ordinal));
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task What_moonraker_keeps_after_the_print_is_on_the_certificate()
    {
        await using var rig = await GatewayRig.StartAsync(["--gcode-store-size", "1000"]);
        using var session = await rig.PrintAsync(layers: 2, allowScriptStore: true);
        rig.AssertEnded(EndReason.Completed, session);
        Assert.Contains(session.Record.Alerts, alert => alert.Code == "GCODE_STORE");
        Assert.Contains(session.Record.Alerts, alert => alert.Code == "GCODE_STORE_NOT_EMPTY");
    }

    [Fact]
    public async Task A_store_that_holds_nothing_after_the_print_needs_no_word()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var session = await rig.PrintAsync(layers: 2);
        rig.AssertEnded(EndReason.Completed, session);
        Assert.DoesNotContain(session.Record.Alerts, alert => alert.Code.StartsWith("GCODE_STORE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_print_whose_connection_breaks_again_and_again_goes_on_each_time()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync();
        for (ulong segments = 4; segments <= 16; segments += 4)
        {
            await rig.Engine.StreamedAsync(segments);
            await rig.Engine.DropAsync();
        }

        using var session = await print;
        rig.AssertEnded(EndReason.Completed, session);
        Assert.Equal(4, session.Record.Alerts.Count(static alert => alert.Code == "RESUMED"));
        Assert.Contains(rig.Log, line => line.Contains("the engine is back", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_print_that_is_paused_again_and_again_goes_on_each_time()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync();
        for (ulong segments = 4; segments <= 16; segments += 4)
        {
            await rig.Engine.StreamedAsync(segments);
            rig.Engine.Pause();
            await rig.Engine.ReachedAsync(static progress => progress.Paused is { Stands: true, IsRaised: true });
            rig.Engine.GoOn();
        }

        using var session = await print;
        rig.AssertEnded(EndReason.Completed, session);
        Assert.Equal(4, session.Record.Alerts.Count(static alert => alert.Code == "PAUSED"));
        Assert.Equal(4, rig.Log.Count(static line => line.Contains("SAVE_GCODE_STATE NAME=touchmark_lift", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_gateway_that_is_stopped_while_its_engine_is_away_makes_the_printer_safe_first()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        rig.Engine.GoAway();
        await rig.Engine.DropAsync();
        await rig.StopAsync();
        Assert.Contains(rig.Log, line => line.Contains("GATEWAY_STOPPED", StringComparison.Ordinal));
        await rig.Printer.AssertSafeAsync();
        Assert.False(print.IsCompleted);
    }

    [Fact]
    public async Task A_gateway_that_is_stopped_makes_the_printer_safe_first()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        await rig.StopAsync();
        using var session = await print;
        rig.AssertEnded(EndReason.GatewayStopped, session);
        Assert.True(session.End!.MadeSafe);
        await rig.Printer.AssertSafeAsync();
    }
}
