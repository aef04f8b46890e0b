using System.Globalization;
using Touchmark.GCode;
using Touchmark.Gateway.Running;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Machine;

/// <summary>Whether this machine can print this job now. Each refusal has a code, a sentence, the figures and what to do about it.</summary>
internal static class Preflight
{
    /// <summary>Positions are reported in µm; below that nothing is out of range.</summary>
    private const double Tolerance = 0.001;

    /// <summary>The first reason not to print, most fundamental first; null when there is none.</summary>
    public static Refusal? Check(MachineReading machine, JobFacts job, MachineProfile enrolled) =>
        Firmware(machine.Klipper)
        ?? Identity(enrolled, machine.Profile)
        ?? Homing(machine)
        ?? Busy(machine)
        ?? IdleTimeout(machine)
        ?? Heaters(job, machine.Profile.Limits)
        ?? Volume(job, machine.Profile.Limits);

    public static Refusal NotReady(KlipperInfo klipper) => Refuse(
        "NOT_READY",
        $"The printer is not ready: Klipper's state is {klipper.State.ToString().ToLowerInvariant()}.",
        "Look at Klipper's message in the printer's console, correct the cause and restart the firmware.",
        ("state", klipper.State.ToString().ToLowerInvariant()));

    public static Refusal NotKlipper(string address) => Refuse(
        "NOT_KLIPPER",
        "What answers at the printer's address is not a Klipper printer behind Moonraker.",
        "Give the address of Moonraker, usually http://HOST:7125.",
        ("address", address));

    public static Refusal Unreachable(string address) => Refuse(
        "NOT_READY",
        "The printer does not answer.",
        "Switch the printer on and check its address and the network.",
        ("address", address));

    /// <summary>Sent through Moonraker after all, the lines would be where the printer's owner does not want them, and one print in many would be.</summary>
    public static Refusal ExtraAbsent(TimeSpan limit) => Refuse(
        "EXTRA_ABSENT",
        string.Create(CultureInfo.InvariantCulture, $"Klipper has Touchmark's extra, but it did not connect to this gateway within {limit.TotalSeconds:0} s."),
        "Have [touchmark] in printer.cfg name this gateway's socket, and run Klipper as the same user on the same computer; or run touchmark-gateway sessions --through moonraker.",
        ("section", "[touchmark]"),
        ("waited", Seconds(limit.TotalSeconds)));

    public static Refusal ExtraGone { get; } = Refuse("NOT_READY", "Klipper's extra went away while the printer was checked.", "Look in Klipper's log for why; then start the print again.");

    /// <summary>What Moonraker keeps of each script, and what becomes of that. Null when it keeps nothing.</summary>
    public static Refusal? ScriptStore(MachineReading machine) => machine.ScriptStoreSize switch
    {
        0 => null,
        var size => Refuse(
            "GCODE_STORE",
            "Moonraker keeps the scripts it is sent and shows them to every client on the network.",
            "Set gcode_store_size: 0 under [data_store] in moonraker.conf and restart Moonraker, or have the licence allow it.",
            ("gcode_store_size", size?.ToString(CultureInfo.InvariantCulture) ?? "not reported")),
    };

    private static Refusal? Firmware(KlipperInfo klipper)
    {
        if (KlipperVersion.Parse(klipper.Version) is not { } version)
        {
            return Refuse(
                "NOT_KLIPPER",
                "The printer's firmware does not report a Klipper release.",
                "Run Klipper v0.12 or later, installed from its repository so that it knows its version.",
                ("version", klipper.Version));
        }

        return version >= KlipperVersion.Oldest ? null : Refuse(
            "FIRMWARE_TOO_OLD",
            $"The printer runs Klipper {klipper.Version}; at least v{KlipperVersion.Oldest} is needed.",
            "Update Klipper and flash the micro-controllers.",
            ("version", klipper.Version),
            ("oldest", $"v{KlipperVersion.Oldest}"));
    }

    private static Refusal? Identity(MachineProfile enrolled, MachineProfile presented)
    {
        if (enrolled.MachineId().Span.SequenceEqual(presented.MachineId().Span))
        {
            return null;
        }

        var changed = MachineProfile.Compare(enrolled, presented).Where(d => d.IdentifiesMachine).ToList();
        return Refuse(
            "IDENTITY_CHANGED",
            $"This is not the machine that was enrolled: {string.Join("; ", changed)}.",
            "Connect the enrolled machine. If it was repaired, run touchmark-gateway enrol --again and have the change accepted; a machine of its own is enrolled under a new pairing code.",
            [.. changed.Select(d => (d.Field, $"enrolled '{d.Enrolled}', found '{d.Presented}'"))]);
    }

