namespace Touchmark.Streaming.Tests;

/// <summary>An honest printer beside hosts that get no processor for a while: nobody suspects it.</summary>
public class StallTests
{
    /// <summary>Which half stands still, for how long, how often (s), and how fast the printer's clock runs.</summary>
    public static TheoryData<string, double, double, double> Stalls => new()
    {
        { "engine", 0.15, 0.4, 20 },
        { "gateway", 0.15, 0.4, 20 },
        { "both", 0.15, 0.4, 20 },
        { "engine", 1.9, 3, 20 },
        { "gateway", 1.9, 3, 20 },
        { "both", 1.9, 3, 20 },
        { "engine", 6, 9, 20 },
        { "gateway", 6, 9, 20 },
        { "engine", 3, 5, 1 },
        { "gateway", 3, 5, 1 },
        { "both", 6, 9, 1 },
    };

    [Theory]
    [MemberData(nameof(Stalls))]
    public async Task A_host_that_stalls_casts_no_suspicion_on_the_printer(string who, double seconds, double period, double speed)
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 4)), new RigOptions
        {
            PrinterSpeed = speed,
            Stalled = elapsed => elapsed % period >= seconds ? Stall.None : who switch
            {
                "engine" => Stall.Engine,
                "gateway" => Stall.Gateway,
                _ => (int)(elapsed / period) % 2 == 0 ? Stall.Engine : Stall.Gateway,
            },
        });
        rig.Begin();
        rig.Run(limit: 2000);

        Assert.True(rig.Engine.End?.Reason == EndReason.Completed, $"{rig.Engine.End?.Reason} after {rig.Engine.End?.SegmentsVerified} of {rig.Facts.Segments}: {rig.Engine.End?.Text}");
        Assert.InRange(rig.Engine.Record.MaxExposure, 0, 3.0);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(12)]
    public async Task Samples_that_are_lost_in_a_row_cast_no_suspicion_on_the_printer(int inARow)
    {
        using var rig = new SessionRig(await Toolpaths.CutAsync(Toolpaths.Bracket(layers: 4)), new RigOptions
        {
            PrinterSpeed = 20,
            SampleArrives = n => n % (inARow + 3) >= inARow,
        });
        rig.Begin();
        rig.Run(limit: 2000);

        Assert.True(rig.Engine.End?.Reason == EndReason.Completed, $"{rig.Engine.End?.Reason} after {rig.Engine.End?.SegmentsVerified} of {rig.Facts.Segments}: {rig.Engine.End?.Text}");
    }
}
