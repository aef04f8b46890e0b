using Touchmark.GCode;

namespace Touchmark.Streaming.Tests;

public sealed class ChallengeTests
{
    private static readonly SessionSettings Often = new() { ChallengeSeconds = 3 };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task An_honest_printer_answers_every_challenge(int seed)
    {
        using var rig = await PrintAsync(seed, new RigOptions { Settings = Often });

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        var tally = rig.Engine.Record.Challenges;
        Assert.InRange(tally.Asked, 10, 100);
        Assert.Equal((tally.Asked, 0), (tally.Answered, tally.Missed));
        Assert.Contains(rig.Printer.Lines, static line => line.StartsWith("M220 S9", StringComparison.Ordinal));
        Assert.Contains("G91", rig.Printer.Lines);
        Assert.True(rig.Printer.Lines.Count(static line => line.StartsWith("M106 S1", StringComparison.Ordinal)) > 2);
    }

    [Fact]
    public async Task What_is_printed_is_the_same_with_challenges_and_without()
    {
        using var plain = await PrintAsync(1, new RigOptions { Settings = new SessionSettings { ChallengeSeconds = 0 } });
        using var asked = await PrintAsync(1, new RigOptions { Settings = Often });

        Assert.Equal(0, plain.Engine.Record.Challenges.Asked);
        Assert.True(asked.Engine.Record.Challenges.Asked > 10);
        Assert.Equal(Printed(plain), Printed(asked));
        Assert.Equal(Rest(plain), Rest(asked));
    }

    [Fact]
    public async Task The_first_challenge_comes_within_the_first_window_of_motion()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            using var rig = await StartAsync(seed, new RigOptions());
            rig.Run(until: static rig => rig.Engine.Record.MotionExecuted > 0);

            Assert.True(rig.Engine.Record.Challenges.Asked > 0, $"seed {seed}");
        }
    }

    [Fact]
    public async Task A_printer_that_takes_no_orders_is_found_out()
    {
        using var rig = await PrintAsync(1, new RigOptions { Printer = static plans => new TestPrinter(plans) { IsDeaf = true } });

        Assert.Equal(EndReason.ProxySuspected, rig.Engine.End?.Reason);
        Assert.StartsWith("Challenges were not answered", rig.Engine.End?.Text, StringComparison.Ordinal);
        Assert.NotEmpty(rig.Engine.End!.Evidence);
        Assert.Equal(3, rig.Engine.Record.Challenges.Missed);
        Assert.InRange(rig.Engine.Record.MotionExecuted, 0, 30);
    }

    [Fact]
    public async Task Telemetry_of_an_honest_print_of_the_same_part_does_not_pass()
    {
        using var earlier = await StartAsync(1, new RigOptions { Settings = new SessionSettings { ChallengeSeconds = 0 } });
        var recorded = new List<PrinterSample>();
        earlier.Run(until: rig =>
        {
            recorded.Add(rig.Printer.Sample());
            return false;
        });

        // Played from where the print is now: the recording follows the toolpath in every point, and knows nothing of what is asked today.
        using var rig = await PrintAsync(2, new RigOptions
        {
            Sample = (rig, sample) => recorded[Math.Min((int)((rig.Printer.Time - 5000) / 0.01), recorded.Count - 1)] with { EventTime = sample.EventTime },
        });

        Assert.Equal(EndReason.ProxySuspected, rig.Engine.End?.Reason);
        Assert.InRange(rig.Engine.Record.MotionExecuted, 0, 45);
    }

    [Fact]
    public async Task Detours_that_are_left_out_are_found_out()
    {
        using var rig = await PrintAsync(3, new RigOptions { Settings = Often, Printer = static plans => new TestPrinter(plans) { SkipsDetours = true } }, layers: 16);

        Assert.Equal(EndReason.ProxySuspected, rig.Engine.End?.Reason);
    }

    [Fact]
    public async Task One_sample_a_second_is_enough_and_strikes_nobody()
    {
        using var rig = await PrintAsync(4, new RigOptions { Settings = Often, SampleArrives = static sample => sample % 4 == 0 });

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        var tally = rig.Engine.Record.Challenges;
        Assert.Equal(0, tally.Missed);
        Assert.True(tally.Answered >= 5);
    }

    [Fact]
    public async Task A_turned_knob_is_noted_once_and_left_alone()
    {
        using var rig = await StartAsync(5, new RigOptions { Settings = Often });
        rig.Run(until: static rig => rig.Engine.Record.MotionExecuted > 20);
        rig.Printer.SpeedFactor = 1.15;
        int before = rig.Printer.Lines.Count;
        rig.Run();

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.Equal(0, rig.Engine.Record.Challenges.Missed);
        var change = Assert.Single(rig.Engine.Record.Adjustments);
        Assert.Equal(("speed_factor", 1.15, "printer"), (change.What, change.To, change.By));
        Assert.DoesNotContain(rig.Printer.Lines.Skip(before + 100), static line => line.StartsWith("M220", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_slow_network_strikes_nobody()
    {
        using var rig = await PrintAsync(6, new RigOptions { Settings = Often, LatencySeconds = 0.4 });

        Assert.Equal(EndReason.Completed, rig.Engine.End?.Reason);
        Assert.Equal(0, rig.Engine.Record.Challenges.Missed);
    }

    private static List<(Position, Position, double)> Printed(SessionRig rig) =>
        [.. rig.Printer.Executed.Where(static move => move.ExtrudedMm != 0).Select(static move => (Rounded(move.Start), Rounded(move.End), Math.Round(move.ExtrudedMm, 9)))];

    private static PrinterSample Rest(SessionRig rig) => rig.Printer.Sample() with { EventTime = 0, E = Math.Round(rig.Printer.Sample().E, 6) };

    private static Position Rounded(Position at) => new(Math.Round(at.X, 9), Math.Round(at.Y, 9), Math.Round(at.Z, 9));

    private static async Task<SessionRig> PrintAsync(int seed, RigOptions options, int layers = 8)
    {
        var rig = await StartAsync(seed, options, layers);
        rig.Run(1200);
        return rig;
    }

    private static async Task<SessionRig> StartAsync(int seed, RigOptions options, int layers = 8)
    {
        var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers)), options with { Seed = seed });
        rig.Begin();
        return rig;
    }
}
