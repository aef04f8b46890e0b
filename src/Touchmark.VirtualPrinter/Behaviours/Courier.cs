namespace Touchmark.VirtualPrinter;

/// <summary>Carries the messages of one direction in their order, each when the network lets it arrive.</summary>
internal sealed class Courier(Reactor reactor, Func<double, double> arrival)
{
    private readonly Queue<Action> underWay = new();
    private double last;

    public void Carry(Action deliver)
    {
        last = Math.Max(last, arrival(reactor.Now));
        if (last <= reactor.Now && underWay.Count == 0)
        {
            deliver();
            return;
        }

        underWay.Enqueue(deliver);
        reactor.Schedule(last, () => underWay.Dequeue()());
    }
}
