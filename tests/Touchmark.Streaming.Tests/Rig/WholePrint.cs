namespace Touchmark.Streaming.Tests;

/// <summary>A print that nothing happened to, beside which others are held.</summary>
internal static class WholePrint
{
    /// <summary>That a print came to its end, and moved and extruded as the whole one, which is disposed of.</summary>
    public static void AssertPrinted(SessionRig rig, SessionRig whole)
    {
        using (whole)
        {
            Assert.True(rig.Engine.End?.Reason == EndReason.Completed, $"{rig.Engine.End?.Reason} {rig.Engine.End?.Text} after {rig.Elapsed:F1} s, {rig.Engine.Progress}");
            Assert.Equal(EndReason.Completed, rig.Gateway.End?.Reason);
            Assert.Equal(rig.Facts.Segments, rig.Engine.End!.SegmentsVerified);
            Assert.Equal(whole.Printer.Printed, rig.Printer.Printed);
            Assert.Equal(whole.Engine.Record.Ivs.Length, rig.Engine.Record.Ivs.Length);
            Assert.InRange(rig.Engine.Record.MaxExposure, 0, 3.0);
            Assert.True(rig.Gateway.IsWiped);
        }
    }
}
