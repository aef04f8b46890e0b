using System.Buffers;
using System.Globalization;
using System.Text;
using static Touchmark.GCode.RefusalList;

namespace Touchmark.GCode;

/// <summary>Checks one canonical line against the allow-list: known command, known words, sane values. At most one refusal a line.</summary>
internal sealed class LineRules(MachineLimits limits, RefusalList refusals)
{
    /// <summary>Characters with a meaning of their own to Klipper's parser (shlex) or its macro templates.</summary>
    private static readonly SearchValues<byte> Interpreted = SearchValues.Create("\\#\"'`{}$"u8);

    /// <summary>No coordinate, speed or temperature of a printer comes near it.</summary>
    private const double LargestNumber = 1e6;

    private const double LongestDwellMs = 600_000;

    private readonly MachineNames _machine = new(limits);

    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _names =
        new Dictionary<string, string>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <returns>False where the line was refused.</returns>
    public bool Allow(GCodeLine line)
    {
        if (line.Kind == GCodeLineKind.Malformed)
        {
            return Malformed(line);
        }

        string? words = line.Kind == GCodeLineKind.Classic ? CommandList.Words(line.Letter, line.Number) : null;
        if (words is not null && !_machine.IsMacro(line.Name))
        {
            return Words(line, words) && Classic(line);
        }

        if (line.Kind == GCodeLineKind.Message)
        {
            return line.Arguments.IndexOf("action:"u8) < 0
                || Refuse("COMMAND_FORBIDDEN", "A message that begins an action on the printer's host is not allowed.", "Take the message out of the slicer's custom G-code.");
        }

        return Named(line, Name(line.Name));
    }

    private bool Malformed(GCodeLine line)
    {
        ReadOnlySpan<byte> text = line.Text.IsEmpty || refusals.IsFull ? [] : line.Text[1..];
        if (text.Length >= GCodeText.MaxLineBytes - 1)
        {
            return Refuse(
                "LINE_TOO_LONG", $"The line is longer than {GCodeText.MaxLineBytes} bytes.", "Switch object labels off in the slicer, or simplify them.",
                ("most_bytes", $"{GCodeText.MaxLineBytes}"));
        }

        string word = BadWord(text);
        return Refuse("LINE_MALFORMED", $"'{word}' is not a command, word or number.", "Repair the line, or slice the model again.", ("word", word));
    }

