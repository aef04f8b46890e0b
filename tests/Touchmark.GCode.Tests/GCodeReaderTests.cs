using System.Text;

namespace Touchmark.GCode.Tests;

public sealed class GCodeReaderTests
{
    [Fact]
    public void Lines_comments_words_and_parameters_are_read()
    {
        var reader = new GCodeReader("; top\r\nN3 g1 X10.50 y-2 E ; go\nSET_VELOCITY_LIMIT accel=1500 NAME=\"a b\"\nM117 Hi there\n???"u8, new byte[GCodeText.MaxLineBytes]);

        Assert.True(reader.Read() && !reader.HasCommand && reader.Comment.SequenceEqual("top"u8));

        Assert.True(reader.Read() && reader.Comment.SequenceEqual("go"u8));
        Assert.True(reader.Line.Is('G', 1) && reader.Line.TryGet('X', out double x) && x == 10.5);
        var words = new List<GCodeWord>();
        foreach (GCodeWord word in reader.Line.Words)
        {
            words.Add(word);
        }

        Assert.Equal([new GCodeWord('X', 10.5, true), new GCodeWord('Y', -2, true), new GCodeWord('E', 0, false)], words);

        Assert.True(reader.Read() && reader.Line.Kind == GCodeLineKind.Extended);
        Assert.True(reader.Line.TryGet("ACCEL"u8, out double accel) && accel == 1500);
        var parameters = new List<string>();
        foreach (GCodeParameter parameter in reader.Line.Parameters)
        {
            parameters.Add(Encoding.ASCII.GetString(parameter.Key) + " is " + Encoding.ASCII.GetString(parameter.Value));
        }

        Assert.Equal(["ACCEL is 1500", "NAME is \"a b\""], parameters);

        Assert.True(reader.Read() && reader.Line.Kind == GCodeLineKind.Message && reader.Line.Arguments.SequenceEqual("Hi there"u8));
        Assert.True(reader.Read() && reader.Line.Kind == GCodeLineKind.Malformed && reader.LineNumber == 5);
        Assert.False(reader.Read());
    }

    [Fact]
    public void Reading_allocates_nothing_per_line()
    {
        byte[] text = Given.Sample("cura");
        Span<byte> scratch = stackalloc byte[GCodeText.MaxLineBytes];
        double sum = Sum(text, scratch);
        long before = GC.GetAllocatedBytesForCurrentThread();
        double again = Sum(text, scratch);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(sum, again);
        Assert.NotEqual(0, sum);
    }

    private static double Sum(ReadOnlySpan<byte> text, Span<byte> scratch)
    {
        double sum = 0;
        var reader = new GCodeReader(text, scratch);
        while (reader.Read())
        {
            foreach (GCodeWord word in reader.Line.Words)
            {
                sum += word.Value;
            }
        }

        return sum;
    }
}
