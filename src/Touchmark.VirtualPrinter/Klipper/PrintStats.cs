namespace Touchmark.VirtualPrinter;

/// <summary>Klipper's <c>print_stats.py</c>: what the file that is being printed from the printer's own storage has come to.</summary>
internal sealed class PrintStats
{
    private readonly ReactorScope scope;
    private readonly MoveCommands moves;
    private string filename = "";
    private string message = "";
    private double? started;
    private double? pausedAt;
    private double paused;
    private double initial;
    private double total;
    private double filament;
    private double lastE;
    private object? totalLayer;
    private object? currentLayer;

    public PrintStats(ReactorScope scope, GCode gcode, MoveCommands moves)
    {
        this.scope = scope;
        this.moves = moves;
        gcode.Register("SET_PRINT_STATS_INFO", SetInfo, "Pass slicer info like layer act and total to klipper");
    }

    public string State { get; private set; } = "standby";

    public void Select(string file)
    {
        Reset();
        filename = file;
    }

    public void Reset()
    {
        filename = message = "";
        State = "standby";
        started = pausedAt = null;
        paused = initial = total = filament = 0;
        totalLayer = currentLayer = null;
    }

    public void Start()
    {
        if (started is null)
            started = scope.Now;
        else if (pausedAt is { } at)
            paused += scope.Now - at;
        pausedAt = null;
        lastE = moves.Last.E;
        State = "printing";
        message = "";
    }

    public void Pause()
    {
        if (pausedAt is not null || started is null)
            return;
        CountFilament();
        pausedAt = scope.Now;
        if (State != "error")
            State = "paused";
    }

    /// <summary>Ends the print as <c>complete</c>, <c>cancelled</c> or <c>error</c>.</summary>
    public void Finish(string state, string? error = null)
    {
        if (started is null)
            return;
        if (pausedAt is null)
            CountFilament();
        var status = Status();
        total = (double)status["total_duration"]!;
        initial = total - (double)status["print_duration"]!;
        State = state;
        message = error ?? "";
        started = null;
    }

    public JsonMap Status()
    {
        var whole = total;
        var printing = total - initial;
        if (started is { } start)
        {
            var rest = paused + (pausedAt is { } at ? scope.Now - at : 0);
            if (pausedAt is null && State == "printing")
                CountFilament();
            whole = scope.Now - start;
            if (filament < 1e-7)
                initial = whole - rest;
            printing = whole - initial - rest;
        }

        return new JsonMap
        {
            ["filename"] = filename,
            ["total_duration"] = whole,
            ["print_duration"] = printing,
            ["filament_used"] = filament,
            ["state"] = State,
            ["message"] = message,
            ["info"] = new JsonMap { ["total_layer"] = totalLayer, ["current_layer"] = currentLayer },
        };
    }

    public void SetLayers(long total, long current)
    {
        totalLayer = (int)Math.Min(total, int.MaxValue);
        currentLayer = (int)Math.Min(current, total);
    }

    private void CountFilament()
    {
        filament += (moves.Last.E - lastE) / moves.ExtrudeFactor;
        lastE = moves.Last.E;
    }

    private void SetInfo(GCodeCommand command)
    {
        if (command.Has("TOTAL_LAYER"))
        {
            totalLayer = (int)command.Number("TOTAL_LAYER", min: 0, max: int.MaxValue);
            currentLayer = 0;
        }

        if (command.Has("CURRENT_LAYER") && totalLayer is int layers)
            currentLayer = Math.Min((int)command.Number("CURRENT_LAYER", min: 0, max: int.MaxValue), layers);
    }
}
