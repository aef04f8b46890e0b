using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Transparency;
using Touchmark.Log.Storage;
using Touchmark.Log.Tree;

namespace Touchmark.Engine.Tests.Transparency;

/// <summary>The head of the log in both databases: only one of two replacements of the same head succeeds.</summary>
public sealed class SqlHeadStateTests
{
    private static readonly LogHead First = Head(1);

    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_head_is_made_once(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        var state = await EmptyAsync(server);

        Assert.Null(await state.ReadAsync(default));
        Assert.True(await state.ReplaceAsync(null, First, default));
        Assert.False(await state.ReplaceAsync(null, Head(2), default));

        var read = await state.ReadAsync(default);
        Assert.True(First.IsSameTree(read));
        Assert.Equal(First.Checkpoint.ToArray(), read!.Checkpoint.ToArray());
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_head_is_replaced_only_if_it_is_the_one_that_was_expected(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        var state = await EmptyAsync(server);
        await state.ReplaceAsync(null, First, default);

        Assert.False(await state.ReplaceAsync(First with { Size = 5 }, Head(2), default));
        Assert.False(await state.ReplaceAsync(First with { Root = Head(5).Root }, Head(2), default));
        Assert.True(await state.ReplaceAsync(First, Head(2), default));
        Assert.False(await state.ReplaceAsync(First, Head(3), default));

        Assert.True(Head(2).IsSameTree(await state.ReadAsync(default)));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_many_that_replace_the_same_head_at_once_one_succeeds(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        var state = await EmptyAsync(server);
        await state.ReplaceAsync(null, First, default);

        var answers = await Task.WhenAll(Enumerable.Range(2, 8).Select(size => state.ReplaceAsync(First, Head(size), default).AsTask()));

        Assert.Single(answers, answer => answer);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task While_an_engine_writes_the_log_nobody_else_may(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);

        Assert.Null(await server.Database.Dialect.TryHoldLogAsync(default));
    }

    // The engine has a log of its own, which its writer, holding its own state in memory, does not miss here.
    private static async Task<SqlHeadState> EmptyAsync(ServerFactory server)
    {
        await server.Database.ExecuteAsync("delete from log_head", null, default);
        return new SqlHeadState(server.Database);
    }

    private static LogHead Head(int size) => new(size, TreeHash.OfLeaf([(byte)size]), new byte[] { 1, 2, (byte)size });
}
