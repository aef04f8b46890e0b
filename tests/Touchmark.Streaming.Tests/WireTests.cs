using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming.Tests;

public class WireTests
{
    private static readonly Guid Session = new("0198a5f3-c0de-7000-8000-00000000002a");
    private static readonly LockedBuffer Key = LockedBuffer.CopyOf(Enumerable.Range(0, 32).Select(static i => (byte)i).ToArray());

    /// <summary>If this fails, a number that peers and databases rely on was changed or reused. Put the old one back and give what is new a new number at the end.</summary>
    [Fact]
    public void Numbers_on_the_wire_are_frozen()
    {
        Assert.Equal("None=0 Challenge=1 Hello=2 Welcome=3 Status=4 BundleOrder=5 BundleReport=6 EndorsementOrder=7 EndorsementReport=8 VaultRefusal=9 VaultNotice=10 ReviewOrder=11 ReviewReport=12 Offer=16 Accept=17 Refuse=18 Start=19 Segment=20 Telemetry=21 Verified=22 Halt=23 Purge=24 Finish=25 Ended=26 Alive=27 Resume=28 Resumed=29 Hold=30 Held=31",
            Numbers<WireType>());
        Assert.Equal("Completed=0 Refused=1 IdentityChanged=2 HandshakeFailed=3 HandshakeTimeout=4 ProxySuspected=5 TelemetryLost=6 PrinterTooSlow=7 Cancelled=8 Revoked=9 Halted=10 "
            + "EngineStopping=11 GatewayStopped=12 ConnectionLost=13 EngineSilent=14 SegmentUnreadable=15 ProtocolViolation=16 PrinterError=17 PrinterShutdown=18 PrinterNotReady=19 "
            + "PrinterVanished=20 SupplyFailed=21 PausedTooLong=22", Numbers<EndReason>());
        Assert.Equal("None=0 Engine=1 Gateway=2 Printer=3 Network=4 Person=5", Numbers<EndSide>());
        Assert.Equal("New=0 Offered=1 Accepted=2 Streaming=3 Finishing=4 Ended=5", Numbers<SessionPhase>());
        Assert.Equal("Operator=0 Safety=1 DesignOwner=2 Revoked=3 ProxySuspected=4", Numbers<HaltReason>());
        Assert.Equal("UnderWay=0 Done=1 Failed=2", Numbers<Safety>());
        Assert.Equal("Ready=0 Startup=1 Shutdown=2 Error=3 Disconnected=4", Numbers<PrinterState>());
        Assert.Equal("None=0 X=1 Y=2 Z=4 All=7", Numbers<HomedAxes>());
    }

