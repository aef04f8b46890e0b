using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.GCode.Tests;

/// <summary>Not beside other tests: allocations are counted for the process as a whole.</summary>
[CollectionDefinition(nameof(MeasuredAlone), DisableParallelization = true)]
public sealed class MeasuredAlone;

[Collection(nameof(MeasuredAlone))]
public sealed class HostileInputTests
{
    [Fact]
    public void Any_bytes_give_a_report() => Check.QuickThrowOnFailure(Prop.ForAll(Programs.Hostile, raw =>
    {
        ToolpathReport report = Given.CheckAsync(raw).GetAwaiter().GetResult();
        return double.IsFinite(report.MotionSeconds) && report.CanonicalSha256.AsSpan().SequenceEqual(CanonicalHash.Compute(raw));
    }));

    [Fact]
    public void Any_bytes_can_be_cut() => Check.QuickThrowOnFailure(Prop.ForAll(Programs.Hostile, raw =>
        Given.CutAsync(raw).GetAwaiter().GetResult().Sum(s => s.Text.Length) == Given.Canonical(raw).Length));

    [Theory]
    [InlineData("G91\nG1 X9999999 F1\nG1 X9999999\n")]
    [InlineData("G2 X9999999 Y9999999 I9999999 J-9999999 Z9999999\n")]
    [InlineData("G1 X1 F.000000001\nG1 E999999 F99999999\n")]
    [InlineData("SET_VELOCITY_LIMIT ACCEL=.0000001 VELOCITY=.0000001\nG1 X100\n")]
    [InlineData("G1 X" + "99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999\n")]
    [InlineData("T99999999999999999\nM104 T99999999 S1\nG99999999999999999999 X1\nM104.5 S1\nM221 S.0000001\nG92 E1\nG1 E1\n")]
    public async Task Absurd_numbers_give_a_finite_plan(string text)
    {
        Assert.All(await Given.MovesAsync(Given.Bytes(text)), move => Assert.True(double.IsFinite(move.DurationSeconds)));
        Assert.False((await Given.CheckAsync(text)).Accepted);
    }

    [Theory]
    [InlineData("x")]
    [InlineData(" ")]
    [InlineData("X1")]
    public async Task A_line_without_end_is_read_in_bounded_memory(string pattern)
    {
        const long size = 64L * 1024 * 1024;
        long before = GC.GetTotalAllocatedBytes();
        ToolpathReport report = await ToolpathCheck.RunAsync(new Endless(Given.Bytes(pattern), size), Given.Limits, null, TestContext.Current.CancellationToken);

        // A line of white space may hide a command behind what is looked at, so it is refused as too long as well.
        Assert.Equal(1, report.RefusalCount);
        Assert.Equal(1, report.Lines);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, size / 2);
    }

    [Theory]
    [InlineData("G1\n")]
    [InlineData("M105\n")]
    [InlineData("G91\nG1 X.000001 F60000\n")]
    public async Task Lines_that_never_become_final_do_not_pile_up(string pattern)
    {
        using var segmenter = new Segmenter(new Endless(Given.Bytes(pattern), 4 * 1024 * 1024), Given.Limits);
        long most = 0;
        while (await segmenter.NextAsync(TestContext.Current.CancellationToken) is { } segment)
        {
            segment.Dispose();
            most = Math.Max(most, segmenter.PendingBytes);
        }

        Assert.InRange(most, 0, 1024 * 1024);
    }

    [Fact]
    public async Task A_long_comment_is_only_a_comment()
    {
        ToolpathReport report = await Given.CheckAsync("G28 ;" + new string('a', 2_000_000) + "\n;" + new string('b', 2_000_000) + "\nG1 X1\n");

        Assert.Equal((2, true), (report.Lines, report.Accepted));
    }

    /// <summary>A pattern over and over, up to a length, without holding it.</summary>
    private sealed class Endless(byte[] pattern, long length) : Stream
    {
        private long _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get => _at; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = (int)Math.Min(count, length - _at);
            for (int i = 0; i < read; i++)
            {
                buffer[offset + i] = pattern[(int)((_at + i) % pattern.Length)];
            }

            _at += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