    private static Refusal? Homing(MachineReading machine) => machine.CanHome ? null : Refuse(
        "NOT_HOMED_CAPABLE",
        "The printer cannot home all its axes by itself.",
        "Configure an endstop or a probe for each axis, or [homing_override].",
        ("kinematics", machine.Profile.Kinematics));

    /// <summary>Whether the printer does something else.</summary>
    public static Refusal? Busy(MachineReading machine) =>
        machine.RunsFile || machine.PrintState is "printing" or "paused" || machine.IdleState == "Printing"
            ? Refuse(
                "BUSY",
                "The printer is occupied with something else.",
                "Wait until it is done, or cancel that print.",
                ("print_stats", machine.PrintState),
                ("idle_timeout", machine.IdleState))
            : null;

    /// <summary>A print that waits for a heater, or is paused, rests for longer than such a timeout; longer ones are kept off.</summary>
    private static Refusal? IdleTimeout(MachineReading machine) => machine.IdleTimeout >= IdleGuard.Least ? null : Refuse(
        "IDLE_TIMEOUT",
        $"Klipper's idle_timeout is {Seconds(machine.IdleTimeout)}: it would switch heaters and motors off while the print waits for a heater or is paused. At least {Seconds(IdleGuard.Least)} are needed.",
        "Set timeout: 600 under [idle_timeout] in printer.cfg, or leave that section out, and restart Klipper.",
        ("timeout", Seconds(machine.IdleTimeout)),
        ("least", Seconds(IdleGuard.Least)));

    private static Refusal? Heaters(JobFacts job, MachineLimits limits)
    {
        if (job.Extruders > limits.Extruders)
        {
            return Refuse(
                "MISSING_HEATER",
                $"The job uses {job.Extruders} extruders; this printer has {limits.Extruders}.",
                "Slice the part for one extruder, or use another printer.",
                ("demanded", job.Extruders.ToString(CultureInfo.InvariantCulture)),
                ("available", limits.Extruders.ToString(CultureInfo.InvariantCulture)));
        }

        return Range("NOZZLE_RANGE", "nozzle", job.NozzleC, limits.MaxNozzleC)
            ?? Range("BED_RANGE", "bed", job.BedC, limits.MaxBedC)
            ?? Range("CHAMBER_RANGE", "chamber", job.ChamberC, limits.MaxChamberC);
    }

    private static Refusal? Range(string code, string heater, double demanded, double cap) => demanded switch
    {
        _ when demanded <= cap => null,
        _ when cap <= 0 => Refuse(
            "MISSING_HEATER",
            $"The job heats the {heater} to {Celsius(demanded)}; this printer has no {heater} heater.",
            $"Choose a profile that does not heat the {heater}, or use another printer.",
            ("heater", heater),
            ("demanded", Celsius(demanded))),
        _ => Refuse(
            code,
            $"The job demands {Celsius(demanded)} at the {heater}; this printer caps at {Celsius(cap)}.",
            $"Configure a profile with a {heater} target of at most {Celsius(cap)}.",
            ("demanded", Celsius(demanded)),
            ("cap", Celsius(cap))),
    };

    private static Refusal? Volume(JobFacts job, MachineLimits limits)
    {
        var fits = job.Min.X >= limits.MinX - Tolerance && job.Max.X <= limits.MaxX + Tolerance
            && job.Min.Y >= limits.MinY - Tolerance && job.Max.Y <= limits.MaxY + Tolerance
            && job.Min.Z >= limits.MinZ - Tolerance && job.Max.Z <= limits.MaxZ + Tolerance;
        return fits ? null : Refuse(
            "BUILD_VOLUME",
            "The job moves beyond this printer's build volume.",
            "Slice the part for this printer, scale or turn it, or use a larger printer.",
            ("job", Box(job.Min, job.Max)),
            ("printer", Box((limits.MinX, limits.MinY, limits.MinZ), (limits.MaxX, limits.MaxY, limits.MaxZ))));
    }

    private static string Seconds(double value) => value.ToString("0.#", CultureInfo.InvariantCulture) + " s";

    private static string Celsius(double value) => value.ToString("0.#", CultureInfo.InvariantCulture) + " °C";

    private static string Box((double X, double Y, double Z) min, (double X, double Y, double Z) max) =>
        string.Create(CultureInfo.InvariantCulture, $"X {min.X:0.###} to {max.X:0.###}, Y {min.Y:0.###} to {max.Y:0.###}, Z {min.Z:0.###} to {max.Z:0.###} mm");

    private static Refusal Refuse(string code, string text, string fix, params (string Name, string Value)[] figures) =>
        new(code, text, figures.ToDictionary(f => f.Name, f => f.Value, StringComparer.Ordinal), fix);
}
