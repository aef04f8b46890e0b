using System.Diagnostics;
using Touchmark.GCode;

namespace Touchmark.Bench.Attacks;

/// <summary>A part as PrusaSlicer slices it for the bench's machine: canonical toolpath and what a job tells of it.</summary>
internal sealed record Part(string Name, byte[] Toolpath, ToolpathReport Report);

/// <summary>Four shapes that ask different things of the alignment: a real part with holes, a wall without end, many short layers, long parallel lines.</summary>
internal static class Parts
{
    private const string Slicer = "prusa-slicer";

    /// <summary>No straight move is longer than this, as in the engine's own slicing, s.</summary>
    private const double LongestMove = 0.75;

    /// <summary>The settings that the engine gives for PLA in draft quality on this machine, with shorter infill.</summary>
    private const string Settings = """
        gcode_flavor = reprap
        machine_limits_usage = ignore
        bed_shape = 0x0,220x0,220x220,0x220
        max_print_height = 250
        nozzle_diameter = 0.4
        filament_diameter = 1.75
        temperature = 215
        first_layer_temperature = 215
        bed_temperature = 60
        first_layer_bed_temperature = 60
        min_fan_speed = 100
        max_fan_speed = 100
        disable_fan_first_layers = 2
        layer_height = 0.28
        first_layer_height = 0.2
        perimeters = 2
        fill_density = 10%
        fill_pattern = grid
        skirts = 1
        external_perimeter_speed = 60
        small_perimeter_speed = 60
        top_solid_infill_speed = 60
        perimeter_speed = 96
        solid_infill_speed = 96
        infill_speed = 125
        first_layer_speed = 30
        travel_speed = 150
        retract_length = 0.8
        retract_speed = 35
        use_relative_e_distances = 1
        layer_gcode = G92 E0
        start_gcode = G21\nG90\nM83\nM107\nG28\nM140 S60\nM104 S150\nM190 S60\nM109 S215\nG92 E0\nG1 Z5 F600\nG1 X5 Y5 F6000\nG1 Z0.28 F600\nG1 X12 E0.5 F900\nG1 X20 E0.55 F900\nG1 X28 E0.55 F900\nG1 X36 E0.55 F900\nG1 X44 E0.55 F900\nG1 X52 E0.55 F900\nG92 E0
        end_gcode = M107

        """;

    /// <summary>Those of the virtual printer.</summary>
    public static MachineLimits Limits { get; } = new()
    {
        MinX = 0, MaxX = 220, MinY = 0, MaxY = 220, MinZ = 0, MaxZ = 250, MaxNozzleC = 300, MaxBedC = 130, MaxVelocity = 300, MaxAcceleration = 5000,
        MaxZVelocity = 25, MaxZAcceleration = 200, MaxExtrudeOnlyVelocity = 79.82432411074329, MaxExtrudeOnlyAcceleration = 1330.4054018457214, MaxExtrudeOnlyDistance = 150,
        MaxExtrudeCrossSection = 5,
    };

    /// <summary>Slices all of them; some seconds.</summary>
    public static async Task<IReadOnlyList<Part>> SliceAsync(CancellationToken cancel)
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-parts-");
        try
        {
            var settings = Path.Combine(folder.FullName, "draft.ini");
            await File.WriteAllTextAsync(settings, Settings, cancel);
            return await Task.WhenAll(
                SliceAsync(folder, settings, "bracket", await File.ReadAllBytesAsync(Path.Combine(Started.Root(), "samples", "bracket.stl"), cancel), cancel),
                SliceAsync(folder, settings, "vase", Prism.Stl(Prism.Circle(radius: 13, corners: 96), height: 16), cancel, "--spiral-vase", "--perimeters", "1", "--fill-density", "0%", "--top-solid-layers", "0"),
                SliceAsync(folder, settings, "tower", Prism.Stl(Prism.Circle(radius: 4, corners: 6), height: 30), cancel),
                SliceAsync(folder, settings, "plate", Prism.Stl(Prism.Rectangle(45, 30), height: 1), cancel));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<Part> SliceAsync(DirectoryInfo folder, string settings, string name, byte[] stl, CancellationToken cancel, params string[] options)
    {
        var model = Path.Combine(folder.FullName, name + ".stl");
        var output = Path.Combine(folder.FullName, name + ".gcode");
        await File.WriteAllBytesAsync(model, stl, cancel);
        var start = new ProcessStartInfo(Slicer, ["--export-gcode", "--loglevel", "1", "--load", settings, .. options, "--output", output, model])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var slicer = Process.Start(start) ?? throw new InvalidOperationException($"{Slicer} is not installed.");
        var (said, errors) = (slicer.StandardOutput.ReadToEndAsync(cancel), slicer.StandardError.ReadToEndAsync(cancel));
        await slicer.WaitForExitAsync(cancel);
        if (slicer.ExitCode != 0)
        {
            throw new InvalidOperationException($"{Slicer} did not slice {name}: {await said}{await errors}");
        }

        using var canonical = new MemoryStream();
        await using var raw = File.OpenRead(output);
        var report = await ToolpathCheck.RunAsync(raw, Limits, canonical, new ToolpathOptions { LongestMoveSeconds = LongestMove }, cancel);
        return report.Accepted ? new Part(name, canonical.ToArray(), report) : throw new InvalidOperationException($"{name}: {report.Refusals[0].Text}");
    }
}
