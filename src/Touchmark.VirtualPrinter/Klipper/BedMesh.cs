using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// The bed probed in a grid (Klipper's <c>bed_mesh.py</c>, the parts that a client sees), for a configuration with <c>[probe]</c> and <c>[bed_mesh]</c>. The plate's
/// shape is this machine's own; each touch adds a few micrometres of noise.
/// </summary>
internal sealed class BedMesh
{
    private const double TouchNoise = 0.002;
    private const double TravelSpeed = 100;
    private const double ProbeSpeed = 10;
    private const double Clearance = 5;

    private readonly PrinterConfig config;
    private readonly Toolhead toolhead;
    private readonly MoveCommands moves;
    private readonly Machine machine;
    private readonly double[] shape;
    private double[][] probed = [[]];

    public BedMesh(GCode gcode, PrinterConfig config, Toolhead toolhead, MoveCommands moves, Machine machine)
    {
        this.config = config;
        this.toolhead = toolhead;
        this.moves = moves;
        this.machine = machine;
        var noise = new Noise(machine.Options.Seed ^ 0x6D657368);
        shape = [noise.Between(-0.1, 0.1), noise.Between(-0.1, 0.1), noise.Between(0.05, 0.2), noise.Between(-0.1, 0.1), noise.Between(0.02, 0.06)];
        gcode.Register("BED_MESH_CALIBRATE", _ => CalibrateAsync(), "Perform Mesh Bed Leveling");
        gcode.Register("BED_MESH_CLEAR", _ => probed = [[]], "Clear the Mesh so no z-adjustment is made");
        gcode.Register("BED_MESH_PROFILE", static _ => { }, "Bed Mesh Persistent Storage management");
    }

    public static bool IsIn(PrinterConfig config) => config.Has("probe") && config.Has("bed_mesh");

    public JsonMap Status() => new()
    {
        ["profile_name"] = probed[0].Length == 0 ? "" : "default",
        ["mesh_min"] = new[] { Pair("mesh_min", (20, 20)).X, Pair("mesh_min", (20, 20)).Y },
        ["mesh_max"] = new[] { Pair("mesh_max", (200, 200)).X, Pair("mesh_max", (200, 200)).Y },
        ["probed_matrix"] = probed,
        ["mesh_matrix"] = probed,
        ["profiles"] = new JsonMap(),
    };

    private async ValueTask CalibrateAsync()
    {
        if (toolhead.Kinematics.HomedAxes != "xyz")
            throw new CommandError("Must home axis first");
        var (minX, minY) = Pair("mesh_min", (20, 20));
        var (maxX, maxY) = Pair("mesh_max", (200, 200));
        var (columns, rows) = Pair("probe_count", (5, 5));
        var heights = new double[(int)rows][];
        for (var row = 0; row < heights.Length; row++)
        {
            heights[row] = new double[(int)columns];
            for (var column = 0; column < heights[row].Length; column++)
            {
                var (u, v) = (column / (columns - 1), row / (rows - 1));
                var height = HeightAt(u, v);
                var over = toolhead.Commanded.With(0, minX + u * (maxX - minX)).With(1, minY + v * (maxY - minY)).With(2, Clearance);
                await moves.MoveToAsync(over, TravelSpeed);
                await moves.MoveToAsync(over.With(2, Math.Max(0, height)), ProbeSpeed);
                await moves.MoveToAsync(over, ProbeSpeed);
                heights[row][column] = Math.Round(height + machine.Noise.Normal(TouchNoise), 6);
            }
        }

        await toolhead.WaitMovesAsync();
        probed = heights;
    }

    /// <summary>Tilt, bowl and a ripple; u and v run from 0 to 1.</summary>
    private double HeightAt(double u, double v) =>
        shape[0] * u + shape[1] * v + shape[2] * ((u - 0.5) * (u - 0.5) + (v - 0.5) * (v - 0.5)) + shape[3] * u * v + shape[4] * Math.Sin(7 * u + 3 * v);

    private (double X, double Y) Pair(string option, (double X, double Y) otherwise)
    {
        var parts = config.Text("bed_mesh", option, "").Split(',');
        return parts.Length == 2 && double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var x) && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var y)
            ? (x, y)
            : otherwise;
    }
}