    [Fact]
    public void Every_end_reason_has_a_code_of_its_own()
    {
        var codes = Enum.GetValues<EndReason>().Select(static reason => reason.Code()).ToList();
        Assert.DoesNotContain("UNKNOWN", codes);
        Assert.Equal(codes.Count, codes.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(EndReasons.Last, Enum.GetValues<EndReason>().Max());
    }

    [Fact]
    public void Every_frame_is_deterministic_CBOR_and_names_its_session()
    {
        foreach (var frame in Frames())
        {
            Assert.True(DeterministicCbor.TryDecode(frame, out _, out string? problem), problem);
            var type = WireFrame.Peek(frame.Span, out var session);
            Assert.NotEqual(WireType.None, type);
            Assert.Equal(type >= WireType.Offer ? Session : Guid.Empty, session);
        }
    }

    [Fact]
    public void What_is_decoded_is_what_was_encoded()
    {
        foreach (var frame in Frames())
        {
            Assert.Equal(frame.ToArray(), Recode(frame.Span)?.ToArray());
        }
    }

    [Fact]
    public void A_sample_survives_the_wire_to_the_micrometre()
    {
        var sample = Sample(3.25);
        var decoded = Telemetry.TryDecode(new Telemetry(Session, 7, 3, [sample]).Encode(Key).Span);
        Assert.Equal(sample, Assert.Single(decoded!.Samples));
    }

    [Fact]
    public void What_a_printer_says_is_brought_into_range()
    {
        var odd = Sample(double.NaN) with { X = double.PositiveInfinity, Y = -1e300, NozzleC = double.NaN, SpeedFactor = -3 };
        var decoded = Telemetry.TryDecode(new Telemetry(Session, 1, 0, [odd]).Encode(Key).Span)!.Samples[0];
        Assert.Equal((0.0, 10_000, -10_000, 0.0, 0.0), (decoded.EventTime, decoded.X, decoded.Y, decoded.NozzleC, decoded.SpeedFactor));
    }

    [Fact]
    public void Any_bytes_are_told_from_frames_without_a_throw()
    {
        using var rigs = new Receivers();
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            _ = Recode(bytes);
            rigs.Receive(bytes);
        }));
    }

    /// <summary>A frame that was cut, lengthened or altered is refused, or it is another valid frame: there is one encoding of each.</summary>
    [Fact]
    public void An_altered_frame_is_refused_or_has_the_one_encoding()
    {
        using var rigs = new Receivers();
        var frames = Frames().ToArray();
        var altered =
            from frame in Gen.Elements(frames)
            from position in Gen.Choose(0, frame.Length - 1)
            from value in Gen.Choose(0, 255)
            from cut in Gen.Choose(0, 20)
            let bytes = Changed(frame, position, (byte)value)
            select cut == 0 ? bytes[..position] : cut == 1 ? [.. bytes, (byte)value] : bytes;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(5000), Prop.ForAll(Arb.From(altered), bytes =>
        {
            rigs.Receive(bytes);
            return Recode(bytes) is not { } again || again.Span.SequenceEqual(bytes);
        }));
    }

    [Fact]
    public void A_frame_longer_than_the_limit_is_nothing()
    {
        Assert.Equal(WireType.None, WireFrame.Peek(new byte[WireFrame.MaxBytes + 1], out _));
        Assert.True(Frames().Max(static frame => frame.Length) < WireFrame.MaxBytes);
    }

    [Theory]
    [InlineData("M109 S210\n", "M104 S210\n")]
    [InlineData("M109 R210\n", "M104 S210\n")]
    [InlineData("M190 S60\n", "M140 S60\n")]
    [InlineData("M191 S45\n", "M141 S45\n")]
    [InlineData("M1090 S1\n", "M1090 S1\n")]
    [InlineData("G28\n", "G28\n")]
    [InlineData("G1 X1\nM109 S1\n", "G1 X1\nM109 S1\n")]
    public void Lines_that_wait_are_turned_into_lines_that_set(string line, string sent)
    {
        byte[] script = System.Text.Encoding.ASCII.GetBytes(line);
        Assert.True(BlockingLine.Rewrite(script));
        Assert.Equal(sent, System.Text.Encoding.ASCII.GetString(script));
    }

    [Theory]
    [InlineData("G4 P500\n")]
    [InlineData("M400\n")]
    public void Lines_that_only_wait_are_not_sent(string line) => Assert.False(BlockingLine.Rewrite(System.Text.Encoding.ASCII.GetBytes(line)));

    internal static PrinterSample Sample(double time) => new()
    {
        EventTime = time, X = 12.345, Y = -0.001, Z = 250, E = -1234.567, Velocity = 299.999, NozzleC = 209.87, NozzleTargetC = 210, BedC = 60.01, BedTargetC = 60,
        ChamberC = 31.5, ChamberTargetC = 45, FanSpeed = 0.502, SpeedFactor = 0.95, ExtrudeFactor = 1.05, Homed = HomedAxes.All, State = PrinterState.Ready,
    };

    /// <summary>One frame of each type.</summary>
    internal static IEnumerable<ReadOnlyMemory<byte>> Frames()
    {
        byte[] nonce = [.. Enumerable.Range(0, 32).Select(static i => (byte)(i * 7))];
        byte[] point = SessionRig.DeviceKey.PublicKey.ToArray();
        byte[] signature = [.. nonce, .. nonce];
        var time = SessionRig.Start;
        yield return new Challenge(1, "gateway", nonce).Encode();
        yield return new Hello(1, Session, nonce, "touchmark-gateway 0.1.0", signature).Encode();
        yield return new Welcome(time, signature).Encode();
        yield return new PrinterStatus(time, PrinterState.Error, Busy: true, 22.25, -3.5, "mcu: überhitzt").Encode();
        yield return new Offer
        {
            SessionId = Session, EngineNonce = nonce, Time = time, EngineEphemeral = point, ReportSeconds = 0.2, OutageSeconds = 30, WindowSegments = 128,
            Facts = new JobFacts { JobId = Session, LicenceId = Session, Title = "Bracket", Segments = 1234, MotionSeconds = 5678.9, NozzleC = 215, BedC = 60, Min = (-1.5, 0, 0.2), Max = (100.25, 200, 30), Extruders = 2, AllowScriptStore = true, AllowNoDeadMan = true },
        }.Encode();
        yield return new Accept(Session, nonce, point, Toolpaths.Profile.Encode(), signature, new PreflightNotes("unix", [new("GCODE_STORE", "Moonraker keeps scripts.")])).Encode(Key);
        yield return Refuse.Encode(Session, new Refusal("BED_RANGE", "Too hot.", new Dictionary<string, string>(StringComparer.Ordinal) { ["limit"] = "90 °C" }, "Lower it."), nonce,
            new Es256Signer(SessionRig.DeviceKey));
        yield return new BundleOrder(Session, nonce, 1_234_567, "PrusaSlicer 2.5.0", "PLA", time, time.AddMinutes(7)).Encode();
        yield return new BundleReport(Session, signature).Encode();
        yield return new EndorsementOrder(Session, Session, nonce, nonce).Encode();
        yield return new EndorsementReport(Session, signature, point).Encode();
        yield return new VaultRefusal(Session, VaultRefusal.NoVault, "There is no vault beside this printer.").Encode();
        yield return VaultNotice.Encode();
        yield return new ReviewOrder(Session, Session, "sensor-anomaly", Accepts: true, "Überhitzt 🙂", "account/7 at engine.example").Encode();
        yield return new ReviewReport(Session, signature).Encode();
        yield return new Start(Session, signature, nonce).Encode(Key);
        yield return new Telemetry(Session, 300, 17, [Sample(1), Sample(1.25), Sample(70_000)]).Encode(Key);
        yield return new Verified(Session, 5, 65_536).Encode(Key);
        yield return new Halt(Session, time, HaltReason.Safety, nonce.AsMemory(0, 16)).Encode(Key);
        yield return new Purge(Session, 6, EndReason.SupplyFailed).Encode(Key);
        yield return new Finish(Session, 7, 99, nonce).Encode(Key);
        yield return new Ended(Session, 8, EndReason.PrinterShutdown, "Timer too close", Safety.Done, [new("GCODE_STORE", "3 commands are kept.")]).Encode(Key);
        yield return new Alive(Session, 24).Encode(Key);
        yield return new Resume(Session, 25, NewEpoch: true, nonce).Encode(Key);
        yield return new Resumed(Session, 301, nonce, point.AsMemory(0, 32), 18, 17, nonce, nonce, 4.75, 5004.25).Encode(Key);
        yield return new Hold(Session, 26, IsOn: true).Encode(Key);
        yield return new Held(Session, 302, 26, 18, 5, 5004.25).Encode(Key);
    }

    /// <summary>Decodes by type and encodes again, with the tag that was there.</summary>
    internal static ReadOnlyMemory<byte>? Recode(ReadOnlySpan<byte> frame)
    {
        var again = WireFrame.Peek(frame, out _) switch
        {
            WireType.Challenge => Challenge.TryDecode(frame)?.Encode(),
            WireType.Hello => Hello.TryDecode(frame)?.Encode(),
            WireType.Welcome => Welcome.TryDecode(frame)?.Encode(),
            WireType.Status => PrinterStatus.TryDecode(frame)?.Encode(),
            WireType.BundleOrder => BundleOrder.TryDecode(frame)?.Encode(),
            WireType.BundleReport => BundleReport.TryDecode(frame)?.Encode(),
            WireType.EndorsementOrder => EndorsementOrder.TryDecode(frame)?.Encode(),
            WireType.EndorsementReport => EndorsementReport.TryDecode(frame)?.Encode(),
            WireType.ReviewOrder => ReviewOrder.TryDecode(frame)?.Encode(),
            WireType.ReviewReport => ReviewReport.TryDecode(frame)?.Encode(),
            WireType.VaultNotice => VaultNotice.IsNotice(frame) ? VaultNotice.Encode() : default(ReadOnlyMemory<byte>?),
            WireType.VaultRefusal => VaultRefusal.TryDecode(frame)?.Encode(),
            WireType.Offer => Offer.TryDecode(frame)?.Encode(),
            WireType.Accept => Tagged(Accept.TryDecode(frame)?.Encode(Key), frame),
            WireType.Refuse => Refuse.TryDecode(frame) is { } refuse ? Signed(Refuse.Encode(refuse.SessionId, refuse.Refusal, new byte[32], new Es256Signer(SessionRig.DeviceKey)), frame) : default(ReadOnlyMemory<byte>?),
            WireType.Start => Tagged(Start.TryDecode(frame)?.Encode(Key), frame),
            WireType.Telemetry => Tagged(Telemetry.TryDecode(frame)?.Encode(Key), frame),
            WireType.Verified => Tagged(Verified.TryDecode(frame)?.Encode(Key), frame),
            WireType.Halt => Tagged(Halt.TryDecode(frame)?.Encode(Key), frame),
            WireType.Purge => Tagged(Purge.TryDecode(frame)?.Encode(Key), frame),
            WireType.Finish => Tagged(Finish.TryDecode(frame)?.Encode(Key), frame),
            WireType.Ended => Tagged(Ended.TryDecode(frame)?.Encode(Key), frame),
            WireType.Alive => Tagged(Alive.TryDecode(frame)?.Encode(Key), frame),
            WireType.Resume => Tagged(Resume.TryDecode(frame)?.Encode(Key), frame),
            WireType.Resumed => Tagged(Resumed.TryDecode(frame)?.Encode(Key), frame),
            WireType.Hold => Tagged(Hold.TryDecode(frame)?.Encode(Key), frame),
            WireType.Held => Tagged(Held.TryDecode(frame)?.Encode(Key), frame),
            _ => null,
        };
        return again;
    }

    private static ReadOnlyMemory<byte>? Tagged(ReadOnlyMemory<byte>? encoded, ReadOnlySpan<byte> frame) =>
        encoded is { } bytes ? new ReadOnlyMemory<byte>([.. bytes.Span[..^32], .. frame[^32..]]) : default(ReadOnlyMemory<byte>?);

    private static ReadOnlyMemory<byte> Signed(ReadOnlyMemory<byte> encoded, ReadOnlySpan<byte> frame) => new([.. encoded.Span[..^64], .. frame[^64..]]);

    private static byte[] Changed(ReadOnlyMemory<byte> frame, int position, byte value)
    {
        byte[] bytes = frame.ToArray();
        bytes[position] = value;
        return bytes;
    }

    private static string Numbers<T>()
        where T : struct, Enum => string.Join(' ', Enum.GetValues<T>().Select(static value => $"{value}={Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture)}"));

    /// <summary>Both halves in the middle of a session, to be thrown bytes at.</summary>
    private sealed class Receivers : IDisposable
    {
        private readonly SessionRig _rig = HaltTests.PrintingAsync().GetAwaiter().GetResult();

        public void Receive(byte[] bytes)
        {
            Assert.False(_rig.Engine.Receive(bytes, _rig.Now));
            Assert.False(_rig.Gateway.Receive(bytes, _rig.GatewayNow));
        }

        public void Dispose()
        {
            _rig.Run();
            Assert.Equal(EndReason.Completed, _rig.Engine.End?.Reason);
            _rig.Dispose();
        }
    }
}
