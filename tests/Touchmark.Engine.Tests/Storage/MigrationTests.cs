using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Tests.Server;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Tests.Storage;

public sealed class MigrationTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Starting_again_on_the_same_database_changes_nothing(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        var before = await AppliedAsync(server);

        await server.RestartAsync();

        Assert.Equal(before, await AppliedAsync(server));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_database_of_a_newer_engine_stops_the_start(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        await server.Database.ExecuteAsync("insert into schema_migrations (number, name, sha256, applied_at) values (9999, '9999-future.sql', '', 0)", null, default);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => server.Services.GetRequiredService<Migrations>().RunAsync(default));

        Assert.Contains("9999-future.sql", error.Message, StringComparison.Ordinal);
    }

    private static Task<IReadOnlyList<string>> AppliedAsync(ServerFactory server) =>
        server.Database.QueryAsync<string>("select name from schema_migrations order by number", null, default);
}
