using System.Text;

namespace Touchmark.GCode.Tests;

public sealed class SegmenterTests
{
    internal static readonly MachineLimits Limits = new()
    {
        MinX = 0, MaxX = 200, MinY = 0, MaxY = 200, MinZ = 0, MaxZ = 200,
        MaxNozzleC = 260, MaxBedC = 100, MaxVelocity = 300, MaxAcceleration = 3000,
    };

    internal static async Task<List<(string Text, SegmentPlan Plan)>> CutAsync(string text, MachineLimits? limits = null, SegmentRules? rules = null)
    {
        using var segmenter = new Segmenter(new MemoryStream(Encoding.ASCII.GetBytes(text)), limits ?? Limits, rules);
        var result = new List<(string, SegmentPlan)>();
        while (await segmenter.NextAsync(TestContext.Current.CancellationToken) is { } segment)
        {
            Assert.Equal((ulong)result.Count, segment.Index);
            result.Add((Encoding.ASCII.GetString(segment.Text.Span), segment.Plan));
            segment.Dispose();
        }

        return result;
    }

    [Fact]
    public async Task Segments_put_together_are_the_whole_text()
    {
        var text = new StringBuilder("G28\nM109 S200\n");
        for (int i = 0; i < 1000; i++)
        {
            text.Append("G1 X").Append(10 + (i % 7)).Append(" Y").Append(10 + (i % 11)).Append(" E.").Append(1 + (i % 9)).Append('\n');
        }

        text.Append("G4 P500\nM400\nM84\n");
        var segments = await CutAsync(text.ToString());

        Assert.Equal(text.ToString(), string.Concat(segments.Select(s => s.Text)));
        Assert.All(segments, s => Assert.InRange(s.Plan.Lines, 1, 64));
        Assert.Equal([SegmentKind.Home, SegmentKind.WaitForHeater], segments.Take(2).Select(s => s.Plan.Kind));
        Assert.Equal([SegmentKind.Dwell, SegmentKind.Synchronise, SegmentKind.Motion], segments.TakeLast(3).Select(s => s.Plan.Kind));
    }

    [Fact]
    public async Task A_blocking_line_stands_alone()
    {
        var segments = await CutAsync("G1 X10 F6000\nM190 S60\nG1 X20\nG4 P250\nG1 X30\n");

        Assert.Equal(["G1 X10 F6000\n", "M190 S60\n", "G1 X20\n", "G4 P250\n", "G1 X30\n"], segments.Select(s => s.Text));
        Assert.Equal(60, segments[1].Plan.BedTargetC);
        Assert.Equal(0.25, segments[3].Plan.DurationSeconds);
    }

    [Fact]
    public async Task A_single_long_move_takes_the_time_of_its_trapezoid()
    {
        // 100 mm at 100 mm/s with 3000 mm/s2: 1/30 s up, the same down, 100 - 2 * 5/3 mm held.
        var segments = await CutAsync("G1 X100 F6000\n");

        SegmentPlan plan = Assert.Single(segments).Plan;
        Assert.Equal((2.0 / 30) + ((100 - (10.0 / 3)) / 100), plan.DurationSeconds, 9);
        Assert.Equal(new Position(100, 0, 0), Assert.Single(plan.Moves).End);
    }
}
