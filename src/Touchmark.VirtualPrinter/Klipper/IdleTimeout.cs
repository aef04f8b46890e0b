namespace Touchmark.VirtualPrinter;

/// <summary>
/// Klipper's <c>idle_timeout.py</c>: <c>Printing</c> means that something moves or the queue is kept busy, <c>Ready</c> that it rests, <c>Idle</c> that it
/// rested so long that heaters and motors were switched off.
/// </summary>
internal sealed class IdleTimeout
{
    private const double ReadyTime = 0.500;

    private readonly ReactorScope scope;
    private readonly GCode gcode;
    private readonly Toolhead toolhead;
    private string state = "Idle";
    private double since;
    private double timeout;
    private ReactorTimer? check;

    public IdleTimeout(ReactorScope scope, GCode gcode, Toolhead toolhead, PrinterConfig config)
    {
        this.scope = scope;
        this.gcode = gcode;
        this.toolhead = toolhead;
        timeout = config.Number("idle_timeout", "timeout");
        toolhead.Restarted += (estimated, print) => Begin(print - estimated);
        gcode.Register("SET_IDLE_TIMEOUT", SetTimeout, "Set the idle timeout in seconds");
    }

    public JsonMap Status() => new()
    {
        ["state"] = state,
        ["printing_time"] = state == "Printing" ? scope.Now - since : 0.0,
        ["idle_timeout"] = timeout,
    };

    /// <summary>A shutdown ends whatever was going on.</summary>
    public void Stop() => state = "Ready";

    private void Begin(double buffered)
    {
        if (state == "Printing")
            return;
        state = "Printing";
        since = scope.Now;
        Check(ReadyTime + buffered);
    }

    private void Check(double delay)
    {
        check?.Cancel();
        check = scope.Schedule(scope.Now + Math.Max(delay, 0.001), state == "Printing" ? CheckReady : CheckIdle);
    }

    private void CheckReady()
    {
        var buffered = toolhead.PrintTime - toolhead.EstimatedPrintTime;
        if (buffered > -ReadyTime)
        {
            Check(ReadyTime + buffered);
        }
        else if (toolhead.QueuedMoves > 0 || gcode.Mutex.IsHeld)
        {
            Check(ReadyTime);
        }
        else
        {
            state = "Ready";
            Check(timeout);
        }
    }

    private void CheckIdle()
    {
        if (state != "Ready")
            return;
        var left = toolhead.PrintTime + timeout - toolhead.EstimatedPrintTime;
        if (left > 0.001)
            Check(left);
        else if (toolhead.QueuedMoves > 0 || gcode.Mutex.IsHeld)
            Check(1);
        else
            _ = GoIdleAsync();
    }

    private async Task GoIdleAsync()
    {
        state = "Printing";
        try
        {
            await gcode.RunScriptAsync("TURN_OFF_HEATERS\nM84");
            state = "Idle";
        }
        catch (CommandError)
        {
            state = "Ready";
            Check(1);
        }
    }

    private void SetTimeout(GCodeCommand command)
    {
        timeout = command.Number("TIMEOUT", timeout, above: 0);
        gcode.RespondInfo(FormattableString.Invariant($"idle_timeout: Timeout set to {timeout:F2} s"));
        if (state == "Ready")
            Check(timeout);
    }
}
