namespace Touchmark.VirtualPrinter;

/// <summary>
/// Stock Klipper's <c>[delayed_gcode]</c> (<c>delayed_gcode.py</c>): a script that runs by itself when its timer is up, unless <c>UPDATE_DELAYED_GCODE</c>
/// pushes it off. Once due it waits for the G-code mutex and can no longer be pushed off, only be made to run again.
/// </summary>
internal sealed class DelayedGCode
{
    private readonly ReactorScope scope;
    private readonly GCode gcode;
    private readonly Func<string, JsonMap?> status;
    private readonly Dictionary<string, Timed> all = new(StringComparer.Ordinal);

    public DelayedGCode(ReactorScope scope, GCode gcode, PrinterConfig config, Func<string, JsonMap?> status)
    {
        this.scope = scope;
        this.gcode = gcode;
        this.status = status;
        foreach (var name in config.Named("delayed_gcode"))
        {
            var section = "delayed_gcode " + name.ToLowerInvariant();
            var settings = (JsonMap)config.Settings[section]!;
            all[name] = new Timed(new Template(settings.TryGetValue("gcode", out var text) ? (string)text! : ""));
            Arm(all[name], settings.ContainsKey("initial_duration") ? config.Number(section, "initial_duration") : 0);
        }

        if (all.Count > 0)
            gcode.Register("UPDATE_DELAYED_GCODE", Update, "Update the duration of a delayed_gcode");
    }

    /// <summary>Those whose time runs or is up, with the seconds that are left of it.</summary>
    public JsonMap Armed()
    {
        var armed = new JsonMap();
        foreach (var (name, timed) in all.Where(entry => entry.Value.IsDue || entry.Value.Timer is { IsPending: true }))
            armed[name] = timed.IsDue ? 0.0 : timed.Due - scope.Now;
        return armed;
    }

    private void Update(GCodeCommand command)
    {
        var name = command.Text("ID");
        if (!all.TryGetValue(name, out var timed))
            throw new CommandError($"The value '{name}' is not valid for ID");
        var seconds = command.Number("DURATION", min: 0);
        if (timed.IsDue)
            timed.Again = seconds;
        else
            Arm(timed, seconds);
    }

    private void Arm(Timed timed, double seconds)
    {
        timed.Timer?.Cancel();
        timed.Due = scope.Now + seconds;
        timed.Timer = seconds > 0 ? scope.Schedule(scope.Now + seconds, () => _ = RunAsync(timed)) : null;
    }

    private async Task RunAsync(Timed timed)
    {
        var began = scope.Now;
        timed.IsDue = true;
        try
        {
            await gcode.RunScriptAsync(timed.Script.Expand(new Dictionary<string, object?> { ["printer"] = status }));
        }
        catch (CommandError)
        {
            // The console has told of it; there is nobody else to tell.
        }

        var again = timed.Again;
        (timed.IsDue, timed.Again) = (false, 0);
        if (again > 0)
            Arm(timed, Math.Max(1e-3, began + again - scope.Now));
    }

    private sealed class Timed(Template script)
    {
        public Template Script => script;

        public ReactorTimer? Timer { get; set; }

        /// <summary>When the timer is up, if it runs.</summary>
        public double Due { get; set; }

        /// <summary>The time is up, and the script waits or runs.</summary>
        public bool IsDue { get; set; }

        /// <summary>Seconds after the time was up at which it runs once more; 0 when it does not.</summary>
        public double Again { get; set; }
    }
}
