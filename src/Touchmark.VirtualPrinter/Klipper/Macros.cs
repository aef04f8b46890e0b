using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// The macros of the recorded printer's configuration, whose templates are carried out here as the G-code that they expand to, and those of
/// configuration files, whose templates are expanded (<see cref="Template"/>).
/// </summary>
internal sealed class Macros
{
    private readonly GCode gcode;
    private readonly Toolhead toolhead;
    private readonly HeatCommands heat;

    public Macros(GCode gcode, Toolhead toolhead, HeatCommands heat, PrinterConfig config, Action<string, JsonMap> callRemote, Func<string, JsonMap?> status)
    {
        this.gcode = gcode;
        this.toolhead = toolhead;
        this.heat = heat;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in config.Named("gcode_macro"))
        {
            if (!names.Add(name.ToUpperInvariant()))
                throw new CommandError($"gcode command {name.ToUpperInvariant()} already registered");
            var section = (JsonMap)config.Raw["gcode_macro " + name]!;
            if (section.TryGetValue("rename_existing", out var renamed))
                gcode.Rename(name, (string)renamed!);
            var help = section.TryGetValue("description", out var description) ? (string)description! : "G-Code macro";
            Func<GCodeCommand, string> expand = name switch
            {
                "PAUSE" => _ => Pause(),
                "RESUME" => Resume,
                "CANCEL_PRINT" => _ => Cancel(),
                "START_PRINT" => Start,
                "END_PRINT" => static _ => "TURN_OFF_HEATERS\nM106 S0\nG91\nG1 Z5 F900\nG90\nG1 X5 Y215 F6000\nM84",
                "CALL_AGENT" => command =>
                {
                    callRemote("my_remote", new JsonMap { ["x"] = (int)command.Number("X", 0, min: int.MinValue, max: int.MaxValue) });
                    return "";
                },
                _ => Expand(new Template(section.TryGetValue("gcode", out var text) ? (string)text! : ""), "gcode_macro " + name, status),
            };
            gcode.Register(name.ToUpperInvariant(), async command => await gcode.RunInsideAsync(expand(command)), help);
        }
    }

    /// <summary>A template knows the printer, the macro's variables and the call's parameters.</summary>
    private static Func<GCodeCommand, string> Expand(Template template, string name, Func<string, JsonMap?> status) => command =>
    {
        var known = new Dictionary<string, object?>(status(name)!, StringComparer.Ordinal) { ["printer"] = status, ["params"] = command.Parameters, ["rawparams"] = command.RawParameters };
        return template.Expand(known);
    };

    private bool IsHomed => toolhead.Kinematics.HomedAxes == "xyz";

    private string Park
    {
        get
        {
            var z = Math.Min(toolhead.Commanded.Z + 5, toolhead.Kinematics.AxisOf(2).Max);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"G1 Z{z} F900\nG1 X{toolhead.Kinematics.AxisOf(0).Max - 5} Y{toolhead.Kinematics.AxisOf(1).Max - 5} F6000");
        }
    }

    private string Pause()
    {
        // A template is expanded as a whole before its first line runs, messages included.
        if (!IsHomed)
            gcode.RespondInfo("Printer not homed");
        return "PAUSE_BASE\n" + (!IsHomed ? "" : (heat.Nozzle.CanExtrude ? "G91\nG1 E-1.0 F2100\nG90\n" : "") + "G90\n" + Park);
    }

    private string Resume(GCodeCommand command)
    {
        if (!heat.Nozzle.CanExtrude)
            gcode.RespondInfo("Extruder not hot enough");
        return (heat.Nozzle.CanExtrude ? "G91\nG1 E1.0 F2100\nG90\n" : "") + "RESUME_BASE " + command.RawParameters;
    }

    private string Cancel() => (IsHomed ? "G90\n" + Park + "\n" : "") + "TURN_OFF_HEATERS\nM106 S0\nCANCEL_PRINT_BASE";

    private static string Start(GCodeCommand command)
    {
        var bed = command.Number("BED_TEMP", 60);
        var nozzle = command.Number("EXTRUDER_TEMP", 200);
        return string.Create(CultureInfo.InvariantCulture, $"M140 S{bed}\nG28\nG90\nM190 S{bed}\nM109 S{nozzle}");
    }
}
