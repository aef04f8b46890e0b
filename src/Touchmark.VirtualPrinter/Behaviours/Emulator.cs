namespace Touchmark.VirtualPrinter;

/// <summary>
/// A program that simulates what it is sent, motion to the microsecond and heat by the data sheet, and reports that. What it does not know is the machine it
/// claims to be: how fast that one heats, how long it takes to home, its noise.
/// </summary>
internal sealed class Emulator : Behaviour
{
    public override bool IsIdeal => true;
}
