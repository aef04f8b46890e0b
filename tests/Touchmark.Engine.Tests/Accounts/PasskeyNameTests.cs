using System.Net;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Accounts;

/// <summary>What a passkey is called.</summary>
public sealed class PasskeyNameTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_passkey_gets_another_name_by_page_and_api_from_its_owner_alone_and_the_trail_has_both(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage, arguments: ["--public-url", "https://parts.example.com"]);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        using var browser = await Browser.OfAsync(server, person);
        using var others = await Browser.OfAsync(server, rival);
        using var device = new SoftPasskey();
        await PasskeyTests.AddAsync(browser, device);
        var id = (await server.Database.FirstOrDefaultAsync<string>("select id from passkeys", null, default))!;

        using (var renamed = await browser.SubmitAsync("/account", "/account/passkeys/rename", ("passkey", id), ("new-name", "  Blue phone ")))
        {
            Assert.Equal("/account#passkeys", renamed.Headers.Location?.ToString());
        }

        using (var refused = await browser.SubmitAsync("/account", "/account/passkeys/rename", ("passkey", id), ("new-name", new string('n', 61))))
        {
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains($"value=\"{new string('n', 61)}\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using (var stolen = await others.SubmitAsync("/account", "/account/passkeys/rename", ("passkey", id), ("new-name", "mine")))
        {
            Assert.Equal(HttpStatusCode.NotFound, stolen.StatusCode);
        }

        (await rival.PutAsync($"/api/me/passkeys/{id}/name", new { name = "mine" })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        Assert.Contains("Blue phone", await browser.TextAsync("/account"), StringComparison.Ordinal);
        // Whoever adds a passkey is signed out elsewhere; with the API it is tried by an account that still is signed in, as the owner.
        await server.Database.ExecuteAsync("update passkeys set account_id = @account", new { account = (await rival.GetAsync("/api/me")).IsGood().Id.ToString("D") }, default);
        (await rival.PutAsync($"/api/me/passkeys/{id}/name", new { name = "Red phone" })).IsGood();
        Assert.Equal("Red phone", (await rival.GetAsync("/api/me/passkeys")).IsGood().Body[0].GetProperty("name").GetString());
        var admin = await server.AdminAsync();
        var acts = (await admin.GetAsync("/api/audit?act=account.passkey_renamed")).IsGood().Body.ToString();
        Assert.Contains("my phone", acts, StringComparison.Ordinal);
        Assert.Contains("Blue phone", acts, StringComparison.Ordinal);
        Assert.DoesNotContain("mine", acts, StringComparison.Ordinal);
    }
}
