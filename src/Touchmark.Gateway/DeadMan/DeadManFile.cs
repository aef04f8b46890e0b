using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.DeadMan;

/// <summary>
/// The printer's dead-man timer as it is shipped (<c>printer/klipper/touchmark.cfg</c>): its text, the names in it that the gateway speaks of, and the one
/// line of <c>printer.cfg</c> that brings it in.
/// </summary>
internal static partial class DeadManFile
{
    public const string Name = "touchmark.cfg";

    /// <summary>Code of the refusal, or of the warning when the licence allows it, for a printer without the timer.</summary>
    public const string Missing = "NO_DEAD_MAN";

    /// <summary>Time from the last word of the gateway to <see cref="RestSeconds"/>, s.</summary>
    public const double ArmSeconds = 5;

    /// <summary>The second stage: time in which a gateway that waited for Klipper's G-code mutex can still call it off, s.</summary>
    public const double RestSeconds = 3;

    public const string SafeRest = "TOUCHMARK_SAFE_REST";

    private const string Macro = "gcode_macro " + SafeRest;
    private const string IncludeLine = "[include " + Name + "]";

    /// <summary>Klipper's own block at the end of <c>printer.cfg</c> (<c>configfile.py</c>): nothing may stand behind its first line.</summary>
    private const string SaveConfig = "#*#";

    public static byte[] Content { get; } = Load();

    /// <summary>The version that the text says of itself.</summary>
    public static int Version { get; } = int.Parse(VersionLine().Match(Encoding.UTF8.GetString(Content)).Groups["version"].Value, CultureInfo.InvariantCulture);

    /// <summary>Pushes the timer off by <paramref name="seconds"/> of the printer's clock.</summary>
    public static string Arm(double seconds) =>
        string.Create(CultureInfo.InvariantCulture, $"UPDATE_DELAYED_GCODE ID=touchmark_rest DURATION=0\nUPDATE_DELAYED_GCODE ID=touchmark_deadman DURATION={seconds:0.###}");

    public const string Disarm = "UPDATE_DELAYED_GCODE ID=touchmark_deadman DURATION=0\nUPDATE_DELAYED_GCODE ID=touchmark_rest DURATION=0";

    public const string Forget = $"SET_GCODE_VARIABLE MACRO={SafeRest} VARIABLE=fired VALUE=0";

    /// <summary>Which version the printer runs; null when it runs none.</summary>
    public static async Task<int?> InstalledVersionAsync(MoonrakerClient printer, IReadOnlySet<string> objects, CancellationToken cancellationToken) =>
        objects.Contains(Macro) && Variable(await printer.QueryAsync(Macro, null, cancellationToken), "version") is { } version ? (int)version : null;

    /// <summary>Whether the timer has brought the printer to rest since it was last told to forget.</summary>
    public static async Task<bool> HasFiredAsync(MoonrakerClient printer, CancellationToken cancellationToken) =>
        Variable(await printer.QueryAsync(Macro, "fired", cancellationToken), "fired") == 1;

    /// <summary>Why a protected job is not printed on a printer with this version of the timer; null when it is.</summary>
    public static Refusal? Judge(int? installed) => installed >= Version ? null : new Refusal(
        Missing,
        installed is null
            ? "The printer has no dead-man timer: nothing would bring it to rest if this gateway died."
            : $"The printer's dead-man timer is version {installed}; version {Version} is needed.",
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["installed"] = installed?.ToString(CultureInfo.InvariantCulture) ?? "none",
            ["needed"] = Version.ToString(CultureInfo.InvariantCulture),
        },
        "Run touchmark-gateway deadman install while the printer is idle, or have the licence allow a printer without it.");

    /// <summary>The text of <c>printer.cfg</c> with the timer included before its first section. The same text when it is included already.</summary>
    public static string AddInclude(string text)
    {
        var lines = Lines(text);
        if (lines.Exists(IsInclude))
        {
            return text;
        }

        var at = lines.FindIndex(line => line.StartsWith('[') || line.StartsWith(SaveConfig, StringComparison.Ordinal));
        var newLine = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        if (at < 0)
        {
            at = lines.Count;
            if (at > 0 && !lines[^1].EndsWith('\n'))
            {
                lines[^1] += newLine;
            }
        }

        lines.Insert(at, IncludeLine + newLine);
        return string.Concat(lines);
    }

    /// <summary>The text of <c>printer.cfg</c> without the timer.</summary>
    public static string RemoveInclude(string text)
    {
        var lines = Lines(text);
        return lines.RemoveAll(IsInclude) == 0 ? text : string.Concat(lines);
    }

    private static bool IsInclude(string line) => Include().IsMatch(line);

    /// <summary>Lines with their ends, so that nothing else of a person's file changes.</summary>
    private static List<string> Lines(string text)
    {
        var lines = new List<string>();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start) is >= 0 and var found ? found + 1 : text.Length;
            lines.Add(text[start..end]);
            start = end;
        }

        return lines;
    }

    private static double? Variable(JsonElement status, string name) =>
        status.ValueKind == JsonValueKind.Object && status.TryGetProperty(Macro, out var variables) && variables.ValueKind == JsonValueKind.Object
        && variables.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : null;

    private static byte[] Load()
    {
        using var stream = typeof(DeadManFile).Assembly.GetManifestResourceStream(Name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    [GeneratedRegex(@"^variable_version: *(?<version>[0-9]+)", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"^\[include +(\./)?touchmark\.cfg\]", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Include();
}
