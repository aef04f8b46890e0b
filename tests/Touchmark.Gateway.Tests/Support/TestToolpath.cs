using System.Globalization;
using System.Text;
using Touchmark.GCode;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>A small part, checked and cut as the engine does it.</summary>
internal sealed record TestToolpath(byte[] Canonical, JobFacts Facts)
{
    /// <summary>Homing, heating, then squares of 30 mm, layer on layer.</summary>
    public static async Task<TestToolpath> CreateAsync(MachineProfile profile, int layers = 6, double nozzleC = 205, double bedC = 60)
    {
        var text = new StringBuilder("G90\nM82\nG28\n");
        text.Append(CultureInfo.InvariantCulture, $"M140 S{bedC}\nM104 S{nozzleC}\nM190 S{bedC}\nM109 S{nozzleC}\nG92 E0\n");
        double e = 0;
        for (var layer = 1; layer <= layers; layer++)
        {
            text.Append(CultureInfo.InvariantCulture, $"G1 Z{layer * 0.2:0.0} F600\nG1 X60 Y60 F9000\nM106 S128\n");
            foreach (var (x, y) in (ReadOnlySpan<(int, int)>)[(90, 60), (90, 90), (60, 90), (60, 60)])
            {
                e += 1.2;
                text.Append(CultureInfo.InvariantCulture, $"G1 X{x} Y{y} E{e:0.0000} F2400\n");
            }
        }

        text.Append("M107\nM104 S0\nM140 S0\n");
        using var canonical = new MemoryStream();
        var report = await ToolpathCheck.RunAsync(new MemoryStream(Encoding.ASCII.GetBytes(text.ToString())), profile.ToLimits(), canonical, TestContext.Current.CancellationToken);
        Assert.True(report.Accepted, string.Join('\n', report.Refusals));
        return new TestToolpath(canonical.ToArray(), new JobFacts
        {
            JobId = Guid.CreateVersion7(),
            LicenceId = Guid.CreateVersion7(),
            Title = "Bracket",
            Segments = (ulong)report.Segments,
            MotionSeconds = report.MotionSeconds,
            NozzleC = nozzleC,
            BedC = bedC,
            Min = (0, 0, 0),
            Max = (90, 90, layers * 0.2),
        });
    }
}
