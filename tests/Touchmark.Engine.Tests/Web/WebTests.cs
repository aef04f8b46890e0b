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
}
