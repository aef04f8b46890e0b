using System.Security.Cryptography;
using System.Text;

namespace Touchmark.Streaming.Tests;

public class FullSessionTests
{
    [Fact]
    public async Task A_print_runs_from_offer_to_safe_rest()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()));
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.Equal(EndReason.Completed, rig.Gateway.End?.Reason);
        Assert.True(rig.Engine.End!.MadeSafe);
        Assert.Equal(rig.Facts.Segments, rig.Engine.End.SegmentsVerified);
        Assert.Contains("TURN_OFF_HEATERS", rig.Printer.Lines);
        Assert.True(rig.Gateway.IsWiped);
        Assert.Equal(0, rig.Gateway.Ignored);
    }

    [Fact]
    public async Task What_the_gateway_found_out_before_the_print_is_on_record()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()), new() { Warnings = [new("GCODE_STORE", "Moonraker keeps the scripts that it is sent.")] });
        rig.Begin();
        rig.Run();

        Assert.Equal("ws", rig.Engine.Record.PrinterTransport);
        Assert.Contains(rig.Engine.Record.Alerts, static alert => alert is { Code: "GCODE_STORE", Text: "Moonraker keeps the scripts that it is sent." });
    }

    [Fact]
    public async Task No_more_motion_than_the_window_is_ever_outside()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 4)));
        rig.Begin();
        rig.Run(until: static rig =>
        {
            var progress = rig.Engine.Progress;
            Assert.InRange(progress.Exposure, 0, 3.0);
            Assert.True(progress.MotionExecuted <= rig.Printer.ExecutedSeconds + 0.2, "more is confirmed than the printer has done");
            return false;
        });

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.InRange(rig.Engine.Record.MaxExposure, 1, 3.0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public async Task The_printer_never_starves_between_two_waits(double speed)
    {
        // 20 times as fast leaves 1/20 of the time to every message: the rig answers within its 10 ms, as a loopback does.
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 3)), new RigOptions { PrinterSpeed = speed });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.True(rig.Printer.Starts <= 3, $"{rig.Printer.Starts} starts from standing");
    }

    [Theory]
    [InlineData(0.8)]
    [InlineData(0.95)]
    [InlineData(1.05)]
    public async Task A_machine_that_is_not_as_fast_as_its_model_prints_all_the_same(double pace)
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()), new RigOptions { Printer = plans => new TestPrinter(plans) { Pace = pace } });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
    }

    [Fact]
    public async Task Waiting_lines_never_reach_the_printer()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()));
        rig.Begin();
        rig.Run();

        Assert.DoesNotContain(rig.Printer.Lines, static line => line.StartsWith("M109", StringComparison.Ordinal)
            || line.StartsWith("M190", StringComparison.Ordinal) || line.StartsWith("G4", StringComparison.Ordinal) || line.StartsWith("M400", StringComparison.Ordinal));
        Assert.Contains("M104 S210", rig.Printer.Lines);
        Assert.Contains("M140 S60", rig.Printer.Lines);
        int motion = rig.Printer.Lines.FindIndex(static line => line.StartsWith("G1", StringComparison.Ordinal));
        Assert.True(motion > rig.Printer.Lines.FindIndex(static line => line == "G28"), "motion before homing");
    }

    [Fact]
    public async Task No_motion_starts_before_the_heaters_are_there()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()));
        rig.Begin();
        rig.Run(until: static rig => rig.Printer.ExecutedSeconds > 0);

        Assert.InRange(rig.Printer.Sample().NozzleC, 207, 213);
        Assert.InRange(rig.Printer.Sample().BedC, 57, 63);
    }

    [Fact]
    public async Task The_record_holds_what_the_certificate_needs()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()));
        rig.Begin();
        rig.Run();
        var record = rig.Engine.Record;

        Assert.Equal(12 * (int)rig.Facts.Segments, record.Ivs.Length);
        Assert.Equal((int)rig.Facts.Segments, record.Ivs.ToArray().Chunk(12).Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(32, record.ChainHead.Length);
        Assert.Equal(32, record.TranscriptHash.Length);
        Assert.Equal(Toolpaths.Profile.MachineId().ToArray(), record.Profile!.MachineId().ToArray());
        Assert.InRange(record.Nozzle!.Value.MinC, 20, 30);
        Assert.InRange(record.Nozzle.Value.MaxC, 207, 212);
        Assert.Null(record.Chamber);
        Assert.True(record.Ended > record.Started);
        Assert.Empty(record.Alerts);
        Assert.Empty(record.Adjustments);
        Assert.Equal(0, record.ForgedFrames);

        byte[] document = Encoding.UTF8.GetBytes("certificate");
        Assert.Equal(32, rig.Engine.CertificateMac(document).Length);
        Assert.NotEqual(rig.Engine.CertificateMac(document), rig.Engine.CertificateMac(SHA256.HashData(document)));
    }

    [Fact]
    public async Task Heating_in_two_steps_by_the_toolpath_is_no_change_at_the_printer()
    {
        var toolpath = Toolpaths.Bracket().Replace("M104 S210", "M104 S150", StringComparison.Ordinal);
        using var rig = new SessionRig(await Toolpaths.CutAsync(toolpath));
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End!.Reason);
        Assert.Empty(rig.Engine.Record.Adjustments);
        Assert.InRange(rig.Engine.Record.MaxSegmentsOut, 2, SessionSettings.MaxWindowSegments);
    }

    [Fact]
    public async Task A_change_of_speed_or_target_at_the_printer_is_noted()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()), new RigOptions
        {
            Sample = static (rig, sample) => rig.Elapsed > 40 ? sample with { SpeedFactor = 0.9, NozzleTargetC = 225 } : sample,
        });
        rig.Begin();
        rig.Run(limit: 55);

        Assert.Contains(rig.Engine.Record.Adjustments, static change => change is { What: "speed_factor", From: 1, To: 0.9 });
        Assert.Contains(rig.Engine.Record.Adjustments, static change => change is { What: "nozzle_target_c", From: 210, To: 225 });
    }

    [Fact]
    public async Task A_profile_macro_runs_to_its_end_before_anything_follows()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync("PRINT_START BED=60\n" + Toolpaths.Bracket(layers: 1)));
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
    }

    [Fact]
    public async Task A_print_without_homing_may_start_anywhere()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1).Replace("G28\n", "", StringComparison.Ordinal)));
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
    }

    [Fact]
    public async Task An_announced_number_of_segments_that_is_wrong_fails_the_job()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 1)), new RigOptions { AnnouncedSegments = 1000 });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.SupplyFailed, rig.Engine.End?.Reason);
        Assert.Equal(EndReason.SupplyFailed, rig.Gateway.End?.Reason);
    }
}
