using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>What a printer can do to a print, at each step.</summary>
public sealed class PrinterTroubleTests
{
    [Theory]
    [InlineData("NOZZLE_RANGE", "--nozzle-max", "200")]
    [InlineData("BED_RANGE", "--bed-max", "50")]
    [InlineData("MISSING_HEATER", "--no-bed")]
    [InlineData("BUILD_VOLUME", "--bed", "80x80x80")]
    [InlineData("GCODE_STORE", "--gcode-store-size", "1000")]
    public async Task A_printer_that_does_not_fit_refuses_the_job(string code, params string[] options)
    {
        await using var rig = await GatewayRig.StartAsync(options);
        using var session = await rig.PrintAsync();
        Assert.Equal(EndReason.Refused, session.End!.Reason);
        Assert.Equal(code, session.End.Refusal!.Code);
        Assert.False(session.End.Printed);
    }

    [Fact]
    public async Task Another_machine_than_the_enrolled_one_refuses_the_job()
    {
        await using var rig = await GatewayRig.StartAsync(enrolled: profile => profile with { McuId = "usb-Klipper_rp2040_E66058388344A928-if00" });
        using var session = await rig.PrintAsync();
        Assert.Equal("IDENTITY_CHANGED", session.End!.Refusal!.Code);
    }

    [Fact]
    public async Task A_printer_that_is_switched_off_refuses_the_job()
    {
        await using var rig = await GatewayRig.StartAsync(time: new FastTime(4));
        await rig.Printer.KillAsync();
        using var session = await rig.PrintAsync();
        Assert.Equal("NOT_READY", session.End!.Refusal!.Code);
        Assert.Equal(rig.Printer.Url, session.End.Refusal.Figures["address"]);
    }

    [Fact]
    public async Task A_printer_whose_klipper_is_gone_refuses_the_job()
    {
        await using var rig = await GatewayRig.StartAsync();
        await rig.Engine.ConnectedAsync();
        await rig.Printer.BreakAsync("klippy_killed");
        using var session = await rig.PrintAsync();
        Assert.Equal("NOT_READY", session.End!.Refusal!.Code);
    }

    [Fact]
    public async Task A_connection_that_drops_in_mid_print_ends_it_and_the_printer_is_made_safe_over_the_next_one()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        await rig.Printer.BreakAsync("drop_connections");
        using var session = await print;
        rig.AssertEnded(EndReason.PrinterVanished, session);
        Assert.True(session.End!.MadeSafe);
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task A_klipper_that_dies_in_mid_print_ends_it()
    {
        await using var rig = await GatewayRig.StartAsync(time: new FastTime(4));
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        await rig.Printer.BreakAsync("klippy_killed");
        using var session = await print;
        Assert.Contains(session.End!.Reason, new[] { EndReason.PrinterNotReady, EndReason.PrinterVanished, EndReason.PrinterError, EndReason.PrinterShutdown });
        Assert.False(session.End.MadeSafe);
        Assert.Contains("KLIPPER_NOT_READY", string.Join('\n', rig.Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_micro_controller_ends_the_print_and_says_that_nobody_could_make_it_safe()
    {
        await using var rig = await GatewayRig.StartAsync(time: new FastTime(4));
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        await rig.Printer.BreakAsync("mcu_lost");
        using var session = await print;
        Assert.Contains(session.End!.Reason, new[] { EndReason.PrinterShutdown, EndReason.PrinterNotReady });
        Assert.False(session.End.MadeSafe);
        Assert.Contains("KLIPPER_NOT_READY", string.Join('\n', rig.Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_printer_that_loses_its_power_in_mid_print_ends_it()
    {
        await using var rig = await GatewayRig.StartAsync(time: new FastTime(4));
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        await rig.Printer.KillAsync();
        using var session = await print;
        rig.AssertEnded(EndReason.PrinterVanished, session);
        Assert.False(session.End!.MadeSafe);
        Assert.Contains("PRINTER_UNREACHABLE", string.Join('\n', rig.Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_printer_that_loses_its_power_while_it_heats_ends_the_print()
    {
        await using var rig = await GatewayRig.StartAsync(["--speed", "2"], time: new FastTime(4));
        var print = rig.PrintAsync();
        await rig.Engine.StreamedAsync(1);
        await rig.Printer.KillAsync();
        using var session = await print;
        rig.AssertEnded(EndReason.PrinterVanished, session);
    }

    [Fact]
    public async Task A_printer_that_comes_back_is_made_safe()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync(layers: 200);
        await rig.Engine.StreamedAsync(8);
        await rig.Printer.KillAsync();
        await using var again = await VirtualPrinter.StartAsync("--port", $"{rig.Printer.Port}");
        using var session = await print;
        rig.AssertEnded(EndReason.PrinterVanished, session);
        Assert.True(session.End!.MadeSafe);
        Assert.Equal(1, (double)(await again.StateAsync())["fan_speed"]!);
    }
}
