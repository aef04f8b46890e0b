using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// The printer's configuration as its <c>configfile</c> object shows it: <c>config</c> holds the raw text of each section, <c>settings</c> the typed values
/// after defaults. Starts from the recorded printer; options and a Klipper-style file change it.
/// </summary>
internal sealed class PrinterConfig
{
    private readonly JsonMap config;
    private readonly JsonMap settings;

    private PrinterConfig(JsonMap config, JsonMap settings)
    {
        this.config = config;
        this.settings = settings;
    }

    /// <summary>The file that Klipper starts from, in the <c>config</c> folder.</summary>
    public const string MainFile = "printer.cfg";

    private const int MaxIncludes = 100;

    private int included;

    public JsonMap Raw => config;

    public JsonMap Settings => settings;

    public bool HasBed => settings.ContainsKey("heater_bed");

    public double MaxVelocity => Number("printer", "max_velocity");

    public double MaxAccel => Number("printer", "max_accel");

    public double MinimumCruiseRatio => Number("printer", "minimum_cruise_ratio");

    public double SquareCornerVelocity => Number("printer", "square_corner_velocity");

    public double MaxZVelocity => Number("printer", "max_z_velocity");

    public double MaxZAccel => Number("printer", "max_z_accel");

    public double NozzleDiameter => Number("extruder", "nozzle_diameter");

    public double FilamentArea => Math.PI * Number("extruder", "filament_diameter") * Number("extruder", "filament_diameter") / 4;

    public double MaxExtrudeRatio => Number("extruder", "max_extrude_cross_section") / FilamentArea;

    public double MaxExtrudeOnlyDistance => Number("extruder", "max_extrude_only_distance");

    public double MaxExtrudeOnlyVelocity => Number("extruder", "max_extrude_only_velocity");

    public double MaxExtrudeOnlyAccel => Number("extruder", "max_extrude_only_accel");

    public double ExtruderJump => Number("extruder", "instantaneous_corner_velocity");

    public IReadOnlyList<Axis> Axes => field ??= [AxisOf("stepper_x"), AxisOf("stepper_y"), AxisOf("stepper_z")];

    /// <summary>The configuration that <paramref name="options"/> describe, with what <c>printer.cfg</c> in <paramref name="files"/> and what it includes add to it.</summary>
    /// <exception cref="CommandError">An included file is missing.</exception>
    public static PrinterConfig Create(PrinterOptions options, Identity identity, FileStore? files)
    {
        var result = new PrinterConfig(ToMaps(Recorded.Section("config")), ToMaps(Recorded.Section("settings")));
        result.Set("mcu", "serial", identity.McuSerialPath);
        result.Set("extruder", "max_temp", options.NozzleMax);
        result.Set("printer", "max_velocity", options.MaxVelocity);
        result.Set("printer", "max_accel", options.MaxAccel);
        foreach (var (stepper, size) in new[] { ("stepper_x", options.Volume.X), ("stepper_y", options.Volume.Y), ("stepper_z", options.Volume.Z) })
            result.Set(stepper, "position_max", size);
        if (options.NoBed)
            result.Remove("heater_bed", "verify_heater heater_bed");
        else
            result.Set("heater_bed", "max_temp", options.BedMax);
        if (options.TouchmarkSocket is { } socket)
        {
            result.Add(TouchmarkExtra.Section);
            result.Set(TouchmarkExtra.Section, "socket", socket);
        }

        if (files is not null)
            result.Include(files, MainFile);
        return result;
    }

    public bool Has(string section) => settings.ContainsKey(section.ToLowerInvariant());

    public double Number(string section, string key) => Convert.ToDouble(((JsonMap)settings[section]!)[key], CultureInfo.InvariantCulture);

    public double Number(string section, string key, double otherwise) => ((JsonMap)settings[section]!).ContainsKey(key) ? Number(section, key) : otherwise;

    public string Text(string section, string key, string otherwise) =>
        settings.TryGetValue(section, out var found) && ((JsonMap)found!).TryGetValue(key, out var value) && value is string text ? text : otherwise;

    /// <summary>Names of the sections of one kind, e.g. every X of <c>[delayed_gcode X]</c>, in their own spelling.</summary>
    public IEnumerable<string> Named(string kind) =>
        config.Keys.Where(section => section.StartsWith(kind + " ", StringComparison.Ordinal)).Select(section => section[(kind.Length + 1)..]);

    private void Add(string section)
    {
        config.TryAdd(section, new JsonMap());
        settings.TryAdd(section.ToLowerInvariant(), new JsonMap());
    }

    private void Set(string section, string key, object value)
    {
        ((JsonMap)config[section]!)[key] = Convert.ToString(value, CultureInfo.InvariantCulture);
        ((JsonMap)settings[section]!)[key] = value;
    }

    private void Remove(params ReadOnlySpan<string> sections)
    {
        foreach (var section in sections)
        {
            config.Remove(section);
            settings.Remove(section);
        }
    }

    private void Include(FileStore files, string name)
    {
        if (++included > MaxIncludes || files.Read(name) is not { } content)
            throw new CommandError($"Include file '/home/pi/printer_data/config/{name}' does not exist");
        Merge(Encoding.UTF8.GetString(content).Split('\n'), files);
    }

    /// <summary>Adds the sections of a Klipper configuration text: <c>[section]</c>, <c>key: value</c>, indented continuation lines.</summary>
    private void Merge(IEnumerable<string> lines, FileStore files)
    {
        string? section = null, key = null;
        foreach (var line in lines)
        {
            if (string.IsNullOrWhiteSpace(line) || line.TrimStart()[0] is '#' or ';')
                continue;
            if (line[0] == '[' && line.IndexOf(']', StringComparison.Ordinal) is > 0 and var close)
            {
                section = line[1..close].Trim();
                key = null;
                if (section.StartsWith("include ", StringComparison.Ordinal))
                {
                    Include(files, section["include ".Length..].Trim());
                    section = null;
                    continue;
                }

                Add(section);
            }
            else if (section is not null && char.IsWhiteSpace(line[0]) && key is not null)
            {
                Put(section, key, (string)((JsonMap)config[section]!)[key]! + "\n" + line.Trim());
            }
            else if (section is not null && line.IndexOfAny([':', '=']) is > 0 and var colon)
            {
                key = line[..colon].Trim().ToLowerInvariant();
                Put(section, key, line[(colon + 1)..].Trim());
            }
        }
    }

    private void Put(string section, string key, string text)
    {
        ((JsonMap)config[section]!)[key] = text;
        object value = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : text;
        ((JsonMap)settings[section.ToLowerInvariant()]!)[key] = value;
    }

    private Axis AxisOf(string stepper) => new(
        stepper,
        Number(stepper, "position_min"),
        Number(stepper, "position_max"),
        Number(stepper, "position_endstop"),
        Number(stepper, "homing_speed"),
        Number(stepper, "second_homing_speed"),
        Number(stepper, "homing_retract_speed"),
        Number(stepper, "homing_retract_dist"));

    private static JsonMap ToMaps(JsonElement element)
    {
        var map = new JsonMap();
        foreach (var member in element.EnumerateObject())
            map[member.Name] = ToValue(member.Value);
        return map;
    }

    private static object? ToValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => ToMaps(value),
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number when value.TryGetInt64(out var whole) => whole,
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null => null,
        _ => value.Clone(),
    };
}
