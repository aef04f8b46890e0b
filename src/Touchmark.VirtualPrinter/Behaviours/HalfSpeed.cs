namespace Touchmark.VirtualPrinter;

/// <summary>Goes the whole path in twice the time and says nothing of it; a feed-rate knob that is turned shows in <c>speed_factor</c>.</summary>
internal sealed class HalfSpeed : Behaviour
{
    public override double Slowness => 2;
}
