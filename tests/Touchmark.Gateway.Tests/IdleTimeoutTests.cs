using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>
/// Klipper switches heaters and motors off some time after the last motion (<c>idle_timeout</c>), however much a print still wants of it: on a printer whose owner set 30 s.
/// </summary>
public sealed class IdleTimeoutTests : IDisposable
{
    private readonly string _configuration = Path.GetTempFileName();

    public IdleTimeoutTests() => File.WriteAllText(_configuration, File.ReadAllText(VirtualPrinter.DeadManConfiguration()) + "\n[idle_timeout]\ntimeout: 30\n");

    public void Dispose() => File.Delete(_configuration);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pause_longer_than_the_timeout_keeps_the_heat_and_the_place_of_the_head(bool extra)
    {
        await using var rig = await StartAsync(extra ? true : null);
        var print = rig.PrintAsync(layers: 40);
        await rig.Engine.StreamedAsync(12);
        rig.Engine.Pause();
        await rig.Engine.ReachedAsync(static progress => progress.Paused is { Stands: true, IsRaised: true });

        // Four times the timeout, of the printer's clock.
        double? until = null;
        await rig.Engine.ReachedAsync(progress => progress.Last?.EventTime > (until ??= progress.Last?.EventTime + 120));
        rig.Engine.GoOn();

        using var session = await print;
        rig.AssertEnded(EndReason.Completed, session);
        Assert.Equal("PAUSED", Assert.Single(session.Record.Alerts).Code);
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task Heating_that_takes_longer_than_the_timeout_ends_no_print()
    {
        // A nozzle that just gets there, and a bed that is warm at once: the order that heats counts as motion to Klipper, too.
        await using var rig = await StartAsync(extra: null, "--heater-power", "0.47");
        var print = rig.PrintAsync(layers: 2, bedC: 30);
        var (homed, printing) = (double.MaxValue, 0.0);
        await rig.Engine.ReachedAsync(progress => progress.Last is { Homed: HomedAxes.All, Velocity: 0 } sample && (homed = sample.EventTime) > 0);
        await rig.Engine.ReachedAsync(progress => progress is { MotionExecuted: > 1, Last: { } sample } && (printing = sample.EventTime) > 0);

        using var session = await print;
        rig.AssertEnded(EndReason.Completed, session);
        Assert.True(printing - homed > 35, $"It was hot {printing - homed:F1} s after it had homed.");
    }

    private async Task<GatewayRig> StartAsync(bool? extra = null, params string[] options)
    {
        var rig = await GatewayRig.StartAsync(["--speed", "30", "--config", _configuration, .. options], extra: extra);
        rig.Engine.ChallengeSeconds = 0;
        return rig;
    }
}
