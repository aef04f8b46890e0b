using Touchmark.Evidence.Cbor;

namespace Touchmark.Streaming;

/// <summary>A figure that was measured several times.</summary>
/// <param name="Mean">Of the repeats.</param>
/// <param name="Scatter">Their standard deviation, in the same unit; 0 for a single one.</param>
public readonly record struct Measured(double Mean, double Scatter)
{
    /// <summary>Mean and standard deviation (of a sample, n - 1); null for none.</summary>
    public static Measured? Of(IReadOnlyCollection<double> repeats)
    {
        if (repeats.Count == 0)
        {
            return null;
        }
        double mean = repeats.Average();
        double squares = repeats.Sum(value => (value - mean) * (value - mean));
        return new Measured(mean, repeats.Count > 1 ? Math.Sqrt(squares / (repeats.Count - 1)) : 0);
    }
}

/// <summary>How a machine homes, wherever its head stands: what G28 lasts beyond the ways of its axes, and how fast each axis runs.</summary>
/// <param name="Rest">Duration of G28 less each axis's way at its speed, s: backing off, the slow second touch, the pauses.</param>
/// <param name="SpeedX">Homing speed of X, mm/s; null where X does not run alone (on a delta).</param>
/// <param name="SpeedY">As X.</param>
/// <param name="SpeedZ">As X.</param>
public sealed record HomingBehaviour(Measured Rest, double? SpeedX, double? SpeedY, double? SpeedZ)
{
    /// <summary>An axis that ran less than this stood beside its endstop or was not seen; its speed, if unknown, does not matter. mm.</summary>
    private const double Unseen = 5;

    /// <summary>How long this machine takes for the ways that were run, s; null when it ran along an axis whose speed is not known.</summary>
    public double? Expect(in HomingRun run) =>
        Way(run.X, SpeedX) is { } x && Way(run.Y, SpeedY) is { } y && Way(run.Z, SpeedZ) is { } z ? Rest.Mean + x + y + z : null;

    /// <summary>Axes that run when this machine homes and were not seen to: beside its endstop an axis runs, backs off and comes back between two samples.</summary>
    public int Hidden(in HomingRun run) => IsHidden(run.X, SpeedX) + IsHidden(run.Y, SpeedY) + IsHidden(run.Z, SpeedZ);

    /// <summary>From several homings, each from another place. Null when there is none.</summary>
    public static HomingBehaviour? Of(IReadOnlyCollection<HomingMeter> homings)
    {
        double?[] speeds = [.. Enumerable.Range(0, 3).Select(axis => Middle([.. homings.Select(homing => homing.SpeedOf(axis)).OfType<double>()]))];
        var ways = new HomingBehaviour(default, speeds[0], speeds[1], speeds[2]);
        double[] rests = [.. homings.Select(homing => homing.Run is { } run ? run.Seconds - ways.Expect(run) : null).OfType<double>()];
        return Measured.Of(rests) is { } rest ? ways with { Rest = rest } : null;
    }

    private static double? Middle(double[] values)
    {
        Array.Sort(values);
        return values.Length == 0 ? null : values[values.Length / 2];
    }

    private static double? Way(double millimetres, double? speed) => speed is > 0 ? millimetres / speed : millimetres < Unseen ? 0 : null;

    private static int IsHidden(double millimetres, double? speed) => speed is > 0 && millimetres < Unseen ? 1 : 0;
}

/// <summary>How one machine behaves: hard to copy, and noisy. Measured at enrolment, several times, so that its own scatter is known; never part of its id.</summary>
public sealed record BehaviouralSnapshot
{
    private const double Longest = 1e6;
    private const double Fastest = 1e5;

    /// <summary>The nozzle from 60 to 120 °C under full power, from cold, fan off, s (<see cref="HeatingMeter"/>).</summary>
    public Measured? ThermalRise { get; init; }

    public HomingBehaviour? Homing { get; init; }

    /// <summary>Standard deviation of the bed's mesh from its own plane, mm, where there is a probe: tilt is adjusted, the shape stays.</summary>
    public Measured? MeshDeviation { get; init; }

    /// <summary>What was measured, by name: <c>homing</c>, <c>heating</c>, <c>mesh</c>.</summary>
    public IReadOnlyList<string> Names =>
        [.. new[] { Homing is null ? null : "homing", ThermalRise is null ? null : "heating", MeshDeviation is null ? null : "mesh" }.OfType<string>()];

    internal static (CborValue, CborValue?)[] Entries(BehaviouralSnapshot? behaviour) =>
    [
        ("thermal_rise_s", Optional(behaviour?.ThermalRise?.Mean)),
        ("thermal_rise_scatter_s", Optional(behaviour?.ThermalRise?.Scatter)),
        ("homing_s", Optional(behaviour?.Homing?.Rest.Mean)),
        ("homing_scatter_s", Optional(behaviour?.Homing?.Rest.Scatter)),
        ("homing_x_mm_s", Optional(behaviour?.Homing?.SpeedX)),
        ("homing_y_mm_s", Optional(behaviour?.Homing?.SpeedY)),
        ("homing_z_mm_s", Optional(behaviour?.Homing?.SpeedZ)),
        ("mesh_deviation_mm", Optional(behaviour?.MeshDeviation?.Mean)),
        ("mesh_scatter_mm", Optional(behaviour?.MeshDeviation?.Scatter)),
    ];

    internal static BehaviouralSnapshot? Read(CborFields fields)
    {
        var rise = ReadMeasured(fields, "thermal_rise_s", "thermal_rise_scatter_s", least: 0);
        // What is left of a homing may be less than nothing: the ways are measured as well.
        var rest = ReadMeasured(fields, "homing_s", "homing_scatter_s", least: -Longest);
        var homing = new HomingBehaviour(rest ?? default, Speed("homing_x_mm_s"), Speed("homing_y_mm_s"), Speed("homing_z_mm_s"));
        var mesh = ReadMeasured(fields, "mesh_deviation_mm", "mesh_scatter_mm", least: 0);
        if (rest is null && homing != new HomingBehaviour(default, null, null, null))
        {
            fields.Refuse("homing_s", "missing beside the speeds");
        }
        return rise is null && rest is null && mesh is null ? null : new BehaviouralSnapshot
        {
            ThermalRise = rise,
            Homing = rest is null ? null : homing,
            MeshDeviation = mesh,
        };

        double? Speed(string name) => fields.OptionalNumber(name, 0.001, Fastest);
    }

    private static Measured? ReadMeasured(CborFields fields, string mean, string scatter, double least)
    {
        double? value = fields.OptionalNumber(mean, least, Longest);
        double? spread = fields.OptionalNumber(scatter, 0, Longest);
        if (value is null != spread is null)
        {
            fields.Refuse(mean, $"comes with {scatter}, or not at all");
        }
        return value is { } number ? new Measured(number, spread ?? 0) : null;
    }

    private static CborValue? Optional(double? value) => MachineLimitsCodec.Optional(value);
}
