using System.Globalization;

namespace Touchmark.Streaming;

/// <summary>
/// The lines that leave a machine safe: heaters off, fans full, nozzle lifted by 10 mm within the volume and parked, motors off except Z. Each line stands
/// for itself, so that one that this printer does not know or refuses takes no other with it.
/// </summary>
public static class SafeRest
{
    /// <summary>Lift, mm.</summary>
    private const double Lift = 10;

    /// <summary>What may still be queued in the printer can raise the head by about a layer after the sample that the lift is computed from, mm.</summary>
    private const double Margin = 1;

    /// <summary>Distance of the parking place from the edges of the volume, mm.</summary>
    private const double ParkingInset = 5;

    /// <summary>Speed of lift and travel, mm/min as G-code has it.</summary>
    private const double LiftFeed = 600;

    private const double TravelFeed = 6000;

    /// <param name="profile">The machine.</param>
    /// <param name="last">Its last sample, null when there is none. The head is moved only when it was ready and knew where its axes are.</param>
    public static IReadOnlyList<string> Lines(MachineProfile profile, PrinterSample? last)
    {
        var lines = new List<string> { "TURN_OFF_HEATERS", "M106 S255" };
        if (last is { SpeedFactor: < 1 })
        {
            // A challenge or an adjustment of the engine may be under way: the next print of this printer is not to be slower for it.
            lines.Add("M220 S100");
        }
        if (last is { State: PrinterState.Ready } sample)
        {
            AddMoves(lines, profile, sample);
        }
        if (IsBox(profile))
        {
            // Z keeps holding: a bed or gantry that sinks would press the part against the nozzle. Where a belt moves X and Z together, X holds Z.
            lines.AddRange(["SET_STEPPER_ENABLE STEPPER=stepper_y ENABLE=0", "SET_STEPPER_ENABLE STEPPER=extruder ENABLE=0"]);
            if (profile.Kinematics is not ("corexz" or "hybrid_corexz"))
            {
                lines.Add("SET_STEPPER_ENABLE STEPPER=stepper_x ENABLE=0");
            }
        }
        return lines;
    }

    private static void AddMoves(List<string> lines, MachineProfile profile, in PrinterSample sample)
    {
        var limits = profile.Limits;
        if (!sample.Homed.HasFlag(HomedAxes.Z))
        {
            return;
        }
        double lift = Math.Clamp(limits.MaxZ - Margin - sample.Z, 0, Lift);
        if (lift > 0)
        {
            // Relative, because the toolpath may have shifted the origin.
            lines.AddRange(["G91", Invariant($"G1 Z{lift:0.###} F{LiftFeed}"), "G90"]);
        }
        if (sample.Homed == HomedAxes.All && (IsBox(profile) || profile.Kinematics == "delta"))
        {
            double x = profile.Kinematics == "delta" ? 0 : Math.Min(limits.MinX + ParkingInset, limits.MaxX);
            double y = profile.Kinematics == "delta" ? 0 : Math.Max(limits.MaxY - ParkingInset, limits.MinY);
            lines.AddRange(["G90", Invariant($"G1 X{x:0.###} Y{y:0.###} F{TravelFeed}")]);
        }
    }

    /// <summary>Whether the head can go to each corner of the volume, and each axis has motors of its own names.</summary>
    private static bool IsBox(MachineProfile profile) => profile.Kinematics is "cartesian" or "corexy" or "corexz" or "hybrid_corexy" or "hybrid_corexz";

    private static string Invariant(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
}
