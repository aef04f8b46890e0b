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
        rig.Engine.Halt(HaltReason.Operator, "Stopped by hand.", rig.Now);
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
        rig.Engine.Halt(HaltReason.Operator, "Stopped by hand.", rig.Now);
        rig.Run();

        Assert.Equal(EndReason.Halted, rig.Gateway.End?.Reason);
    }

    [Theory]
    [InlineData(HaltReason.Operator, EndReason.Halted)]
    [InlineData(HaltReason.Safety, EndReason.Halted)]
    [InlineData(HaltReason.DesignOwner, EndReason.Halted)]
    [InlineData(HaltReason.Revoked, EndReason.Revoked)]
    [InlineData(HaltReason.ProxySuspected, EndReason.ProxySuspected)]
    public async Task Whoever_orders_a_halt_the_emergency_path_is_taken_and_both_sides_say_why(HaltReason reason, EndReason ending)
    {
        using var rig = await PrintingAsync();
        rig.Engine.Halt(reason, "Stopped.", rig.Now);
        rig.Run();

        Assert.Equal(ending, rig.Engine.End?.Reason);
        Assert.Equal(ending, rig.Gateway.End?.Reason);
        Assert.Contains(rig.Actions, static action => action is GatewayAction.EmergencyStop);
    }

    [Fact]
    public async Task Telemetry_of_something_else_orders_a_halt()
    {
        using var rig = await PrintingAsync(new RigOptions { Sample = static (rig, sample) => rig.Printer.ExecutedSeconds > 3 ? sample with { X = sample.X + 20 } : sample });
        rig.Run();

        Assert.Equal(EndReason.ProxySuspected, rig.Gateway.End?.Reason);
        Assert.Contains(rig.Actions, static action => action is GatewayAction.EmergencyStop);
        Assert.NotEmpty(rig.Engine.End!.Evidence);
    }

    [Fact]
    public async Task A_halt_that_overtakes_an_orderly_end_still_stops_the_printer()
    {
        using var rig = await PrintingAsync();
        rig.Engine.Stop(EndReason.Cancelled, "Cancelled.", rig.Now);
        rig.Engine.Halt(HaltReason.Operator, "Stopped by hand.", rig.Now);
        rig.Run();

        Assert.Equal(EndReason.Cancelled, rig.Engine.End?.Reason);
        Assert.Contains(rig.Actions, static action => action is GatewayAction.EmergencyStop);
    }

    [Fact]
    public async Task A_halt_that_was_held_back_is_stale_and_a_second_one_is_a_replay()
    {
        var withheld = new List<byte[]>();
        using var rig = await PrintingAsync(new RigOptions
        {
            Tamper = (_, type, _, frame) =>
            {
                if (type != WireType.Halt)
                {
                    return [frame];
                }
                withheld.Add(frame.ToArray());
                return [];
            },
        });
        rig.Engine.Halt(HaltReason.Operator, "Stopped by hand.", rig.Now);
        rig.Run(limit: 11);
        Assert.False(rig.Gateway.Receive(withheld[0], rig.GatewayNow));
        Assert.Equal(new RefusedHalts(0, 1, 0), rig.Gateway.RefusedHalts);
        Assert.DoesNotContain(rig.Actions, static action => action is GatewayAction.EmergencyStop);

        rig.Engine.Halt(HaltReason.Operator, "Stopped by hand.", rig.Now);
        rig.Exchange();
        Assert.True(rig.Gateway.Receive(withheld[1], rig.GatewayNow));
        Assert.False(rig.Gateway.Receive(withheld[1], rig.GatewayNow));
        Assert.Equal(new RefusedHalts(0, 1, 1), rig.Gateway.RefusedHalts);
        rig.Run();
        Assert.Single(rig.Actions.OfType<GatewayAction.EmergencyStop>());
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert.Code == "FORGED_FRAMES_AT_GATEWAY" && alert.Text.Contains("1 stale, 1 replayed", StringComparison.Ordinal));
    }

    /// <summary>A thousand a second for the whole print, each in the place of a genuine one: made without the key, taken from another session and relabelled, altered in one bit, cut off.</summary>
    [Fact]
    public async Task A_flood_of_false_halts_changes_nothing_but_the_count()
    {
        using var quiet = await PrintingAsync();
        quiet.Run();
        var genuine = await GenuineHaltAsync();
        using var guess = LockedBuffer.Random(32);
        using var rig = await PrintingAsync();
        var id = rig.Gateway.SessionId!.Value;
        long sent = 0;
        rig.Run(until: rig =>
        {
            for (int i = 0; i < 10 && rig.Gateway.Phase == SessionPhase.Streaming; i++)
            {
                byte[] relabelled = [.. genuine.AsSpan(0, 4), .. id.ToByteArray(bigEndian: true), .. genuine.AsSpan(20)];
                var forged = (sent++ % 4) switch
                {
                    0 => new Halt(id, rig.Now.Utc, HaltReason.Operator, RandomNumberGenerator.GetBytes(16)).Encode(guess),
                    1 => relabelled,
                    2 => TamperTests.Altered(relabelled, (int)(sent % genuine.Length)),
                    _ => relabelled.AsMemory(0, relabelled.Length - 1),
                };
                Assert.False(rig.Gateway.Receive(forged.Span, rig.GatewayNow));
            }
            return false;
        });

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.DoesNotContain(rig.Actions, static action => action is GatewayAction.EmergencyStop);
        Assert.Equal(quiet.Elapsed, rig.Elapsed, 0.001);
        Assert.Equal(sent, rig.Gateway.Ignored);
        Assert.True(sent > 1000 * 10, $"Only {sent} were sent.");
        Assert.Contains(rig.Engine.Record.Alerts, alert => alert.Code == "FORGED_FRAMES_AT_GATEWAY" && alert.Text.Contains($" {sent} frames", StringComparison.Ordinal));
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

        Assert.Equal(HaltVerdict.Forged, guard.Judge(frame, other, now, out _));
        Assert.Equal(HaltVerdict.Stale, guard.Judge(frame, key, now.AddSeconds(10.5), out _));
        Assert.Equal(HaltVerdict.Stale, guard.Judge(frame, key, now.AddSeconds(-10.5), out _));
        Assert.Equal(HaltVerdict.Genuine, guard.Judge(frame, key, now.AddSeconds(9.5), out _));
        Assert.Equal(HaltVerdict.Replayed, guard.Judge(frame, key, now.AddSeconds(9.6), out _));
        for (int position = 0; position < frame.Length; position++)
        {
            Assert.Equal(HaltVerdict.Forged, guard.Judge(TamperTests.Altered(frame, position), key, now, out _));
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

    /// <summary>A halt that was genuine, in a session of its own.</summary>
    private static async Task<byte[]> GenuineHaltAsync()
    {
        using var rig = await PrintingAsync();
        rig.Engine.Halt(HaltReason.Operator, "Stopped by hand.", rig.Now);
        rig.Run();
        return rig.Frames.First(static frame => WireFrame.Peek(frame.Frame.Span, out _) == WireType.Halt).Frame.ToArray();
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
