using System.Net;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Accounts;

public sealed class BootstrapTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task The_setup_token_makes_one_admin_and_no_second(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        var token = await File.ReadAllTextAsync(server.SetupTokenFile);
        using var stranger = server.Stranger();

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i =>
            stranger.PostAsync("/api/accounts", ServerFactory.NewAccount($"admin{i}@touchmark.test", null, "Touchmark", token))));

        var made = Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.Equal("admin", made["role"].GetString());
        Assert.All(answers.Where(answer => answer != made), answer => Assert.Contains(answer.Code, new[] { "SETUP_TOKEN_WRONG", "ACCOUNT_EXISTS" }));
        Assert.Equal(1, await server.Database.FirstOrDefaultAsync<long>("select count(*) from accounts", null, default));
    }

    [Fact]
    public async Task A_wrong_setup_token_makes_nothing()
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();

        var answer = await stranger.PostAsync("/api/accounts", ServerFactory.NewAccount("admin@touchmark.test", Role.Admin, "Touchmark", "guess"));

        answer.IsRefused(HttpStatusCode.Forbidden, "SETUP_TOKEN_WRONG");
    }

    [Fact]
    public async Task Only_the_engines_own_user_can_read_the_setup_token()
    {
        await using var server = await ServerFactory.StartAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(server.SetupTokenFile));
    }

    [Fact]
    public async Task The_setup_token_is_gone_once_it_is_used_and_does_not_come_back()
    {
        await using var server = await ServerFactory.StartAsync();
        await server.AdminAsync();
        Assert.False(File.Exists(server.SetupTokenFile));

        await server.RestartAsync();

        Assert.False(File.Exists(server.SetupTokenFile));
    }
}
