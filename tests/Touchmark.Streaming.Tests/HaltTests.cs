using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming.Tests;

public class HaltTests
{
    [Fact]
    public async Task A_halt_takes_the_emergency_path_at_once()
    {
        using var rig = await PrintingAsync();
        double before = rig.Elapsed;
        rig.Engine.Halt(HaltReason.Operator, rig.Now);
        rig.Run();

        Assert.Equal(EndReason.Halted, rig.Engine.End?.Reason);
        Assert.Equal(EndReason.Halted, rig.Gateway.End?.Reason);
        Assert.True(rig.Elapsed - before < 1);
        int stop = rig.Actions.FindIndex(static action => action is GatewayAction.EmergencyStop);
        var safe = rig.Actions.OfType<GatewayAction.MakeSafe>().Single();
        Assert.True(stop >= 0 && stop < rig.Actions.IndexOf(safe));
        Assert.DoesNotContain(safe.Lines, static line => line.StartsWith("G1", StringComparison.Ordinal));
        Assert.True(rig.Gateway.IsWiped);
    }

    [Fact]
    public async Task A_halt_is_genuine_though_the_gateways_wall_clock_is_hours_off()
    {
        using var rig = await PrintingAsync(new RigOptions { GatewayClockError = TimeSpan.FromHours(-7) });
        rig.Engine.Halt(HaltReason.Operator, rig.Now);
        rig.Run();

        Assert.Equal(EndReason.Halted, rig.Gateway.End?.Reason);
    }

    [Fact]
    public async Task A_forged_halt_is_counted_and_ignored()
    {
        using var rig = await PrintingAsync();
        using var guess = LockedBuffer.Random(32);
        var forged = new Halt(rig.Gateway.SessionId!.Value, rig.Now.Utc, HaltReason.Operator, RandomNumberGenerator.GetBytes(16)).Encode(guess);

        Assert.False(rig.Gateway.Receive(forged.Span, rig.GatewayNow));
        Assert.Equal(1, rig.Gateway.Ignored);
        rig.Run();
        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
    }

    [Fact]
    public void Each_way_of_being_no_genuine_halt_is_told_apart()
    {
        using var key = LockedBuffer.Random(32);
        using var other = LockedBuffer.Random(32);
        var guard = new HaltGuard();
        var now = SessionRig.Start;
        var frame = new Halt(Guid.CreateVersion7(now), now, HaltReason.Safety, new byte[16]).Encode(key).ToArray();

        Assert.Equal(HaltVerdict.Forged, guard.Judge(frame, other, now));
        Assert.Equal(HaltVerdict.Stale, guard.Judge(frame, key, now.AddSeconds(10.5)));
        Assert.Equal(HaltVerdict.Stale, guard.Judge(frame, key, now.AddSeconds(-10.5)));
        Assert.Equal(HaltVerdict.Genuine, guard.Judge(frame, key, now.AddSeconds(9.5)));
        Assert.Equal(HaltVerdict.Replayed, guard.Judge(frame, key, now.AddSeconds(9.6)));
        for (int position = 0; position < frame.Length; position++)
        {
            Assert.Equal(HaltVerdict.Forged, guard.Judge(TamperTests.Altered(frame, position), key, now));
        }
    }

    [Theory]
    [InlineData(EndReason.Cancelled)]
    [InlineData(EndReason.Revoked)]
    [InlineData(EndReason.EngineStopping)]
    public async Task A_stop_wipes_and_makes_safe_without_an_emergency(EndReason reason)
    {
        using var rig = await PrintingAsync();
        rig.Engine.Stop(reason, "Stopped.", rig.Now);
        rig.Run();

        Assert.Equal(reason, rig.Engine.End?.Reason);
        Assert.Equal(reason, rig.Gateway.End?.Reason);
        Assert.True(rig.Engine.End!.MadeSafe);
        Assert.True(rig.Engine.End.Printed);
        Assert.DoesNotContain(rig.Actions, static action => action is GatewayAction.EmergencyStop);
        Assert.Contains(rig.Actions.OfType<GatewayAction.MakeSafe>().Single().Lines, static line => line.StartsWith("G1 Z10", StringComparison.Ordinal));
        Assert.True(rig.Gateway.IsWiped);
    }

    internal static async Task<SessionRig> PrintingAsync(RigOptions? options = null)
    {
        var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), options);
        rig.Begin();
        rig.Run(until: static rig => rig.Printer.ExecutedSeconds > 3);
        Assert.Equal(SessionPhase.Streaming, rig.Engine.Phase);
        return rig;
    }
}
