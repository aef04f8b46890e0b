using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>Messages, display, pins and objects: the commands that move and heat nothing.</summary>
internal sealed class MiscCommands
{
    private readonly GCode gcode;
    private readonly PrinterConfig config;
    private readonly Dictionary<string, JsonMap> macroVariables = new(StringComparer.Ordinal);
    private readonly JsonMap retraction;
    private readonly List<object?> objects = [];
    private readonly List<object?> excluded = [];
    private string? currentObject;
    private double caselight;
    private bool runoutEnabled = true;
    private bool retracted;

    public MiscCommands(GCode gcode, PrinterConfig config, Toolhead toolhead, Func<string> state)
    {
        this.gcode = gcode;
        this.config = config;
        retraction = new JsonMap
        {
            ["retract_length"] = config.Number("firmware_retraction", "retract_length"),
            ["retract_speed"] = config.Number("firmware_retraction", "retract_speed"),
            ["unretract_extra_length"] = config.Number("firmware_retraction", "unretract_extra_length"),
            ["unretract_speed"] = config.Number("firmware_retraction", "unretract_speed"),
        };
        foreach (var name in config.Named("gcode_macro"))
            macroVariables[name] = Variables(name);

        gcode.Register("M110", static _ => { }, whenNotReady: true);
        gcode.Register("M115", _ => gcode.RespondInfo($"FIRMWARE_NAME:Klipper FIRMWARE_VERSION:{Recorded.Section("printer_info").GetProperty("software_version").GetString()}"), whenNotReady: true);
        gcode.Register("STATUS", _ => gcode.RespondInfo($"Klipper state: {state()}"), "Report the printer status", whenNotReady: true);
        gcode.Register("ECHO", command => gcode.RespondInfo(command.Line), whenNotReady: true);
        gcode.Register("HELP", _ => Help(), "Report the list of available extended G-Code commands", whenNotReady: true);
        gcode.Register("M117", command => Message = command.RawParameters is { Length: > 0 } text ? text : null);
        gcode.Register("SET_DISPLAY_TEXT", command => Message = command.Has("MSG") ? command.Text("MSG") : null, "Set or clear the display message");
        gcode.Register("M73", command => Progress = command.Has("P") ? Math.Clamp(command.Number("P") / 100, 0, 1) : Progress);
        gcode.Register("M118", command => gcode.Respond($"echo: {command.RawParameters}"));
        gcode.Register("RESPOND", Respond, "Echo the message prepended with a prefix");
        gcode.Register("SET_PIN", command => caselight = command.Number("VALUE", min: 0, max: 1), "Set the value of an output pin");
        gcode.Register("SET_FILAMENT_SENSOR", command => runoutEnabled = command.Number("ENABLE", 1) != 0, "Sets the filament sensor on/off");
        gcode.Register("QUERY_FILAMENT_SENSOR", _ => gcode.RespondInfo("Filament Sensor runout: filament detected"), "Query the status of the Filament Sensor");
        gcode.Register("SET_GCODE_VARIABLE", SetVariable, "Set the value of a G-Code macro variable");
        gcode.Register("G10", _ => RetractAsync(toolhead, retract: true));
        gcode.Register("G11", _ => RetractAsync(toolhead, retract: false));
        gcode.Register("SET_RETRACTION", SetRetraction, "Set firmware retraction parameters");
        gcode.Register("GET_RETRACTION", _ => gcode.RespondInfo(string.Join(' ', retraction.Select(pair => FormattableString.Invariant($"{pair.Key.ToUpperInvariant()}={pair.Value:F5}")))), "Report firmware retraction parameters");
        gcode.Register("EXCLUDE_OBJECT_DEFINE", DefineObject, "Provides a summary of an object");
        gcode.Register("EXCLUDE_OBJECT_START", command => currentObject = command.Text("NAME").ToUpperInvariant(), "Marks the beginning the current object as labeled");
        gcode.Register("EXCLUDE_OBJECT_END", _ => currentObject = null, "Marks the end the current object");
        gcode.Register("EXCLUDE_OBJECT", Exclude, "Cancel moves inside a specified objects");
        gcode.Register("GET_CURRENT_SKEW", _ => gcode.RespondInfo("Current Printer Skew:\n XY: 0.000000\n XZ: 0.000000\n YZ: 0.000000"), "Report current printer skew");
    }

