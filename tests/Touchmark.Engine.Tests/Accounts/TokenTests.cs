using System.Net;
using System.Security.Cryptography;
using System.Text;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Accounts;

public sealed class TokenTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_token_is_good_until_it_expires(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var auditor = await server.JoinAsync(Role.Auditor, "Watchers");

        server.Time.Advance(TokenBook.Lifetime - TimeSpan.FromSeconds(1));
        (await auditor.GetAsync("/api/me")).IsGood();
        server.Time.Advance(TimeSpan.FromSeconds(1));

        (await auditor.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task Signing_out_revokes_the_token()
    {
        await using var server = await ServerFactory.StartAsync();
        using var auditor = await server.JoinAsync(Role.Auditor, "Watchers");

        (await auditor.DeleteAsync("/api/tokens/current")).IsGood();

        (await auditor.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task Tokens_are_listed_without_their_secret_and_each_can_be_ended()
    {
        await using var server = await ServerFactory.StartAsync();
        using var here = await server.JoinAsync(Role.Auditor, "Watchers");
        using var elsewhere = await server.SignInAsync(here.Email);
        using var stranger = await server.JoinAsync(Role.Auditor, "Watchers");

        var listed = (await here.GetAsync("/api/tokens")).IsGood();
        Assert.Equal(2, listed.Body.GetArrayLength());
        Assert.DoesNotContain(elsewhere.Token, listed.Text, StringComparison.Ordinal);
        var other = listed.Body.EnumerateArray().Single(token => !token.GetProperty("current").GetBoolean()).GetProperty("id").GetString();

        (await stranger.DeleteAsync($"/api/tokens/{other}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await here.DeleteAsync($"/api/tokens/{other}")).IsGood();

        (await elsewhere.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await here.GetAsync("/api/me")).IsGood();
    }

    [Fact]
    public async Task Only_the_hash_of_a_token_is_stored_and_none_is_logged()
    {
        await using var server = await ServerFactory.StartAsync();
        using var auditor = await server.JoinAsync(Role.Auditor, "Watchers");

        var hashes = await server.Database.QueryAsync<byte[]>("select hash from tokens", null, default);

        Assert.Contains(hashes, hash => hash.SequenceEqual(SHA256.HashData(Encoding.UTF8.GetBytes(auditor.Token))));
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains(auditor.Token, StringComparison.Ordinal) || line.Contains(Person.Password, StringComparison.Ordinal));
        Assert.DoesNotContain(Directory.EnumerateFiles(server.Data, "*", SearchOption.AllDirectories), file => Contains(file, auditor.Token) || Contains(file, Person.Password));
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer tmk_")]
    [InlineData("Bearer tmk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("Basic YTpi")]
    public async Task A_token_that_was_never_issued_is_refused(string header)
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();
        stranger.Http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);

        (await stranger.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task The_API_takes_no_cookie()
    {
        await using var server = await ServerFactory.StartAsync();
        using var auditor = await server.JoinAsync(Role.Auditor, "Watchers");
        using var stranger = server.Stranger();
        stranger.Http.DefaultRequestHeaders.Add("Cookie", $"{TokenAuthentication.Cookie}={auditor.Token}");

        (await stranger.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task An_unknown_address_and_a_wrong_password_are_refused_alike()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var stranger = server.Stranger();

        var unknown = await stranger.PostAsync("/api/tokens", new { email = "nobody@touchmark.test", Person.Password });
        var wrong = await stranger.PostAsync("/api/tokens", new { email = admin.Email, password = "not the password" });

        unknown.IsRefused(HttpStatusCode.Unauthorized, "SIGN_IN_REFUSED");
        Assert.Equal(unknown.Text, wrong.Text);
    }

    private static bool Contains(string file, string text) => Bytes.Of(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
}
