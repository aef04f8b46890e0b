using Touchmark.Hosting.Storage;
using Touchmark.Log.Storage;
using Touchmark.Log.Tree;

namespace Touchmark.Engine.Transparency;

/// <summary>The head of the log as a row of the database: where several nodes share it, the database decides between them.</summary>
internal sealed class SqlHeadState(Database database) : IHeadState
{
    public async ValueTask<LogHead?> ReadAsync(CancellationToken cancel) =>
        await database.FirstOrDefaultAsync<Row>("select size, root, checkpoint from log_head", null, cancel) is { } row ? new LogHead(row.Size, new TreeHash(row.Root), row.Checkpoint) : null;

    public async ValueTask<bool> ReplaceAsync(LogHead? expected, LogHead next, CancellationToken cancel)
    {
        var row = new
        {
            next.Size,
            Root = next.Root.ToArray(),
            Checkpoint = next.Checkpoint.ToArray(),
            OldSize = expected?.Size,
            OldRoot = expected?.Root.ToArray(),
        };
        return await database.ExecuteAsync(
            expected is null
                ? "insert into log_head (id, size, root, checkpoint) values (1, @Size, @Root, @Checkpoint) on conflict (id) do nothing"
                : "update log_head set size = @Size, root = @Root, checkpoint = @Checkpoint where size = @OldSize and root = @OldRoot",
            row, cancel) == 1;
    }

    private sealed record Row
    {
        public long Size { get; init; }

        public byte[] Root { get; init; } = [];

        public byte[] Checkpoint { get; init; } = [];
    }
}
