namespace Touchmark.VirtualPrinter;

/// <summary>Takes its targets and stays at room temperature.</summary>
internal sealed class Unheated : Behaviour
{
    public override JsonMap Report(string name, JsonMap truth, double now)
    {
        if (name is "extruder" or "heater_bed")
            truth["temperature"] = Machine.Ambient;
        return truth;
    }
}
