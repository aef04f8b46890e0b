using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.GCode.Tests;

public sealed class LongMoveTests
{
    private const double Longest = 0.75;
    private const string Ready = "G28\nM104 S200\n";

    private sealed record Vector(string Name, string Raw, double Seconds, string Canonical, string Sha256);

    private static (string Text, ToolpathReport Report) Split(byte[] raw, double? longest = Longest, MachineLimits? limits = null)
    {
        var output = new MemoryStream();
        ToolpathReport report = ToolpathCheck.RunAsync(
            new MemoryStream(raw), limits ?? Given.Limits, output, new ToolpathOptions { LongestMoveSeconds = longest }, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        return (Encoding.ASCII.GetString(output.ToArray()), report);
    }

    private static string Split(string raw) => Split(Given.Bytes(raw)).Text;

    private static List<PlannedMove> Moves(string text) => Given.MovesAsync(Given.Bytes(text)).GetAwaiter().GetResult();

    [Fact]
    public void Every_vector_is_written_in_its_parts() => Assert.All(Given.Vectors<Vector>("long-moves"), vector =>
    {
        (string text, ToolpathReport report) = Split(Given.Bytes(vector.Raw), vector.Seconds);
        Assert.Equal(vector.Canonical, text);
        Assert.Equal(vector.Sha256, Convert.ToHexStringLower(report.CanonicalSha256));
    });

    [Fact]
    public void Without_the_option_nothing_is_split() =>
        Assert.Equal(Ready + "G1 X200 F600\n", Split(Given.Bytes(Ready + "G1 X200 F600\n"), longest: null).Text);

    [Fact]
    public void A_time_that_is_no_time_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Split(Given.Bytes(Ready), 0));

    [Fact]
    public void Splitting_does_not_change_the_motion() => Check.QuickThrowOnFailure(Prop.ForAll(LongPrograms.Accepted, text =>
    {
        (string split, ToolpathReport report) = Split(Given.Bytes(text));
        Assert.Empty(report.Refusals);
        List<PlannedMove> whole = Moves(text);
        List<PlannedMove> parts = Moves(split);
        int next = 0;
        foreach (PlannedMove line in whole)
        {
            int first = next;
            double extruded = 0, seconds = 0;
            do
            {
                PlannedMove part = parts[next++];
                extruded += part.ExtrudedMm;
                seconds += part.DurationSeconds;
                Assert.InRange(OffTheLine(line, part.End), 0, 1e-6);
                Assert.InRange(part.DurationSeconds, 0, Longest + 1e-9);
            }
            while (parts[next - 1].End.DistanceTo(line.End) > 1e-9 || Math.Abs(extruded - line.ExtrudedMm) > 1e-9);

            Assert.Equal(line.DurationSeconds, seconds, 1e-6);
            Assert.Equal(line.StartSpeed, parts[first].StartSpeed, 1e-4);
            Assert.Equal(line.EndSpeed, parts[next - 1].EndSpeed, 1e-4);
        }

        Assert.Equal(parts.Count, next);
    }));

    /// <summary>Distance from the nearest point of a move, mm.</summary>
    private static double OffTheLine(PlannedMove line, Position p)
    {
        double x = line.End.X - line.Start.X, y = line.End.Y - line.Start.Y, z = line.End.Z - line.Start.Z;
        double along = ((p.X - line.Start.X) * x) + ((p.Y - line.Start.Y) * y) + ((p.Z - line.Start.Z) * z);
        double share = along == 0 ? 0 : Math.Clamp(along / ((x * x) + (y * y) + (z * z)), 0, 1);
        return p.DistanceTo(new Position(line.Start.X + (x * share), line.Start.Y + (y * share), line.Start.Z + (z * share)));
    }

    [Fact]
    public void The_report_is_on_the_text_that_was_written() => Check.QuickThrowOnFailure(Prop.ForAll(LongPrograms.Accepted, text =>
    {
        (string split, ToolpathReport report) = Split(Given.Bytes(text));
        ToolpathReport again = Given.CheckAsync(split).GetAwaiter().GetResult();
        Assert.True(again.Accepted);
        Assert.Equal(again.CanonicalSha256, report.CanonicalSha256);
        Assert.Equal((again.Lines, again.CanonicalBytes, again.Segments), (report.Lines, report.CanonicalBytes, report.Segments));
        Assert.Equal(again.MotionSeconds, report.MotionSeconds, 1e-9);
        Assert.Equal(again.Metadata.ExtrudedMm, report.Metadata.ExtrudedMm, 1e-6);
    }));

