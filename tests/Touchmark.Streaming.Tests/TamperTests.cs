using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming.Tests;

/// <summary>Every message dropped, repeated, swapped with the next and altered on its way.</summary>
public class TamperTests
{
    public static TheoryData<WireType, string, EndReason[]> Attacks
    {
        get
        {
            var handshake = new[] { EndReason.HandshakeTimeout, EndReason.HandshakeFailed };
            var print = new[] { EndReason.Completed };
            var unreadable = new[] { EndReason.SegmentUnreadable };
            return new()
            {
                { WireType.Offer, "drop", [EndReason.HandshakeTimeout] },
                { WireType.Offer, "repeat", print },
                { WireType.Offer, "alter", handshake },
                { WireType.Accept, "drop", [EndReason.HandshakeTimeout] },
                { WireType.Accept, "repeat", print },
                { WireType.Accept, "alter", handshake },
                // The gateway gave up waiting for the start, and said so under its key.
                { WireType.Start, "drop", [.. handshake, EndReason.ConnectionLost] },
                { WireType.Start, "repeat", print },
                { WireType.Start, "alter", handshake },
                { WireType.Segment, "drop", unreadable },
                { WireType.Segment, "repeat", unreadable },
                { WireType.Segment, "swap", unreadable },
                { WireType.Segment, "alter", unreadable },
                // One frame of telemetry more or less decides nothing.
                { WireType.Telemetry, "drop", print },
                { WireType.Telemetry, "repeat", print },
                { WireType.Telemetry, "swap", print },
                { WireType.Telemetry, "alter", print },
                // The next confirmation covers the lost one.
                { WireType.Verified, "drop", print },
                { WireType.Verified, "repeat", print },
                { WireType.Verified, "swap", print },
                { WireType.Verified, "alter", print },
                { WireType.Alive, "drop", print },
                { WireType.Alive, "repeat", print },
                { WireType.Alive, "alter", print },
                // Printed all the same, but nobody can say that the printer is safe until the gateway's own timers ran.
                { WireType.Finish, "drop", print },
                { WireType.Finish, "repeat", print },
                { WireType.Finish, "alter", print },
                { WireType.Ended, "drop", print },
                { WireType.Ended, "repeat", print },
                { WireType.Ended, "swap", print },
                { WireType.Ended, "alter", print },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task An_attack_on_one_message_has_the_right_ending(WireType type, string attack, EndReason[] expected)
    {
        var attacker = new Attacker(type, attack, nth: type is WireType.Segment or WireType.Telemetry or WireType.Verified or WireType.Alive ? 6 : 1);
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions { Tamper = attacker.Carry });
        rig.Begin();
        rig.Run();

        Assert.True(attacker.Acted, "the attack never happened");
        Assert.Contains(rig.Engine.End!.Reason, expected);
        Assert.True(rig.Gateway.Phase is SessionPhase.Ended or SessionPhase.New or SessionPhase.Offered, $"{rig.Gateway.Phase}");
        Assert.True(rig.Gateway.IsWiped);
        Assert.InRange(rig.Engine.Record.MaxExposure, 0, 3.0);
    }

    /// <summary>Every bit of one frame of each kind.</summary>
    [Theory]
    [InlineData(WireType.Start)]
    [InlineData(WireType.Segment)]
    public async Task No_single_altered_byte_of_a_frame_is_taken(WireType type)
    {
        var segments = await Toolpaths.CutAsync("G1 X1 F600\n");
        using var honest = new SessionRig(segments);
        honest.Begin();
        honest.Run(limit: 2);
        int length = honest.Frames.First(frame => WireFrame.Peek(frame.Frame.Span, out _) == type).Frame.Length;

        for (int position = 0; position < length; position++)
        {
            using var rig = new SessionRig(await Toolpaths.CutAsync("G1 X1 F600\n"), new RigOptions
            {
                Tamper = (toGateway, seen, nth, frame) => [seen == type && toGateway ? Altered(frame, position) : frame],
            });
            rig.Begin();
            rig.Run(limit: 1);
            Assert.DoesNotContain(rig.Printer.Lines, static line => line.StartsWith("G1", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_gateway_with_another_device_key_is_not_believed()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions { EnrolledDeviceKey = P256.GenerateKey().PublicKey });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.HandshakeFailed, rig.Engine.End?.Reason);
        Assert.Equal(SessionPhase.Offered, rig.Engine.End!.Stage);
        Assert.False(rig.Engine.End.Printed);
    }

    [Fact]
    public async Task An_engine_with_another_transport_key_is_not_obeyed()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions { PinnedEngineKey = P256.GenerateKey().PublicKey });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.HandshakeFailed, rig.Gateway.End?.Reason);
        Assert.Equal(EndReason.HandshakeFailed, rig.Engine.End?.Reason);
        Assert.Empty(rig.Printer.Lines);
        Assert.DoesNotContain(rig.Actions, static action => action is GatewayAction.SendScript or GatewayAction.MakeSafe);
    }

