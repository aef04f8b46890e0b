using System.Text;
using System.Text.Json;

namespace Touchmark.GCode.Tests;

/// <summary>What the tests share: a machine, samples, vectors and short ways to run things.</summary>
internal static class Given
{
    public static readonly MachineLimits Limits = new()
    {
        MinX = 0, MaxX = 200, MinY = 0, MaxY = 200, MinZ = 0, MaxZ = 200,
        MaxNozzleC = 260, MaxBedC = 100, MaxVelocity = 300, MaxAcceleration = 3000, MaxZVelocity = 15, MaxZAcceleration = 100,
        AllowedMacros = new HashSet<string> { "PRINT_START", "PRINT_END" },
    };

    public static byte[] Sample(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Samples", name + ".gcode"));

    public static T[] Vectors<T>(string name) =>
        JsonSerializer.Deserialize<T[]>(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", name + ".json")), JsonSerializerOptions.Web)!;

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static Task<ToolpathReport> CheckAsync(string text, MachineLimits? limits = null) => CheckAsync(Bytes(text), limits);

    public static Task<ToolpathReport> CheckAsync(byte[] text, MachineLimits? limits = null) =>
        ToolpathCheck.RunAsync(new MemoryStream(text), limits ?? Limits, null, TestContext.Current.CancellationToken);

    /// <summary>Canonical text by the slow path alone, line by line.</summary>
    public static byte[] Canonical(ReadOnlySpan<byte> raw)
    {
        var result = new MemoryStream();
        Span<byte> line = new byte[GCodeText.MaxLineBytes];
        while (!raw.IsEmpty)
        {
            int feed = raw.IndexOf((byte)'\n');
            int length = GCodeText.Canonicalise(feed < 0 ? raw : raw[..feed], line);
            if (length > 0)
            {
                result.Write(line[..length]);
                result.WriteByte((byte)'\n');
            }

            raw = feed < 0 ? [] : raw[(feed + 1)..];
        }

        return result.ToArray();
    }

    public static async Task<List<(string Text, SegmentPlan Plan)>> CutAsync(byte[] text, MachineLimits? limits = null, SegmentRules? rules = null)
    {
        using var segmenter = new Segmenter(new MemoryStream(text), limits ?? Limits, rules);
        var result = new List<(string, SegmentPlan)>();
        while (await segmenter.NextAsync(TestContext.Current.CancellationToken) is { } segment)
        {
            Assert.Equal((ulong)result.Count, segment.Index);
            result.Add((Encoding.ASCII.GetString(segment.Text.Span), segment.Plan));
            segment.Dispose();
        }

        return result;
    }

    public static Task<List<(string Text, SegmentPlan Plan)>> CutAsync(string text, MachineLimits? limits = null, SegmentRules? rules = null) =>
        CutAsync(Bytes(text), limits, rules);

    public static async Task<List<PlannedMove>> MovesAsync(byte[] text, SegmentRules? rules = null) =>
        [.. (await CutAsync(text, null, rules)).SelectMany(segment => segment.Plan.Moves)];
}