    [Fact]
    public void No_segment_of_straight_moves_is_longer_than_a_second() => Check.QuickThrowOnFailure(Prop.ForAll(LongPrograms.Accepted, text =>
        Assert.All(Given.CutAsync(Split(text)).GetAwaiter().GetResult(), segment => Assert.InRange(segment.Plan.DurationSeconds, 0, 1 + 1e-9))));

    [Fact]
    public void Written_extrusion_adds_up_exactly() => Check.QuickThrowOnFailure(Prop.ForAll(LongPrograms.Accepted, text =>
    {
        string relative = text.Replace("M82", "M83", StringComparison.Ordinal).Replace(Ready, Ready + "M83\n", StringComparison.Ordinal);
        Assert.Equal(Sum(relative), Sum(Split(relative)));

        static decimal Sum(string program) => program.Split('\n').Where(line => line.StartsWith('G') && !line.StartsWith("G92", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ')).Where(word => word.StartsWith('E')).Sum(word => decimal.Parse(word.AsSpan(1), CultureInfo.InvariantCulture));
    }));

    [Fact]
    public void Splitting_again_changes_nothing()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(LongPrograms.Accepted, text => SameAgain(Given.Bytes(text))));
        Check.QuickThrowOnFailure(Prop.ForAll(Programs.Plausible, SameAgain));
        Check.QuickThrowOnFailure(Prop.ForAll(Programs.Hostile, SameAgain));

        static void SameAgain(byte[] raw)
        {
            string once = Split(Given.Canonical(raw)).Text;
            Assert.Equal(once, Split(once));
        }
    }

    [Fact]
    public void Any_text_gives_canonical_text_its_hash_and_the_same_refusals()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(Programs.Plausible, Holds));
        Check.QuickThrowOnFailure(Prop.ForAll(Programs.Hostile, Holds));

        static void Holds(byte[] raw)
        {
            byte[] text = [.. Given.Bytes(Ready), .. raw];
            ToolpathReport whole = Given.CheckAsync(text).GetAwaiter().GetResult();
            (string split, ToolpathReport report) = Split(text, 0.1);
            byte[] written = Given.Bytes(split);
            Assert.Equal(Given.Canonical(written), written);
            Assert.Equal(CanonicalHash.Compute(written), report.CanonicalSha256);
            Assert.Equal(whole.Refusals.Select(Where), report.Refusals.Select(Where));
            Assert.Equal(whole.RefusalCount, report.RefusalCount);
        }

        // Figures of what is refused may differ in their last digit: a sum of relative parts is rounded once for each.
        static (long, string) Where(ToolpathRefusal refusal) => (refusal.Line, refusal.Code);
    }

    [Theory]
    [InlineData("prusaslicer")]
    [InlineData("cura")]
    [InlineData("orcaslicer")]
    public void What_slicers_write_takes_the_same_time_in_parts(string sample)
    {
        MachineLimits limits = Given.Limits with { MaxX = 220, MaxY = 220 };
        ToolpathReport whole = Split(Given.Sample(sample), null, limits).Report;
        ToolpathReport parts = Split(Given.Sample(sample), 0.3, limits).Report;

        Assert.True(parts.Accepted && parts.Lines > whole.Lines);
        Assert.Equal(whole.MotionSeconds, parts.MotionSeconds, 1e-9);
        Assert.Equal(whole.Metadata.ExtrudedMm, parts.Metadata.ExtrudedMm, 1e-6);
    }

    [Fact]
    public void A_text_that_grows_beyond_any_block_is_written_whole()
    {
        // Each line becomes hundreds: together many times what the check holds at once.
        string text = Ready + "G1 F30\n" + string.Concat(Enumerable.Repeat("G1 X180 Y0 E0\nG1 X0 Y0 E0\n", 200));
        (string split, ToolpathReport report) = Split(Given.Bytes(text));

        Assert.Equal(split.Length, report.CanonicalBytes);
        Assert.InRange(split.Length, 2_000_000, 10_000_000);
        Assert.Equal(split, Split(split));
    }
}
