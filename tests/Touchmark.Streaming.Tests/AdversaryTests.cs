namespace Touchmark.Streaming.Tests;

/// <summary>What a fake printer reports, and that it gets no more than the first window.</summary>
public class AdversaryTests
{
    /// <summary>Motion seconds that may leave the engine before an adversary is caught: the window, and what it had honestly executed.</summary>
    private const double Window = 3.0;

    public static TheoryData<string> Adversaries => ["frozen", "no motion", "half path", "wrong path", "mirrored", "instant", "no filament", "jumps about"];

    [Theory]
    [MemberData(nameof(Adversaries))]
    public async Task Telemetry_that_is_not_of_this_print_ends_it(string adversary)
    {
        var fake = new Fake(adversary);
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 3)), new RigOptions { Sample = fake.Report });
        rig.Begin();
        rig.Run(limit: 400);

        var end = rig.Engine.End;
        Assert.True(end?.Reason is EndReason.ProxySuspected or EndReason.PrinterTooSlow or EndReason.TelemetryLost, $"{adversary}: {end?.Reason} {end?.Text}");
        Assert.True(rig.Engine.Record.MaxExposure <= Window, $"{rig.Engine.Record.MaxExposure} s outside");
        Assert.NotEqual(rig.Facts.Segments, end!.SegmentsVerified);
        Assert.Equal(SessionPhase.Ended, rig.Gateway.Phase);
        Assert.True(rig.Gateway.IsWiped);
        Assert.Contains(rig.Actions, static action => action is GatewayAction.MakeSafe);
        if (end.Reason == EndReason.ProxySuspected)
        {
            Assert.NotEmpty(end.Evidence);
        }
    }

    [Fact]
    public async Task A_recorder_that_reports_nothing_gets_one_window()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket())) { PrinterReports = false };
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.TelemetryLost, rig.Engine.End?.Reason);
        Assert.InRange(rig.Engine.Record.MaxExposure, 0, Window);
    }

    [Fact]
    public async Task Telemetry_of_another_print_is_not_accepted()
    {
        // A canned recording: the same machine printing something else at the right pace.
        using var other = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 3, offset: 35)));
        var recording = new List<PrinterSample>();
        other.Begin();
        other.Run(until: rig =>
        {
            if (recording.Count == 0 || rig.Printer.Time - recording[^1].EventTime >= 0.25)
            {
                recording.Add(rig.Printer.Sample());
            }
            return false;
        });
        Assert.Equal(EndReason.Completed, other.Engine.End?.Reason);

        int next = 0;
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 3)), new RigOptions
        {
            Sample = (_, sample) => recording[Math.Min(next++, recording.Count - 1)] with { EventTime = sample.EventTime },
        });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.ProxySuspected, rig.Engine.End?.Reason);
        Assert.InRange(rig.Engine.Record.MaxExposure, 0, Window);
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(3, 20)]
    [InlineData(6, 1)]
    [InlineData(6, 20)]
    public async Task A_printer_that_reports_and_never_takes_lines_over_gets_no_more(ulong from, double speed)
    {
        // Segment 3 waits for the bed, segment 6 moves.
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()), new RigOptions { PrinterSpeed = speed, AnswerArrives = number => number < from });
        rig.Begin();
        rig.Run(limit: 700);

        Assert.Equal(EndReason.PrinterTooSlow, rig.Engine.End?.Reason);
        Assert.Equal(from - 1, rig.Engine.End!.SegmentsVerified);
        Assert.InRange(rig.Engine.Record.MaxExposure, 0, Window);
    }

    [Fact]
    public async Task A_clock_that_crawls_is_silence()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket()), new RigOptions
        {
            Sample = static (rig, sample) => sample with { EventTime = 5000 + (rig.Elapsed / 10) },
        });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.TelemetryLost, rig.Engine.End?.Reason);
    }

    [Fact]
    public async Task A_heater_that_takes_its_target_and_never_warms_is_suspected()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync("M104 S210\nM109 S210\nG28\nG1 X50 Y50 F6000\n"), new RigOptions
        {
            PrinterSpeed = 20,
            Sample = static (_, sample) => sample with { NozzleC = 25 },
        });
        rig.Begin();
        rig.Run();

        Assert.Equal(EndReason.ProxySuspected, rig.Engine.End?.Reason);
        Assert.Equal(0, rig.Engine.Record.MaxExposure);
    }

    [Fact]
    public async Task A_network_that_is_gone_for_some_seconds_ends_nothing()
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 3)));
        rig.Begin();
        rig.Run(limit: 45);
        rig.PrinterReports = false;
        rig.Run(limit: 5);
        rig.PrinterReports = true;
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
    }

    private sealed class Fake(string kind)
    {
        private PrinterSample? _frozen;
        private int _count;

        public PrinterSample Report(SessionRig rig, PrinterSample sample)
        {
            _count++;
            bool printing = rig.Printer.ExecutedSeconds > 0;
            switch (kind)
            {
                case "frozen":
                    // Everything stands still but the clock, from the middle of the print on.
                    _frozen ??= rig.Printer.ExecutedSeconds > 8 ? sample : null;
                    return _frozen is { } frozen ? frozen with { EventTime = sample.EventTime } : sample;
                case "no motion":
                    return printing ? sample with { X = 110, Y = 110, Z = 10, E = 1000, Velocity = 0 } : sample;
                case "half path":
                    // Goes half of the way of everything.
                    return printing ? sample with { X = 110 + ((sample.X - 110) / 2), Y = 110 + ((sample.Y - 110) / 2) } : sample;
                case "wrong path":
                    return printing ? sample with { X = sample.X + 12, Y = sample.Y - 7 } : sample;
                case "mirrored":
                    return printing ? sample with { X = 220 - sample.X } : sample;
                case "instant":
                    // Claims to be at the end of whatever it was given.
                    return printing ? sample with { EventTime = 5000 + rig.Elapsed + (_count * 0.001), X = 110 + (_count % 3), Y = 82 + (_count % 29) } : sample;
                case "no filament":
                    return sample with { E = 1000 };
                case "jumps about":
                    return printing ? sample with { X = 82 + (_count * 37 % 27), Y = 82 + (_count * 53 % 27) } : sample;
                default:
                    throw new ArgumentException(kind);
            }
        }
    }
}