    public string? Message { get; private set; }

    /// <summary>Progress that M73 told of, 0 to 1; null when it told nothing.</summary>
    public double? Progress { get; set; }

    public JsonMap Macro(string name) => macroVariables[name];

    public JsonMap Retraction() => retraction;

    public JsonMap CaseLight() => new() { ["value"] = caselight };

    public JsonMap Runout() => new() { ["filament_detected"] = true, ["enabled"] = runoutEnabled };

    public JsonMap ExcludeObject() => new() { ["objects"] = objects.ToArray(), ["excluded_objects"] = excluded.ToArray(), ["current_object"] = currentObject };

    private JsonMap Variables(string macro)
    {
        var result = new JsonMap();
        foreach (var (key, value) in (JsonMap)config.Raw["gcode_macro " + macro]!)
        {
            if (key.StartsWith("variable_", StringComparison.Ordinal))
                result[key["variable_".Length..]] = Literal((string)value!);
        }

        return result;
    }

    private void Help()
    {
        var lines = gcode.Commands.Where(command => command.Help is not null).OrderBy(command => command.Name, StringComparer.Ordinal);
        gcode.RespondInfo("Available extended commands:\n" + string.Join('\n', lines.Select(command => $"{command.Name,-10}: {command.Help}")));
    }

    private void Respond(GCodeCommand command)
    {
        var kind = command.Text("TYPE", "echo").ToLowerInvariant();
        var prefix = kind switch
        {
            "echo" => "echo: ",
            "echo_no_space" => "echo:",
            "command" => "// ",
            "error" => "!! ",
            _ => throw new CommandError("RESPOND TYPE '" + kind + "' is invalid. Must be one of 'echo', 'command', or 'error'"),
        };
        gcode.Respond(command.Text("PREFIX", prefix.TrimEnd()) + (prefix.EndsWith(' ') ? " " : "") + command.Text("MSG", ""));
    }

    private void SetVariable(GCodeCommand command)
    {
        var macro = command.Text("MACRO");
        if (!macroVariables.TryGetValue(macro, out var variables))
            throw new CommandError($"The value '{macro}' is not valid for MACRO");
        var name = command.Text("VARIABLE");
        if (!variables.ContainsKey(name))
            throw new CommandError($"Unknown gcode_macro variable '{name}'");
        variables[name] = Literal(command.Text("VALUE"));
    }

    private async ValueTask RetractAsync(Toolhead toolhead, bool retract)
    {
        if (retract == retracted)
            return;
        retracted = retract;
        var length = (double)retraction["retract_length"]!;
        var step = retract ? -length : length + (double)retraction["unretract_extra_length"]!;
        var speed = (double)retraction[retract ? "retract_speed" : "unretract_speed"]! * 60;
        await gcode.RunInsideAsync(FormattableString.Invariant($"SAVE_GCODE_STATE NAME=_retract_state\nG91\nM83\nG1 E{step:F5} F{speed:F0}\nRESTORE_GCODE_STATE NAME=_retract_state"));
    }

    private void SetRetraction(GCodeCommand command)
    {
        foreach (var name in retraction.Keys.ToArray())
            retraction[name] = command.Number(name.ToUpperInvariant(), (double)retraction[name]!, min: 0);
    }

    private void DefineObject(GCodeCommand command)
    {
        if (command.Has("RESET"))
        {
            objects.Clear();
            excluded.Clear();
        }

        if (command.Has("NAME") && objects.Count < 10_000)
            objects.Add(new JsonMap { ["name"] = command.Text("NAME").ToUpperInvariant() });
    }

    private void Exclude(GCodeCommand command)
    {
        if (command.Has("RESET"))
            excluded.Clear();
        else if (command.Has("NAME") && excluded.Count < 10_000 && !excluded.Contains(command.Text("NAME").ToUpperInvariant()))
            excluded.Add(command.Text("NAME").ToUpperInvariant());
    }

    private static object Literal(string text) => text switch
    {
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        "True" => true,
        "False" => false,
        _ => text.Trim('"', '\''),
    };
}
