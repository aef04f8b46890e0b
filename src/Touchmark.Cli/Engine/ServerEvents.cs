using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Touchmark.Cli.Engine;

/// <summary>Follows an event stream of the engine and picks it up after the last event seen when the connection breaks.</summary>
internal static class ServerEvents
{
    private const int Attempts = 10;

    public static async IAsyncEnumerable<JsonElement> FollowAsync(EngineClient engine, string path, [EnumeratorCancellation] CancellationToken cancel)
    {
        string? lastId = null;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            await using var stream = await engine.EventsAsync(path, lastId, cancel);
            var parser = SseParser.Create(stream);
            await using var events = parser.EnumerateAsync(cancel).GetAsyncEnumerator(cancel);
            while (await NextAsync(events))
            {
                lastId = parser.LastEventId is { Length: > 0 } id ? id : lastId;
                attempt = 0;
                yield return JsonSerializer.Deserialize<JsonElement>(events.Current.Data);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancel);
        }
    }

    // A broken connection ends the stream like a finished one; the caller goes on from the last id.
    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<SseItem<string>> events)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            return false;
        }
    }
}
