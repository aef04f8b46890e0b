using System.Net;
using System.Text.Json;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Web;

public sealed class WebTests
{
    [Fact]
    public async Task Health_is_ok_once_the_database_answers()
    {
        await using var server = await ServerFactory.StartAsync();
        using var client = server.Client();

        using var answer = await client.GetAsync("/health");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task An_unknown_address_is_a_problem_with_a_code_and_a_fix()
    {
        await using var server = await ServerFactory.StartAsync();
        using var client = server.Client();

        using var answer = await client.GetAsync("/api/nothing-here");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal("NOT_FOUND", problem.RootElement.GetProperty("code").GetString());
        Assert.NotEmpty(problem.RootElement.GetProperty("fix").GetString()!);
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/api/nothing-here")]
    [InlineData("/openapi/v1.json")]
    public async Task Every_answer_carries_the_security_headers(string path)
    {
        await using var server = await ServerFactory.StartAsync();
        using var client = server.Client();

        using var answer = await client.GetAsync(path);

        Assert.Contains("script-src 'self'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Fact]
    public async Task The_API_describes_itself()
    {
        await using var server = await ServerFactory.StartAsync();
        using var client = server.Client();

        using var document = JsonDocument.Parse(await client.GetStringAsync("/openapi/v1.json"));

        var paths = document.RootElement.GetProperty("paths").EnumerateObject().ToDictionary(path => path.Name, path => path.Value);
        foreach (var path in new[] { "/api/accounts", "/api/tokens", "/api/me", "/api/designs", "/api/licences", "/api/licences/{id}/revoke", "/api/pairing-codes", "/api/enrolments", "/api/printers", "/api/catalogue", "/api/trust" })
        {
            Assert.Contains(path, paths.Keys);
            Assert.All(paths[path].EnumerateObject(), operation => Assert.NotEmpty(operation.Value.GetProperty("summary").GetString()!));
        }
    }

    [Fact]
    public async Task A_request_that_is_too_large_is_refused()
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();

        (await stranger.PostAsync("/api/tokens", new { email = new string('a', 300_000), password = "x" })).IsRefused(HttpStatusCode.RequestEntityTooLarge, "TOO_LARGE");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"email\":\"a@b\"}")]
    [InlineData("{\"email\":\"a@b\",\"password\":\"x\",\"password\":\"y\"}")]
    [InlineData("{\"email\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}}}}}")]
    public async Task A_body_that_is_not_the_JSON_that_was_asked_for_is_refused_without_echoing_it(string body)
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        (await stranger.PostAsync("/api/tokens", content)).IsRefused(HttpStatusCode.BadRequest, "BAD_REQUEST");
    }
}
