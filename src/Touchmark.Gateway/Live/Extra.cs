using System.Text.Json;
using System.Threading.Channels;

namespace Touchmark.Gateway.Live;

/// <summary>One connection of Klipper's extra, as live sessions see it.</summary>
internal sealed class Extra
{
    // A session says one thing a second. Who takes none of this many is disconnected by the limit on sending.
    private readonly Channel<Action<Utf8JsonWriter>> _words = Channel.CreateBounded<Action<Utf8JsonWriter>>(new BoundedChannelOptions(32) { SingleReader = true });

    /// <summary>What its connection has to send, in order.</summary>
    public ChannelReader<Action<Utf8JsonWriter>> Words => _words.Reader;

    /// <summary>Queues an event.</summary>
    public void Tell(string what, Action<Utf8JsonWriter> write) => _words.Writer.TryWrite(json =>
    {
        json.WriteString("event", what);
        write(json);
    });
}
