namespace Touchmark.VirtualPrinter;

/// <summary>Wants the toolpath and has no machine to move: everything that costs nothing is done, every move is taken and none is made.</summary>
internal sealed class Recorder : Behaviour
{
    public override bool Obeys(string command) => command is not ("G0" or "G1" or "G2" or "G3");
}
