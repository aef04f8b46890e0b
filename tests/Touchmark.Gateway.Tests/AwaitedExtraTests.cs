using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>A printer that has Klipper's extra is printed on through it and in no other way, also when the extra is not connected yet.</summary>
public sealed class AwaitedExtraTests
{
    [Fact]
    public async Task A_session_that_begins_before_the_extra_is_connected_waits_for_it()
    {
        // Through Moonraker it would be refused.
        await using var rig = await GatewayRig.StartAsync(["--gcode-store-size", "1000"], extra: false);
        var print = rig.PrintAsync();
        await rig.SaidAsync("waiting for Klipper's extra");

        using var extra = await PrinterClient.ConnectAsync(rig.SocketPath, rig.Gcodes);

        var handle = (long)(await extra.EventAsync("session"))["handle"]!;
        await extra.AskAsync("close", ("handle", handle), ("reason", "cancelled"));
        using var session = await print;
        rig.AssertEnded(EndReason.Cancelled, session);
        Assert.StartsWith("extra+", session.Record.PrinterTransport, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_virtual_printers_extra_prints_from_the_first_moment_on()
    {
        await using var rig = await GatewayRig.StartAsync(extra: true);
        using var session = await rig.PrintAsync(layers: 2);
        rig.AssertEnded(EndReason.Completed, session);
        Assert.StartsWith("extra+", session.Record.PrinterTransport, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1000")]
    public async Task An_extra_that_does_not_come_is_a_refusal_and_nothing_goes_through_Moonraker(string storeSize)
    {
        await using var rig = await GatewayRig.StartAsync(["--gcode-store-size", storeSize], time: new FastTime(10), extra: false);

        using var session = await rig.PrintAsync();

        rig.AssertEnded(EndReason.Refused, session);
        var refusal = session.End!.Refusal!;
        Assert.Equal(("EXTRA_ABSENT", "10 s"), (refusal.Code, refusal.Figures["waited"]));
        Assert.Contains("did not connect to this gateway within 10 s", refusal.Text, StringComparison.Ordinal);
        Assert.Contains("--through moonraker", refusal.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_sessions_go_through_Moonraker_no_extra_is_waited_for()
    {
        await using var rig = await GatewayRig.StartAsync(throughMoonraker: true, extra: false);
        using var session = await rig.PrintAsync(layers: 2);
        rig.AssertEnded(EndReason.Completed, session);
        Assert.Equal("ws", session.Record.PrinterTransport);
    }
}
