using System.Net;
using Microsoft.Extensions.Configuration;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Pages;

/// <summary>One click signs in as anybody: in a demonstration, from the same computer, and nowhere else.</summary>
public sealed class DemonstrationTests
{
    private static readonly string[] On = ["--demonstration", "on"];

    [Fact]
    public async Task An_engine_that_was_not_told_so_is_no_demonstration()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        var id = (await admin.GetAsync("/api/me")).IsGood().Id;
        using var browser = new Browser(server);

        await browser.TextAsync("/demonstration", HttpStatusCode.NotFound);
        using var clicked = await browser.SubmitAsync("/sign-in", "/demonstration", ("account", id.ToString("D")));

        Assert.Equal(HttpStatusCode.NotFound, clicked.StatusCode);
        Assert.DoesNotContain(browser.Cookies, cookie => cookie.Name == TokenAuthentication.Cookie);
        using var shown = await browser.GetAsync("/");
        Assert.Equal("/sign-in", shown.Headers.Location?.ToString());
    }

    [Fact]
    public async Task In_a_demonstration_one_click_signs_in_as_each_role_and_another_as_somebody_else()
    {
        await using var server = await ServerFactory.StartAsync(arguments: On);
        using var browser = new Browser(server);
        Assert.Contains("Nobody yet", await browser.TextAsync("/demonstration"), StringComparison.Ordinal);
        foreach (var role in Enum.GetValues<Role>())
        {
            using var person = await server.JoinAsync(role, $"Place of {role}");
            var id = (await person.GetAsync("/api/me")).IsGood().Id;
            using var clicked = await browser.SubmitAsync("/demonstration?to=%2F", "/demonstration", ("account", id.ToString("D")), ("to", "/"));
            Assert.Equal("/", clicked.Headers.Location?.ToString());
            var overview = await browser.TextAsync("/");
            Assert.Contains($"Place of {role}, {role.ToString().ToLowerInvariant()}", overview, StringComparison.Ordinal);
            Assert.Contains("Be somebody else", overview, StringComparison.Ordinal);
        }

        // Each click ended the session before it.
        var sessions = await server.Database.FirstOrDefaultAsync<long>("select count(*) from tokens", null, CancellationToken.None);
        Assert.Equal(Enum.GetValues<Role>().Length + 2, sessions);
    }

    [Fact]
    public async Task Who_is_not_signed_in_at_a_demonstration_chooses_somebody_and_gets_to_the_page()
    {
        await using var server = await ServerFactory.StartAsync(arguments: On);
        var id = (await (await server.AdminAsync()).GetAsync("/api/me")).IsGood().Id.ToString("D");
        using var browser = new Browser(server);

        using var asked = await browser.GetAsync("/jobs");
        Assert.Equal("/demonstration?to=%2Fjobs", asked.Headers.Location?.ToString());
        using var there = await browser.SubmitAsync("/demonstration?to=%2Fjobs", "/demonstration", ("account", id), ("to", "/jobs"));
        Assert.Equal("/jobs", there.Headers.Location?.ToString());
        using var elsewhere = await browser.SubmitAsync("/demonstration", "/demonstration", ("account", id), ("to", "//elsewhere.example/"));
        Assert.Equal("/", elsewhere.Headers.Location?.ToString());
    }

    [Theory]
    [InlineData("Host", "demonstration.example")]
    [InlineData("X-Forwarded-For", "203.0.113.9")]
    [InlineData("Forwarded", "for=203.0.113.9")]
    public async Task A_demonstration_is_not_there_under_another_name_or_through_a_proxy(string header, string value)
    {
        await using var server = await ServerFactory.StartAsync(arguments: On);
        using var http = server.Client();
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post })
        {
            using var request = new HttpRequestMessage(method, "/demonstration");
            request.Headers.TryAddWithoutValidation(header, value);
            using var answer = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_click_from_another_site_and_one_for_somebody_unknown_sign_nobody_in()
    {
        await using var server = await ServerFactory.StartAsync(arguments: On);
        var id = (await (await server.AdminAsync()).GetAsync("/api/me")).IsGood().Id.ToString("D");
        using var browser = new Browser(server);
        using var form = new FormUrlEncodedContent([new("account", id)]);

        using var forged = await browser.PostAsync("/demonstration", form, site: "cross-site");
        using var unknown = await browser.SubmitAsync("/demonstration", "/demonstration", ("account", Guid.CreateVersion7().ToString("D")));

        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        Assert.Equal("/demonstration", unknown.Headers.Location?.ToString());
        Assert.DoesNotContain(browser.Cookies, cookie => cookie.Name == TokenAuthentication.Cookie);
    }

    [Theory]
    [InlineData("--urls", "http://0.0.0.0:8080")]
    [InlineData("--urls", "http://127.0.0.1:0;http://+:8080")]
    [InlineData("--urls", "http://parts.example.com")]
    [InlineData("--public-url", "https://parts.example.com")]
    [InlineData("--proxies", "10.0.0.1")]
    [InlineData("--database", "Host=db")]
    public void A_demonstration_that_others_could_reach_does_not_start(string option, string value)
    {
        var refused = Assert.Throws<InvalidOperationException>(() => EngineOptions.Read(new ConfigurationBuilder().AddCommandLine([.. On, option, value]).Build()));

        Assert.Contains(option, refused.Message, StringComparison.Ordinal);
        Assert.False(EngineOptions.Read(new ConfigurationBuilder().AddCommandLine([option, value]).Build()).Demonstration);
    }

    [Fact]
    public async Task A_folder_in_which_people_work_is_not_opened_as_a_demonstration()
    {
        await using var server = await ServerFactory.StartAsync();
        await server.AdminAsync();

        await using var slip = Program.Create(["--data", server.Data, "--urls", "http://127.0.0.1:0", .. On]);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => slip.StartAsync());
        Assert.Contains("was not made by a demonstration", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_demonstration_starts_again_on_its_own_folder()
    {
        await using var server = await ServerFactory.StartAsync(arguments: On);
        await server.AdminAsync();
        await server.RestartAsync();

        using var browser = new Browser(server);
        Assert.Contains("Be A Person", await browser.TextAsync("/demonstration"), StringComparison.Ordinal);
    }
}
