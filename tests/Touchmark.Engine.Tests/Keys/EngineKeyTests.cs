using System.Security.Cryptography;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Keys;

public sealed class EngineKeyTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task The_keys_stay_the_same_over_a_restart(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var before = server.Stranger();
        var trust = (await before.GetAsync("/api/trust")).IsGood().Text;

        await server.RestartAsync();

        using var after = server.Stranger();
        Assert.Equal(trust, (await after.GetAsync("/api/trust")).IsGood().Text);
    }

    [Fact]
    public async Task Only_the_engines_own_user_can_read_the_master_key()
    {
        await using var server = await ServerFactory.StartAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(server.Data, "master.key")));
    }

    [Fact]
    public async Task A_missing_master_key_stops_the_start_and_no_new_one_is_made()
    {
        await using var server = await ServerFactory.StartAsync();
        File.Delete(Path.Combine(server.Data, "master.key"));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(server.RestartAsync);

        Assert.Contains("master.key", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(server.Data, "master.key")));
    }

    [Fact]
    public async Task A_master_key_of_another_engine_stops_the_start()
    {
        await using var server = await ServerFactory.StartAsync();
        await File.WriteAllBytesAsync(Path.Combine(server.Data, "master.key"), RandomNumberGenerator.GetBytes(32));

        await Assert.ThrowsAsync<InvalidOperationException>(server.RestartAsync);
    }

    [Fact]
    public async Task A_master_key_that_others_can_read_stops_the_start()
    {
        await using var server = await ServerFactory.StartAsync();
        File.SetUnixFileMode(Path.Combine(server.Data, "master.key"), UnixFileMode.UserRead | UnixFileMode.OtherRead);

        await Assert.ThrowsAsync<UnauthorizedAccessException>(server.RestartAsync);
    }
}
