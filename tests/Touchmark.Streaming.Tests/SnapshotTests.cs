using FsCheck;
using FsCheck.Fluent;
using Touchmark.GCode;

namespace Touchmark.Streaming.Tests;

/// <summary>A print's own homing and heating beside what was enrolled.</summary>
public class SnapshotTests
{
    /// <summary>The rig's printer: homes 160 mm in 4 s, heats at 8 °C/s.</summary>
    private static readonly BehaviouralSnapshot Enrolled = new()
    {
        Homing = new HomingBehaviour(new Measured(0, 0.05), 40, null, null),
        ThermalRise = new Measured(7.5, 0.1),
    };

    [Fact]
    public async Task A_machine_that_homes_and_heats_as_it_was_enrolled_prints()
    {
        using var rig = await PrintAsync(plans => new TestPrinter(plans));

        Assert.Equal(EndReason.Completed, rig.Engine.End!.Reason);
        Assert.DoesNotContain(rig.Engine.Record.Alerts, alert => alert.Code.EndsWith("_NOT_COMPARED", StringComparison.Ordinal));
        Assert.Equal(["heating the nozzle from 60 to 120 °C", "homing"], rig.Engine.Record.Behaviour.Select(figure => figure.What).Order(StringComparer.Ordinal));
        Assert.All(rig.Engine.Record.Behaviour, figure => Assert.False(figure.Differs));
    }

    [Theory]
    [InlineData(3.0)]
    [InlineData(5.5)]
    public async Task A_machine_that_homes_at_another_pace_gets_no_line_of_the_part(double seconds)
    {
        using var rig = await PrintAsync(plans => new TestPrinter(plans) { HomingSeconds = seconds });

        AssertChanged(rig, "homing took ");
    }

    [Theory]
    [InlineData(6.0)]
    [InlineData(12.0)]
    public async Task A_machine_that_heats_at_another_pace_gets_no_line_of_the_part(double rate)
    {
        using var rig = await PrintAsync(plans => new TestPrinter(plans) { NozzleRate = rate });

        AssertChanged(rig, FormattableString.Invariant($"heating the nozzle from 60 to 120 °C took {60 / rate:F1} s, enrolled 7.5 s ± "));
    }

    [Fact]
    public async Task A_hot_start_is_put_on_record_and_nothing_more()
    {
        using var rig = await PrintAsync(plans => new TestPrinter(plans) { NozzleAtStart = 90, NozzleRate = 3 });

        Assert.Equal(EndReason.Completed, rig.Engine.End!.Reason);
        var alert = Assert.Single(rig.Engine.Record.Alerts, alert => alert.Code == "HEATING_NOT_COMPARED");
        Assert.Equal("Heating was not compared with the enrolled machine: the nozzle was at 91 °C already when it began to heat.", alert.Text);
    }

    [Fact]
    public async Task A_toolpath_that_does_not_home_is_put_on_record_and_nothing_more()
    {
        using var rig = await PrintAsync(plans => new TestPrinter(plans), Toolpaths.Bracket().Replace("G28\n", "", StringComparison.Ordinal));

        Assert.Equal(EndReason.Completed, rig.Engine.End!.Reason);
        Assert.Contains(rig.Engine.Record.Alerts, alert => alert is { Code: "HOMING_NOT_COMPARED", Text: "Homing was not compared with the enrolled machine: the toolpath did not home." });
    }

