using System.Net;
using Touchmark.Vault.Access;
using Touchmark.Vault.Tests.Server;
using Caller = Touchmark.Vault.Tests.Server.Caller;

namespace Touchmark.Vault.Tests.Access;

public sealed class AdmissionTests
{
    [Fact]
    public async Task Nobody_signs_without_the_role()
    {
        await using var server = await VaultServer.StartAsync(roles: "reviewer,auditor,admin");
        using var local = server.Local();
        using var stranger = await server.RemoteAsync(Role.None);
        using var remote = await server.RemoteAsync(Role.Reviewer | Role.Auditor | Role.Admin);

        (await local.SignAsync(new { job_id = "job 1" })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await remote.SignAsync(new { job_id = "job 1" })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await stranger.SignAsync(new { job_id = "job 1" })).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");

        Assert.Empty(server.Hsm.Taken);
    }

    [Fact]
    public async Task A_token_with_the_role_signs_over_tcp_until_it_is_ended_or_expires()
    {
        await using var server = await VaultServer.StartAsync(roles: "");
        using var remote = await server.RemoteAsync(Role.Signer);
        (await remote.SignAsync(new { job_id = "job 1" })).IsGood();

        server.Time.Advance(TimeSpan.FromDays(2));
        (await remote.SignAsync(new { job_id = "job 2" })).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");

        using var other = await server.RemoteAsync(Role.Signer);
        var tokens = Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<AccessTokens>(server.Services);
        var held = (await tokens.ListAsync(CancellationToken.None))[^1];
        Assert.True(await tokens.EndAsync(held.Id, CancellationToken.None));
        (await other.SignAsync(new { job_id = "job 2" })).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task A_local_user_without_a_role_and_a_wrong_token_reach_nothing_but_verification()
    {
        await using var server = await VaultServer.StartAsync(roles: "");
        using var local = server.Local();

        (await local.GetAsync("/v3/posture")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await local.GetAsync("/v3/bundles")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        // A token that is wrong is not made good by who sends it.
        local.Http.DefaultRequestHeaders.Authorization = new("Bearer", "tmv_" + new string('A', 43));
        (await local.GetAsync("/v3/posture")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await local.PostAsync("/v3/verify", Caller.Cbor([1, 2, 3]))).IsGood();
    }

    [Fact]
    public async Task The_socket_is_for_its_user_and_group()
    {
        await using var server = await VaultServer.StartAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(server.Socket));
    }

    [Fact]
    public async Task The_database_holds_no_token()
    {
        await using var server = await VaultServer.StartAsync();
        using var remote = await server.RemoteAsync(Role.Signer);
        var secret = remote.Http.DefaultRequestHeaders.Authorization!.Parameter!;
        await server.StopAsync();

        foreach (var file in Directory.GetFiles(server.Data, "touchmark.db*"))
        {
            Assert.DoesNotContain(secret, await File.ReadAllTextAsync(file, System.Text.Encoding.Latin1), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--listen", "http://0.0.0.0:7430")]
    [InlineData("--listen", "http://vault.example:7430")]
    [InlineData("--listen", "https://127.0.0.1:7430/x")]
    [InlineData("--signer", "user:nobody-of-this-name")]
    [InlineData("--signer", "everybody")]
    [InlineData("--manifest-hours", "0")]
    public void Options_that_cannot_be_meant_stop_the_start(string option, string value)
    {
        var refused = Assert.Throws<InvalidOperationException>(() => Program.Create([option, value]));

        Assert.Contains(option, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_address_says_who_may_call_it()
    {
        await using var server = await VaultServer.StartAsync(roles: "");
        using var local = server.Local();
        var paths = (await local.GetAsync("/openapi/v3.json")).IsGood()["paths"];

        foreach (var path in paths.EnumerateObject())
        {
            foreach (var method in path.Value.EnumerateObject().Where(_ => path.Name != "/v3/verify"))
            {
                using var request = new HttpRequestMessage(HttpMethod.Parse(method.Name), System.Text.RegularExpressions.Regex.Replace(path.Name, "{[^}]*}", Guid.Empty.ToString(), System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
                if (method.Value.TryGetProperty("requestBody", out var body))
                {
                    request.Content = new ByteArrayContent([]) { Headers = { ContentType = new(body.GetProperty("content").EnumerateObject().First().Name) } };
                }

                using var answer = await local.Http.SendAsync(request);
                Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{method.Name} {path.Name} answers {answer.StatusCode} to whoever has no role");
            }
        }
    }
}
