using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.GCode.Tests;

public sealed class SegmenterTests
{
    [Fact]
    public async Task Segments_put_together_are_the_whole_text()
    {
        byte[] canonical = Given.Canonical(Given.Sample("prusaslicer"));
        var segments = await Given.CutAsync(canonical);

        Assert.Equal(Encoding.ASCII.GetString(canonical), string.Concat(segments.Select(s => s.Text)));
        long line = 1;
        foreach ((string text, SegmentPlan plan) in segments)
        {
            Assert.Equal(line, plan.FirstLine);
            Assert.Equal(text.Count(c => c == '\n'), plan.Lines);
            line += plan.Lines;
        }
    }

    [Fact]
    public void Any_text_is_cut_within_the_rules() => Check.QuickThrowOnFailure(Prop.ForAll(Programs.Plausible, raw =>
    {
        byte[] canonical = Given.Canonical(raw);
        var segments = Given.CutAsync(canonical).GetAwaiter().GetResult();
        double[] seconds = [.. Given.CutAsync(canonical, null, new SegmentRules { MinLines = 1, MaxLines = 1 }).GetAwaiter().GetResult().Select(s => s.Plan.DurationSeconds)];
        Assert.Equal(Encoding.ASCII.GetString(canonical), string.Concat(segments.Select(s => s.Text)));
        Assert.All(segments, segment =>
        {
            SegmentPlan plan = segment.Plan;
            Assert.InRange(segment.Text.Length, 1, plan.Lines > 1 ? 3840 : 4096);
            Assert.InRange(plan.Lines, 1, 60);
            Assert.Equal(plan.Lines, plan.LineMoves.Count);
            Assert.Equal(plan.Moves.Count, plan.LineMoves.Sum());
            Assert.True(plan.Kind == SegmentKind.Motion || plan.Lines == 1);
            Assert.True(plan.Kind != SegmentKind.Motion || plan.DurationSeconds <= 1 + 1e-9 || seconds.Skip((int)plan.FirstLine - 1).Take(plan.Lines).Count(s => s > 0) == 1);
        });
    }));

    [Fact]
    public async Task A_blocking_line_stands_alone()
    {
        var segments = await Given.CutAsync("G1 X10 F6000\nM190 S60\nG1 X20\nG4 P250\nM400\nG28\nPRINT_END\nG1 X30\n");

        Assert.Equal(["G1 X10 F6000\n", "M190 S60\n", "G1 X20\n", "G4 P250\n", "M400\n", "G28\n", "PRINT_END\n", "G1 X30\n"], segments.Select(s => s.Text));
        Assert.Equal(
            [SegmentKind.Motion, SegmentKind.WaitForHeater, SegmentKind.Motion, SegmentKind.Dwell, SegmentKind.Synchronise, SegmentKind.Home, SegmentKind.Macro, SegmentKind.Motion],
            segments.Select(s => s.Plan.Kind));
        Assert.Equal(60, segments[1].Plan.BedTargetC);
        Assert.Equal(0.25, segments[3].Plan.DurationSeconds);
    }

    [Fact]
    public async Task The_plan_says_what_is_heated_and_blown()
    {
        SegmentPlan plan = Assert.Single(await Given.CutAsync("M104 S200\nM140 S55\nM106 S127.5\nG1 X1\nM104 S210\n")).Plan;

        Assert.Equal((210, 55, null, 0.5), (plan.NozzleTargetC, plan.BedTargetC, plan.ChamberTargetC, plan.FanSpeed));
    }

    [Fact]
    public async Task Short_moves_fill_a_segment_to_its_time_or_its_lines()
    {
        // 0.1 mm at 100 mm/s is 1 ms a line, 4 mm is 40 ms a line.
        var tiny = await Given.CutAsync(Row(1000, 0.1));
        var normal = await Given.CutAsync(Row(45, 4));

        Assert.Equal(60, tiny[3].Plan.Lines);
        Assert.Equal(20, normal[1].Plan.Lines);
        Assert.InRange(normal[1].Plan.DurationSeconds, 0.75, 1);
    }

    [Fact]
    public async Task A_few_long_moves_are_cut_early()
    {
        // 0.6 s, 0.6 s, 1.7 s and 1.7 s: none may share a segment with the next.
        var segments = await Given.CutAsync("G1 X60 F6000\nG1 X0\nG1 X40 F1440\nG1 X0\nM106 S255\n");

        Assert.Equal(["G1 X60 F6000\n", "G1 X0\n", "G1 X40 F1440\n", "G1 X0\nM106 S255\n"], segments.Select(s => s.Text));
    }

    [Fact]
    public async Task Cuts_do_not_change_the_motion()
    {
        byte[] canonical = Given.Canonical(Given.Sample("prusaslicer"));
        var usual = await Given.MovesAsync(canonical);
        var fine = await Given.MovesAsync(canonical, new SegmentRules { MinLines = 1, MaxLines = 1 });

        Assert.Equal(usual, fine);
        Assert.Contains(usual.Zip(usual.Skip(1)), pair => pair.First.EndSpeed > 10 && Math.Abs(pair.First.EndSpeed - pair.Second.StartSpeed) < 1e-9);
    }

    [Fact]
    public void Canonical_and_original_text_give_the_same_motion() => Check.QuickThrowOnFailure(Prop.ForAll(Programs.Plausible, raw =>
        Given.MovesAsync(raw).GetAwaiter().GetResult().SequenceEqual(Given.MovesAsync(Given.Canonical(raw)).GetAwaiter().GetResult())));

    [Fact]
    public async Task The_text_of_a_segment_is_gone_once_it_is_disposed_of()
    {
        using var segmenter = new Segmenter(new MemoryStream(Given.Bytes("G1 X1\n")), Given.Limits);
        Segment segment = (await segmenter.NextAsync(TestContext.Current.CancellationToken))!;
        ReadOnlyMemory<byte> text = segment.Text;
        segment.Dispose();

        Assert.All(text.ToArray(), c => Assert.Equal(0, c));
        Assert.Throws<ObjectDisposedException>(() => segment.Text);
        segment.Dispose();
    }

    [Fact]
    public async Task A_cancelled_reader_stops()
    {
        using var segmenter = new Segmenter(new MemoryStream(Given.Sample("cura")), Given.Limits);
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await segmenter.NextAsync(cancel.Token));
    }

    internal static string Row(int lines, double step)
    {
        var text = new StringBuilder("G91\nG1 F6000\n");
        for (int i = 0; i < lines; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"G1 X{step}\n");
        }

        return text.ToString();
    }
}
