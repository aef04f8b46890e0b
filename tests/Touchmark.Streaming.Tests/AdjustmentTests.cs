namespace Touchmark.Streaming.Tests;

public sealed class AdjustmentTests
{
    private static readonly SessionSettings Licensed = new() { ChallengeSeconds = 0, MaxSlowdown = 0.2, MaxTrimC = 5 };

    [Fact]
    public async Task A_sagging_nozzle_slows_the_feed_first_and_is_trimmed_then()
    {
        using var rig = await SaggingAsync(Licensed, hottest: 198);
        rig.Run(1200);

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        var changes = rig.Engine.Record.Adjustments;
        Assert.All(changes, static change => Assert.Equal("engine", change.By));
        Assert.Equal([("speed_factor", 1.0, 0.9), ("speed_factor", 0.9, 0.8), ("nozzle_target_c", 210.0, 207.5), ("nozzle_target_c", 207.5, 205.0)],
            changes.Take(4).Select(static change => (change.What, change.From, change.To)));
        Assert.StartsWith("The nozzle sags: 19", changes[0].Why, StringComparison.Ordinal);
        Assert.Contains("M220 S80", rig.Printer.Lines);
        Assert.Contains("M104 S205", rig.Printer.Lines);
    }

    [Fact]
    public async Task A_target_of_the_toolpath_that_ends_a_trim_is_on_the_record()
    {
        using var rig = await SaggingAsync(Licensed, hottest: 198, Toolpaths.Bracket(10).Replace("G1 Z1.8 ", "M104 S208\nG1 Z1.8 ", StringComparison.Ordinal));
        rig.Run(1200);

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        var change = Assert.Single(rig.Engine.Record.Adjustments, static change => change.By == "toolpath");
        Assert.Equal(("nozzle_target_c", 205.0, 208.0), (change.What, change.From, change.To));
    }

    [Fact]
    public async Task What_is_adjusted_is_told_live_and_put_back_before_the_end()
    {
        using var rig = await SaggingAsync(Licensed, hottest: 198);
        rig.Run(1200, until: static rig => rig.Engine.Progress.Adjusted is { SpeedFactor: 0.8, NozzleTrimC: 5 });
        var told = rig.Engine.Progress.Adjusted;
        rig.Run(1200);

        Assert.Equal((0.8, 5.0), (told?.SpeedFactor, told?.NozzleTrimC));
        Assert.NotEmpty(told!.Why);
        Assert.Equal(1, rig.Printer.SpeedFactor);
        Assert.Contains(rig.Engine.Record.Adjustments, static change => change is { What: "speed_factor", To: 1, Why: "The print ends." });
    }

    [Fact]
    public async Task What_the_licence_does_not_allow_is_never_ordered()
    {
        using var rig = await SaggingAsync(new SessionSettings { ChallengeSeconds = 0 }, hottest: 198);
        rig.Run(1200);

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.Empty(rig.Engine.Record.Adjustments);
        Assert.DoesNotContain(rig.Printer.Lines, static line => line.StartsWith("M220", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_heater_that_recovers_gets_its_feed_back()
    {
        using var rig = await SaggingAsync(Licensed with { MaxSlowdown = 0.1, MaxTrimC = 0 }, hottest: 203);
        rig.Run(1200, until: static rig => rig.Engine.Progress.Adjusted is not null);
        rig.Printer.HottestNozzle = 300;
        rig.Run(1200);

        Assert.Equal([("speed_factor", 0.9), ("speed_factor", 1.0)], rig.Engine.Record.Adjustments.Select(static change => (change.What, change.To)));
        Assert.Equal("All is well again.", rig.Engine.Record.Adjustments[1].Why);
    }

    [Fact]
    public async Task A_heater_on_its_way_up_does_not_sag()
    {
        using var rig = await RigAsync(Licensed);
        rig.Run(1200);

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.Empty(rig.Engine.Record.Adjustments);
    }

    [Fact]
    public async Task A_machine_that_falls_behind_its_plan_is_slowed_within_the_licence()
    {
        using var rig = await RigAsync(Licensed, static plans => new TestPrinter(plans) { Pace = 0.75 });
        rig.Run(1800);

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        var slowed = rig.Engine.Record.Adjustments[0];
        Assert.Equal(("speed_factor", 0.9, "engine", "The machine falls behind its plan."), (slowed.What, slowed.To, slowed.By, slowed.Why));
        Assert.All(rig.Engine.Record.Adjustments, static change => Assert.InRange(change.To, 0.8, 1));
    }

    [Fact]
    public async Task A_feed_that_the_printer_does_not_take_on_counts_as_challenges_missed()
    {
        using var rig = await SaggingAsync(Licensed with { MaxSlowdown = 0.3 }, hottest: 198);
        rig.Printer.IsDeaf = true;
        rig.Run(1200);

        Assert.Equal(EndReason.ProxySuspected, rig.Engine.End?.Reason);
        Assert.Contains("changes of speed", rig.Engine.End!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Challenges_and_adjustments_do_not_get_in_each_others_way()
    {
        using var rig = await SaggingAsync(Licensed with { ChallengeSeconds = 3 }, hottest: 198);
        rig.Run(1200);

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.Equal(0, rig.Engine.Record.Challenges.Missed);
        Assert.True(rig.Engine.Record.Challenges.Answered > 5);
        Assert.All(rig.Engine.Record.Adjustments, static change => Assert.Equal("engine", change.By));
        Assert.Equal(1, rig.Printer.SpeedFactor);
    }

    [Fact]
    public void A_staircase_stays_within_its_limit_and_never_hunts() => FsCheck.Check.QuickThrowOnFailure(FsCheck.Fluent.Prop.ForAll(FsCheck.Fluent.ArbMap.Default.ArbFor<bool[]>(), static bad =>
    {
        var stairs = new Staircase(0.1, 0.25);
        double level = 0;
        double changed = double.NegativeInfinity;
        for (int second = 0; second < bad.Length * 5; second++)
        {
            if (bad[second / 5])
            {
                stairs.Worsen(second);
            }
            else
            {
                stairs.Improve(second);
            }
            Assert.InRange(stairs.Level, 0, 0.25);
            if (stairs.Level < level)
            {
                Assert.True(second - changed >= AdjustmentLimits.Hold);
            }
            changed = stairs.Level == level ? changed : second;
            level = stairs.Level;
        }
    }));

    /// <summary>Prints for a while, and then the heater holds no more than <paramref name="hottest"/>.</summary>
    private static async Task<SessionRig> SaggingAsync(SessionSettings settings, double hottest, string? toolpath = null)
    {
        var rig = await RigAsync(settings, toolpath: toolpath);
        rig.Run(until: static rig => rig.Engine.Record.MotionExecuted > 10);
        rig.Printer.HottestNozzle = hottest;
        return rig;
    }

    private static async Task<SessionRig> RigAsync(SessionSettings settings, Func<IReadOnlyList<GCode.SegmentPlan>, TestPrinter>? printer = null, string? toolpath = null)
    {
        var rig = new SessionRig(await Toolpaths.CutAsync(toolpath ?? Toolpaths.Bracket(10)), new RigOptions { Settings = settings, Printer = printer, Seed = 1 });
        rig.Begin();
        return rig;
    }
}