    [Fact]
    public async Task Another_machine_is_named_with_its_differences()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions
        {
            PresentedProfile = Toolpaths.Profile with { McuId = "usb-Klipper_rp2040_E661" },
        });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.IdentityChanged, rig.Engine.End?.Reason);
        Assert.Contains("mcu_id was usb-Klipper_stm32f446xx_3A0031, is usb-Klipper_rp2040_E661", rig.Engine.End!.Text, StringComparison.Ordinal);
        Assert.Equal(EndReason.IdentityChanged, rig.Gateway.End?.Reason);
        Assert.False(rig.Engine.End.Printed);
    }

    [Fact]
    public async Task New_firmware_is_an_alert_and_no_obstacle()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions { PresentedProfile = Toolpaths.Profile with { Firmware = "v0.14.0" } });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert.Code == "PROFILE_CHANGED");
    }

    [Fact]
    public async Task Forged_frames_by_the_thousand_end_nothing_and_are_counted()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions
        {
            Tamper = static (toGateway, type, nth, frame) => type is WireType.Telemetry or WireType.Verified
                ? [Altered(frame, frame.Length - 1), Altered(frame, 30), frame]
                : [frame],
        });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.True(rig.Engine.Record.ForgedFrames > 100);
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert.Code == "FORGED_FRAMES");
        Assert.True(rig.Gateway.Ignored > 10);
    }

    [Fact]
    public async Task Segments_of_one_session_do_not_open_in_another()
    {
        var first = await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1));
        using var donor = new SessionRig(first);
        donor.Begin();
        donor.Run(limit: 3);
        var stolen = donor.Frames.First(static frame => WireFrame.Peek(frame.Frame.Span, out _) == WireType.Segment).Frame.ToArray();

        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions
        {
            Tamper = (toGateway, type, nth, frame) =>
            {
                if (type != WireType.Segment)
                {
                    return [frame];
                }
                byte[] relabelled = [.. frame.Span[..20], .. stolen.AsSpan(20)];
                return [relabelled];
            },
        });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.SegmentUnreadable, rig.Engine.End?.Reason);
        Assert.Equal(0UL, rig.Gateway.End!.SegmentsSent);
    }

    internal static byte[] Altered(ReadOnlyMemory<byte> frame, int position)
    {
        byte[] altered = frame.ToArray();
        altered[position] ^= 1;
        return altered;
    }

    private sealed class Attacker(WireType target, string attack, int nth)
    {
        private ReadOnlyMemory<byte>? _held;

        public bool Acted { get; private set; }

        public IEnumerable<ReadOnlyMemory<byte>> Carry(bool toGateway, WireType type, int seen, ReadOnlyMemory<byte> frame)
        {
            if (type == target && _held is { } held)
            {
                _held = null;
                return [frame, held];
            }
            if (type != target || seen != nth)
            {
                return [frame];
            }
            Acted = true;
            switch (attack)
            {
                case "drop":
                    return [];
                case "repeat":
                    return [frame, frame];
                case "swap":
                    _held = frame;
                    return [];
                default:
                    return [Altered(frame, frame.Length - 3)];
            }
        }
    }
}