    [Fact]
    public async Task Samples_that_were_lost_are_no_reason_to_suspect_a_machine()
    {
        using var rig = await PrintAsync(plans => new TestPrinter(plans) { HomingSeconds = 9, NozzleRate = 5 }, sampleArrives: number => number % 4 == 0);

        Assert.Equal(EndReason.Completed, rig.Engine.End!.Reason);
        Assert.Equal(["HEATING_NOT_COMPARED", "HOMING_NOT_COMPARED"], rig.Engine.Record.Alerts.Select(alert => alert.Code).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_machine_that_was_enrolled_without_a_snapshot_is_not_judged() => Assert.Empty(new SnapshotWatch(enrolled: null).Announce(new SegmentPlan
    {
        Kind = SegmentKind.Motion, FirstLine = 1, Lines = 1, DurationSeconds = 1, ExtrudedMm = 1, Moves = [new PlannedMove(default, new(1, 0, 0), 1, 1, 1, 1, 1, 1)],
    }));

    [Fact]
    public void Wherever_the_head_stood_homing_is_expected_to_take_as_long_as_it_does() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(
        Arb.From(from places in Gen.ListOf(Gen.Choose(0, 2200).Three(), 4) from phases in Gen.ListOf(Gen.Choose(0, 249), 4) select (Places: places.ToList(), Phases: phases.ToList())),
        given =>
        {
            var homings = given.Places.Zip(given.Phases, static (place, phase) => Home((place.Item1 / 10.0, place.Item2 / 10.0, 20 + (place.Item3 / 20.0)), phase / 1000.0)).ToList();
            // Enrolment chooses its places so that each axis is seen to run; the last homing is the print's.
            var enrolled = HomingBehaviour.Of([Home((66, 66, 30), 0.1), Home((110, 110, 45), 0.02), Home((154, 154, 60), 0.2)])!;
            return homings.TrueForAll(homing => SnapshotComparison.Homing(enrolled, homing.Run!.Value) is { Differs: false });
        }));

    /// <summary>
    /// A G28 as Klipper does it, sampled every 250 ms from a phase of its own: each axis is renamed to 1.5 times its range, runs to its endstop, backs off by 5 mm,
    /// is renamed again and comes back at half the speed.
    /// </summary>
    private static HomingMeter Home((double X, double Y, double Z) from, double phase)
    {
        var legs = new List<(int Axis, double Start, double End, double Speed)>();
        foreach (var (axis, way, speed) in new[] { (0, from.X, 50.0), (1, from.Y, 50.0), (2, from.Z, 10.0) })
        {
            legs.AddRange([(axis, 330, 330 - way, speed), (axis, 0, 5, speed), (axis, 10, 5, speed / 2)]);
        }
        var meter = new HomingMeter();
        double began = 1;
        double[] position = [from.X, from.Y, from.Z];
        double next = phase;
        foreach (var (axis, start, end, speed) in legs)
        {
            double lasts = Math.Abs(end - start) / speed;
            Sample(began, 0);
            for (; next < began + lasts; next += 0.25)
            {
                position[axis] = start + (Math.Sign(end - start) * speed * (next - began));
                Observe(speed);
            }
            position[axis] = end > start ? end : 0;
            began += lasts + 0.05;
        }
        Sample(began + 2, 0);
        return meter;

        void Sample(double until, double speed)
        {
            for (; next < until; next += 0.25)
            {
                Observe(speed);
            }
        }

        void Observe(double speed) => meter.Observe(new PrinterSample { EventTime = 1000 + next, X = position[0], Y = position[1], Z = position[2], E = 0, Velocity = speed });
    }

    private static async Task<SessionRig> PrintAsync(
        Func<IReadOnlyList<SegmentPlan>, TestPrinter> printer, string? toolpath = null, Func<int, bool>? sampleArrives = null)
    {
        var rig = new SessionRig(await Toolpaths.CutAsync(toolpath ?? Toolpaths.Bracket()), new RigOptions
        {
            Printer = printer, Behaviour = Enrolled, SampleArrives = sampleArrives ?? (static _ => true),
        });
        rig.Begin();
        rig.Run();
        return rig;
    }

    private static void AssertChanged(SessionRig rig, string difference)
    {
        var end = rig.Engine.End!;
        Assert.True(end.Reason == EndReason.IdentityChanged, $"{end.Code}: {end.Text}");
        Assert.StartsWith("This machine does not behave like the one that was enrolled: " + difference, end.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(rig.Printer.Lines, line => line.Contains('E', StringComparison.Ordinal) && line.StartsWith("G1", StringComparison.Ordinal));
        Assert.True(end.MadeSafe);
    }
}
