namespace Touchmark.VirtualPrinter;

/// <summary>
/// The enable lines of the steppers (Klipper's <c>stepper_enable.py</c>): switched on by the first move that needs them. What was ordered counts at once, what
/// is powered when the moves before it are done.
/// </summary>
internal sealed class Motors(ReactorScope scope)
{
    public static readonly string[] Names = ["stepper_x", "stepper_y", "stepper_z", "extruder"];

    private readonly bool[] ordered = new bool[4];
    private readonly bool[] powered = new bool[4];
    private bool cut;

    public bool IsOrdered(int motor) => ordered[motor];

    public bool IsPowered(int motor) => powered[motor];

    /// <param name="motor">0 to 3, as in <see cref="Names"/>.</param>
    /// <param name="on">On or off.</param>
    /// <param name="at">Event time from which it is so.</param>
    public void Set(int motor, bool on, double at)
    {
        if (ordered[motor] == on)
            return;
        ordered[motor] = on;
        scope.Schedule(at, () => powered[motor] = on && !cut);
    }

    /// <summary>A microcontroller in shutdown drops all enable lines.</summary>
    public void Cut()
    {
        cut = true;
        Array.Clear(powered);
    }
}