    /// <summary>The first word that no command could have.</summary>
    private static string BadWord(ReadOnlySpan<byte> text)
    {
        Span<byte> tried = stackalloc byte[64];
        Span<byte> canonical = new byte[GCodeText.MaxLineBytes];
        ReadOnlySpan<byte> rest = text;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)' ');
            ReadOnlySpan<byte> word = end < 0 ? rest : rest[..end];
            "G1 "u8.CopyTo(tried);
            word = word[..Math.Min(word.Length, 40)];
            word.CopyTo(tried[3..]);
            if (GCodeText.Canonicalise(tried[..(3 + word.Length)], canonical) > 0 && canonical[0] == GCodeText.Malformed)
            {
                return Encoding.ASCII.GetString(word);
            }

            rest = end < 0 ? [] : rest[(end + 1)..];
        }

        return Encoding.ASCII.GetString(text[..Math.Min(text.Length, 40)]);
    }

    private bool Words(GCodeLine line, string allowed)
    {
        uint seen = 0;
        bool flags = line.Is('G', 28) || line.Is('M', 84) || line.Is('M', 18);
        foreach (GCodeWord word in line.Words)
        {
            uint bit = word.WellFormed ? 1u << (word.Letter - 'A') : 0;
            bool repeated = (seen & bit) != 0;
            if (repeated || !word.WellFormed || !(word.HasValue || flags) || Math.Abs(word.Value) > LargestNumber || !allowed.Contains(word.Letter))
            {
                return RefuseWord(Encoding.ASCII.GetString(line.Name), word, allowed, repeated);
            }

            seen |= bit;
        }

        return true;
    }

    private bool RefuseWord(string name, GCodeWord word, string allowed, bool repeated)
    {
        string letter = $"{word.Letter}";
        if (!word.WellFormed || Math.Abs(word.Value) > LargestNumber)
        {
            return Refuse("NUMBER_RANGE", $"A number of {name} is beyond any printer.", $"Keep it within {Figure(LargestNumber)}.",
                ("command", name), ("value", word.Value.ToString("R", CultureInfo.InvariantCulture)), ("most", Figure(LargestNumber)));
        }

        if (!allowed.Contains(word.Letter))
        {
            string good = allowed.Length == 0 ? "no words" : string.Join(", ", allowed.AsEnumerable());
            return Refuse("WORD_UNKNOWN", $"{name} has no word {letter} on this printer.", $"Write {name} with {good} only.", ("command", name), ("word", letter));
        }

        return repeated
            ? Refuse("WORD_REPEATED", $"{name} has the word {letter} twice.", "Write it once.", ("command", name), ("word", letter))
            : Refuse("WORD_MISSING", $"{name} {letter} has no number.", "Write the number behind the letter.", ("command", name), ("word", letter));
    }

    private bool Classic(GCodeLine line)
    {
        bool hasS = line.TryGet('S', out double s);
        switch ((char)line.Letter, line.Number)
        {
            case ('G', 0 or 1 or 2 or 3):
                return !line.TryGet('F', out double feed) || feed >= 1
                    || Refuse("SPEED_RANGE", $"F{Figure(feed)} is not a speed to print at.", "Use at least F1 (mm per minute).", ("value", Figure(feed)), ("least", "1"));
            case ('G', 4):
                return !line.TryGet('P', out double ms) || Within("DWELL_RANGE", "The wait", ms, 0, LongestDwellMs, "ms");
            case ('M', 104 or 109):
                return (!line.TryGet('T', out double tool) || Tool(tool)) && (NeedsValue(line, hasS, 'S') && Heat("NOZZLE_RANGE", "nozzle", s, limits.MaxNozzleC));
            case ('M', 140 or 190):
                return NeedsValue(line, hasS, 'S') && Heat("BED_RANGE", "bed", s, limits.MaxBedC);
            case ('M', 141 or 191):
                return NeedsValue(line, hasS, 'S') && Heat("CHAMBER_RANGE", "chamber", s, limits.MaxChamberC);
            case ('M', 106):
                return !hasS || Within("FAN_RANGE", "The fan speed", s, 0, 255, "of 255");
            case ('M', 204):
                return AccelerationOf(line, hasS, s);
            case ('M', 220):
                return !hasS || Within("FACTOR_RANGE", "The speed factor", s, 10, 300, "%");
            case ('M', 221):
                return !hasS || Within("FACTOR_RANGE", "The flow factor", s, 50, 200, "%");
            case ('T', _):
                return Tool(line.Number);
            default:
                return true;
        }
    }

    private bool NeedsValue(GCodeLine line, bool present, char letter)
    {
        string name = Encoding.ASCII.GetString(line.Name);
        return present || Refuse("WORD_MISSING", $"{name} has no {letter}; the printer would take it for 0.", $"Write {name} {letter} and the number.", ("command", name), ("word", $"{letter}"));
    }

    private bool AccelerationOf(GCodeLine line, bool hasS, double s)
    {
        bool hasP = line.TryGet('P', out double p);
        bool hasT = line.TryGet('T', out double t);
        return hasS || (hasP && hasT)
            ? Within("ACCELERATION_RANGE", "The acceleration", hasS ? s : Math.Min(p, t), 1, limits.MaxAcceleration, "mm/s²")
            : Refuse("WORD_MISSING", "M204 needs S, or both P and T, on this printer.", "Set the slicer's G-code flavour to Klipper.", ("command", "M204"));
    }

    private bool Heat(string code, string heater, double target, double most)
    {
        if (most <= 0 && target > 0)
        {
            return Refuse("MISSING_HEATER", $"The toolpath heats the {heater}, and this printer has no {heater} heater.", $"Slice without a {heater} temperature.", ("demanded_c", Figure(target)));
        }

        return (target >= 0 && target <= most) || Refuse(
            code, $"The toolpath demands {Figure(target)} °C of the {heater}; this printer caps at {Figure(most)} °C.",
            $"Slice with a {heater} target from 0 to {Figure(most)} °C.", ("demanded_c", Figure(target)), ("limit_c", Figure(most)));
    }

    private bool Tool(double tool) => (tool >= 0 && tool < limits.Extruders && tool == Math.Floor(tool)) || Refuse(
        "TOOL_RANGE", $"There is no tool T{Figure(tool)}: this printer has {limits.Extruders} extruder(s).", "Slice for one of the printer's extruders.",
        ("tool", Figure(tool)), ("extruders", $"{limits.Extruders}"));

    private bool Within(string code, string what, double value, double least, double most, string unit) => (value >= least && value <= most) || Refuse(
        code, $"{what} of {Figure(value)} {unit} is outside {Figure(least)} to {Figure(most)} {unit}.", $"Use {Figure(least)} to {Figure(most)} {unit}.",
        ("value", Figure(value)), ("least", Figure(least)), ("most", Figure(most)));

    private bool Named(GCodeLine line, string name)
    {
        if (CommandList.Forbidden(name) is { } effect)
        {
            return Refuse("COMMAND_FORBIDDEN", $"{name} {effect}; no toolpath may do that.", $"Take {name} out of the slicer's custom G-code.", ("command", name));
        }

        if (_machine.IsMacro(line.Name))
        {
            return Arguments(line, name, keys: null);
        }

        return CommandList.Keys.TryGetValue(name, out string[]? keys)
            ? Arguments(line, name, keys) && Extended(line, name)
            : Refuse("COMMAND_UNKNOWN", $"{name} is not among the commands of a protected print.", CommandList.FixFor(name), ("command", name));
    }

    private bool Arguments(GCodeLine line, string name, string[]? keys)
    {
        foreach (GCodeParameter parameter in line.Parameters)
        {
            string key = Encoding.ASCII.GetString(parameter.Key[..Math.Min(parameter.Key.Length, 40)]);
            if (!parameter.HasValue || (keys is not null && Array.IndexOf(keys, key) < 0))
            {
                return Refuse("WORD_UNKNOWN", $"{name} has no parameter {key}.", keys is null ? "Write parameters as NAME=value." : $"Use {string.Join(", ", keys)} only.", ("command", name), ("word", key));
            }

            bool message = key == "MSG";
            bool clean = message
                ? parameter.Value.IndexOfAny("\\#"u8) < 0 && parameter.Value.IndexOf("action:"u8) < 0 && Balanced(parameter.Value)
                : parameter.Value.IndexOfAny(Interpreted) < 0 && !parameter.Value.IsEmpty;
            if (!clean)
            {
                return Refuse("ARGUMENT_UNSAFE", $"The value of {name} {key} holds characters that the printer would interpret.", "Use letters, digits and . , : _ + - [ ] ( ) only.", ("command", name), ("word", key));
            }

            if (keys is null && !MacroHeat(parameter.Key, parameter.Value))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Balanced(ReadOnlySpan<byte> value)
    {
        byte quote = 0;
        foreach (byte c in value)
        {
            quote = quote != 0 ? (c == quote ? (byte)0 : quote) : (c is (byte)'"' or (byte)'\'' ? c : (byte)0);
        }

        return quote == 0;
    }

    /// <summary>Macros name temperatures as they like; a value under a name that can only be a temperature keeps to the limits all the same.</summary>
    private bool MacroHeat(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (!GCodeNumber.TryParse(value, out double number))
        {
            return true;
        }

        if (key.IndexOf("BED"u8) >= 0)
        {
            return Heat("BED_RANGE", "bed", number, limits.MaxBedC);
        }

        if (key.IndexOf("CHAMBER"u8) >= 0)
        {
            return Heat("CHAMBER_RANGE", "chamber", number, limits.MaxChamberC);
        }

        return (key.IndexOf("TEMP"u8) < 0 && key.IndexOf("EXTRUDER"u8) < 0 && key.IndexOf("NOZZLE"u8) < 0 && key.IndexOf("HOTEND"u8) < 0)
            || Heat("NOZZLE_RANGE", "nozzle", number, limits.MaxNozzleC);
    }

    private bool Extended(GCodeLine line, string name)
    {
        foreach (GCodeParameter parameter in line.Parameters)
        {
            string key = Encoding.ASCII.GetString(parameter.Key);
            bool numeric = GCodeNumber.TryParse(parameter.Value, out double value);
            bool allowed = (name, key) switch
            {
                ("ACTIVATE_EXTRUDER" or "SET_PRESSURE_ADVANCE", "EXTRUDER") => MachineNames.TryExtruder(parameter.Value, out int tool) ? Tool(tool) : NoSuchExtruder(parameter.Value),
                ("SET_HEATER_TEMPERATURE", "HEATER") => parameter.Value.SequenceEqual("heater_bed"u8)
                    || (MachineNames.TryExtruder(parameter.Value, out int heater) ? Tool(heater) : NoSuchExtruder(parameter.Value)),
                ("EXCLUDE_OBJECT_DEFINE" or "EXCLUDE_OBJECT_START" or "EXCLUDE_OBJECT_END" or "RESPOND" or "SET_DISPLAY_TEXT", _) or (_, "FAN") => true,
                _ when !numeric => Refuse("LINE_MALFORMED", $"{name} {key} is not a number.", "Write a plain decimal number.", ("command", name), ("word", key)),
                ("SET_VELOCITY_LIMIT", "VELOCITY") => Within("SPEED_RANGE", "The velocity limit", value, 1, limits.MaxVelocity, "mm/s"),
                ("SET_VELOCITY_LIMIT", "ACCEL" or "ACCEL_TO_DECEL") => Within("ACCELERATION_RANGE", "The acceleration", value, 1, limits.MaxAcceleration, "mm/s²"),
                ("SET_VELOCITY_LIMIT", "SQUARE_CORNER_VELOCITY") => Within("SPEED_RANGE", "The square corner velocity", value, 0, Math.Max(20, limits.SquareCornerVelocity), "mm/s"),
                ("SET_VELOCITY_LIMIT", _) => Within("FACTOR_RANGE", "The minimum cruise ratio", value, 0, 0.99, "of 1"),
                ("SET_PRESSURE_ADVANCE", "ADVANCE") => Within("FACTOR_RANGE", "The pressure advance", value, 0, 2, "s"),
                ("SET_PRESSURE_ADVANCE", _) => Within("FACTOR_RANGE", "The smooth time", value, 0, 0.2, "s"),
                ("SET_FAN_SPEED", _) => Within("FAN_RANGE", "The fan speed", value, 0, 1, "of 1"),
                ("SET_HEATER_TEMPERATURE", _) => HeaterTarget(line, value),
                _ => Within("NUMBER_RANGE", key, value, 0, LargestNumber, ""),
            };
            if (!allowed)
            {
                return false;
            }
        }

        return true;
    }

    private bool HeaterTarget(GCodeLine line, double value)
    {
        foreach (GCodeParameter parameter in line.Parameters)
        {
            if (parameter.Key.SequenceEqual("HEATER"u8) && parameter.Value.SequenceEqual("heater_bed"u8))
            {
                return Heat("BED_RANGE", "bed", value, limits.MaxBedC);
            }
        }

        return Heat("NOZZLE_RANGE", "nozzle", value, limits.MaxNozzleC);
    }

    private bool NoSuchExtruder(ReadOnlySpan<byte> name)
    {
        string given = Encoding.ASCII.GetString(name[..Math.Min(name.Length, 40)]);
        return Refuse("TOOL_RANGE", $"There is no extruder or bed '{given}'.", "Use extruder, extruder1 and so on, or heater_bed.", ("tool", given), ("extruders", $"{limits.Extruders}"));
    }

    /// <summary>The command as a string, without making a new one for each line.</summary>
    private string Name(ReadOnlySpan<byte> name)
    {
        Span<char> characters = stackalloc char[64];
        int length = Encoding.ASCII.GetChars(name[..Math.Min(name.Length, characters.Length)], characters);
        if (!_names.TryGetValue(characters[..length], out string? known))
        {
            known = new string(characters[..length]);
            if (_names.Dictionary.Count < 256)
            {
                _names.Dictionary[known] = known;
            }
        }

        return known;
    }

    private bool Refuse(string code, string text, string fix, params ReadOnlySpan<(string Name, string Value)> figures)
    {
        refusals.Add(code, text, fix, figures);
        return false;
    }
}
