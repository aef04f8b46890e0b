using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;
using Touchmark.GCode;
using Touchmark.GCode.Binary;

namespace Touchmark.Cli.Toolpaths;

/// <summary><c>touchmark gcode</c>: what a toolpath says and does, without an engine.</summary>
internal static class GCodeCommands
{
    // No particular machine: wide enough that only what no machine may be sent is refused. The time estimate stands on these figures and says so.
    private static readonly MachineLimits AnyMachine = new()
    {
        MinX = -10_000, MaxX = 10_000, MinY = -10_000, MaxY = 10_000, MinZ = -10_000, MaxZ = 10_000,
        MaxNozzleC = 600, MaxBedC = 300, MaxChamberC = 300, MinExtrudeC = 0,
        MaxVelocity = 300, MaxAcceleration = 3_000, MaxExtrudeOnlyDistance = 10_000, Extruders = 16,
    };

    public static Command Create() => new("gcode", "Look into a toolpath file, and open and seal Fernet files.") { Inspect(), Hash(), InfoCommand.Create(), FernetCommands.Seal(), FernetCommands.Open() };

    private static Command Inspect()
    {
        var file = ToolpathFile.Argument();
        var json = Arguments.Json();
        var command = new Command("inspect", "Show slicer, layers, time, filament, extent and temperatures, and what no protected job may hold.") { file, json };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var toolpath = BinaryGCode.OpenText(ToolpathFile.Open(parsed.GetValue(file)!));
            var report = await ToolpathFile.ReadAsync(() => ToolpathCheck.RunAsync(toolpath, AnyMachine, null, cancel));
            if (parsed.GetValue(json))
            {
                Screen.Json(JsonSerializer.SerializeToElement(new { Sha256 = Convert.ToHexStringLower(report.CanonicalSha256), report.Accepted, report.Lines, report.CanonicalBytes, report.Segments, report.MotionSeconds, report.Metadata, report.RefusalCount, report.Refusals }, EngineClient.Json));
            }
            else
            {
                Show(report);
            }

            return report.Accepted ? 0 : 1;
        });
        return command;
    }

    private static Command Hash()
    {
        var file = ToolpathFile.Argument();
        var command = new Command("hash", "Print the SHA-256 of the canonical form (spec/gcode.md), as certificates name it.") { file };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var toolpath = BinaryGCode.OpenText(ToolpathFile.Open(parsed.GetValue(file)!));
            Screen.Line(Convert.ToHexStringLower(await ToolpathFile.ReadAsync(() => CanonicalHash.ComputeAsync(toolpath, cancel).AsTask())));
            return 0;
        });
        return command;
    }

    private static void Show(ToolpathReport report)
    {
        var about = report.Metadata;
        Fact("canonical SHA-256", Convert.ToHexStringLower(report.CanonicalSha256));
        Fact("slicer", $"{about.Slicer ?? "not named"} {about.SlicerVersion}".TrimEnd());
        Fact("lines", Number(report.Lines, "N0") + ", " + Number(report.CanonicalBytes, "N0") + " bytes in canonical form, " + Number(report.Segments, "N0") + " segments");
        Fact("layers", about.Layers == 0 ? "not told" : Number(about.Layers, "N0") + (about.LayerHeight is { } height ? $" of {Number(height, "0.###")} mm" : ""));
        Fact("motion", Duration(report.MotionSeconds) + $" at up to {AnyMachine.MaxVelocity} mm/s and {AnyMachine.MaxAcceleration} mm/s²" + (about.EstimatedSeconds is { } told ? $"; the slicer says {Duration(told)}" : ""));
        Fact("filament", Number(about.ExtrudedMm / 1000, "0.00") + " m" + (about.FilamentGrams is { } grams ? $", {Number(grams, "0.0")} g" : "") + (about.FilamentType is { } type ? $" of {type}" : ""));
        Fact("temperatures", $"nozzle up to {Number(about.MaxNozzleC, "0")} °C, bed up to {Number(about.MaxBedC, "0")} °C");
        if (about.Extent is { } box)
        {
            Fact("extent", $"X {Number(box.Min.X, "0.0")} to {Number(box.Max.X, "0.0")}, Y {Number(box.Min.Y, "0.0")} to {Number(box.Max.Y, "0.0")}, Z {Number(box.Min.Z, "0.0")} to {Number(box.Max.Z, "0.0")} mm");
        }

        Fact("thumbnails", about.Thumbnails.Count == 0 ? "none" : string.Join(", ", about.Thumbnails.Select(picture => $"{picture.Format} {picture.Width}x{picture.Height}")));
        Fact("protected print", report.Accepted ? "nothing stands against it" : $"refused for {report.RefusalCount} reason(s):");
        foreach (var refusal in report.Refusals)
        {
            Screen.Line($"  line {refusal.Line}: {refusal.Text} ({refusal.Code}) {refusal.Fix}");
        }
    }

    private static void Fact(string name, string value) => Screen.Line($"{name,-18} {value}");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Duration(double seconds) =>
        seconds < 60 ? Number(seconds, "0.0") + " s" : TimeSpan.FromSeconds(seconds).ToString(seconds < 3600 ? @"m\ \m\i\n\ s\ \s" : @"d\d\ h\h\ m\m", CultureInfo.InvariantCulture).Replace("0d ", "", StringComparison.Ordinal);
}
