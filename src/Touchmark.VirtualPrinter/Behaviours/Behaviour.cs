namespace Touchmark.VirtualPrinter;

/// <summary>
/// What kind of printer this is. This one is honest: it does what it is sent, and tells what it does. Each other one overrides the few places where it lies,
/// or where its life is harder. All of it runs inside the reactor.
/// </summary>
internal class Behaviour
{
    /// <summary>Seconds between two reports of the printer's state.</summary>
    public virtual double ReportPeriod => 0.250;

    /// <summary>Time that every move takes, as a multiple of what was planned.</summary>
    public virtual double Slowness => 1;

    /// <summary>There is no machine: heaters follow the data sheet without noise, and homing takes no time.</summary>
    public virtual bool IsIdeal => false;

    /// <summary>Since when (printer clock, s) what is reported is no longer what happens; null before that, and for one that never or always lies.</summary>
    public double? LyingSince { get; private set; }

    /// <summary>Whether a command is carried out; one that is not is answered all the same.</summary>
    public virtual bool Obeys(string command) => true;

    /// <summary>A status object as it is told to clients.</summary>
    /// <param name="name">Klipper's name of the object.</param>
    /// <param name="truth">Its fields, a copy that may be changed.</param>
    /// <param name="now">Printer clock, s.</param>
    public virtual JsonMap Report(string name, JsonMap truth, double now) => truth;

    /// <summary>When a message of a client, or to one, arrives; messages of one direction never overtake each other.</summary>
    public virtual double Arrival(double now) => now;

    /// <summary>Called with every report: the time for whoever stands at the printer to do something.</summary>
    public virtual void Look(Klippy klippy)
    {
    }

    protected void Lie(double now) => LyingSince ??= now;
}

/// <summary>The status objects that show motion and heat.</summary>
internal static class Telemetry
{
    public const string Motion = "motion_report";

    public static bool Contains(string name) => name is Motion or "toolhead" or "gcode_move" or "extruder" or "heater_bed" or "fan";

    /// <summary>Filament that the machine has fed since it started, mm.</summary>
    public static double Filament(Klippy klippy) => klippy.Toolhead.History.At(klippy.Toolhead.EstimatedPrintTime).Position.E;
}

/// <summary>Runs commands at the printer, as its owner does by the buttons of a web page; an error has been told on the console.</summary>
internal static class Owner
{
    public static async Task RunAsync(Klippy klippy, string script)
    {
        try
        {
            await klippy.GCode.RunScriptAsync(script);
        }
        catch (CommandError)
        {
            // Klipper's answer is for whoever pressed the button.
        }
    }
}
