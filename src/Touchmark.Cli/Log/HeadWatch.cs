using Touchmark.Cli.Terminal;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;

namespace Touchmark.Cli.Log;

/// <summary>Holds a log to the head that was seen before.</summary>
internal static class HeadWatch
{
    /// <exception cref="CliFailure">The log shrank, or forked.</exception>
    public static async Task RequireGrowthAsync(IObjectReader objects, Checkpoint before, Checkpoint now, CancellationToken cancel)
    {
        if (now.Size < before.Size)
        {
            throw new CliFailure($"THE LOG SHRANK: it had {before.Size} entries a moment ago, and now shows {now.Size}.", "keep both checkpoints: they prove it");
        }

        var (root, _) = await new TileTree(objects, now.Size, now.Root).ConsistencyAsync(before.Size, cancel);
        if (root != before.Root)
        {
            throw new CliFailure($"THE LOG FORKED: the first {before.Size} of its {now.Size} entries are not those that it had a moment ago.", "keep both checkpoints: they prove it");
        }
    }
}
