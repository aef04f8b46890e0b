using System.Threading.Channels;

namespace Touchmark.Moonraker;

/// <summary>
/// What Moonraker says in the order in which it said it: states to be read, and answers to secret scripts, each of which is given to its caller when the reader has
/// come to it. So nobody can learn that a script was taken over before learning of the samples that came first.
/// </summary>
internal sealed class PrinterUpdates : ChannelReader<PrinterStatus>
{
    /// <summary>Sixteen seconds at the usual four a second.</summary>
    private const int Kept = 64;

    private readonly Channel<Item> _items = Channel.CreateBounded<Item>(
        new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true, SingleWriter = true },
        // A state may be lost, the next one contains it. An answer is given: it was the oldest, so nothing that came before it is left.
        static dropped => dropped.Answered?.Invoke());

    public override Task Completion => _items.Reader.Completion;

    public void Add(PrinterStatus status) => _items.Writer.TryWrite(new Item(status, null));

    /// <summary>Runs when the reader comes to it.</summary>
    public void Add(Action answered) => _items.Writer.TryWrite(new Item(null, answered));

    /// <summary>No more will come; what is there can still be read.</summary>
    public void Complete(Exception cause) => _items.Writer.TryComplete(cause);

    /// <summary>Gives the answers that nobody read to their callers all the same.</summary>
    public void Drain()
    {
        while (TryRead(out _))
        {
        }
    }

    public override bool TryRead(out PrinterStatus item)
    {
        while (_items.Reader.TryRead(out var next))
        {
            if (next.Status is { } status)
            {
                item = status;
                return true;
            }

            next.Answered!();
        }

        item = null!;
        return false;
    }

    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => _items.Reader.WaitToReadAsync(cancellationToken);

    private readonly record struct Item(PrinterStatus? Status, Action? Answered);
}
