namespace Touchmark.VirtualPrinter;

/// <summary>Carries the messages of one direction in their order, each when the network lets it arrive.</summary>
internal sealed class Courier(Reactor reactor, Func<double, double> arrival)
{
    private double last;

    public void Carry(Action deliver)
    {
        last = Math.Max(last, arrival(reactor.Now));
        if (last <= reactor.Now)
            deliver();
        else
            reactor.Schedule(last, deliver);
    }
}
