using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Touchmark.Engine.Tests.Accounts;

/// <summary>An identity provider on the loopback (OpenID Connect, code flow with PKCE) that knows one person, and says of them what a test wants it to say.</summary>
internal sealed class StandInProvider : IAsyncDisposable
{
    private const string ClientId = "touchmark-test";
    private const string Secret = "the client's own secret";

    private readonly WebApplication app;
    private readonly string secretFile = Path.GetTempFileName();
    private readonly ConcurrentDictionary<string, Dictionary<string, string?>> codes = new(StringComparer.Ordinal);
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    private StandInProvider(WebApplication app) => this.app = app;

    public string Issuer => app.Urls.Single();

    /// <summary>When its tokens are made: where the clock of <c>FakeTime</c> begins, unless a test says otherwise.</summary>
    public DateTimeOffset Now { get; set; } = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);

    /// <summary>Changes the claims of an honest token.</summary>
    public Action<Dictionary<string, object?>> Claims { get; set; } = _ => { };

    /// <summary>Instead of an honest answer of the token endpoint; null for that.</summary>
    public Func<HttpContext, Task>? Instead { get; set; }

    public int Exchanges { get; private set; }

    /// <summary>What an engine is told of it.</summary>
    public string[] Options =>
        ["--oidc-issuer", Issuer, "--oidc-authorize", $"{Issuer}/authorize", "--oidc-token", $"{Issuer}/token", "--oidc-client", ClientId, "--oidc-secret", secretFile, "--oidc-name", "Acme"];

    public static async Task<StandInProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        var provider = new StandInProvider(server);
        await File.WriteAllTextAsync(provider.secretFile, Secret + "\n");
        server.MapGet("/authorize", provider.Authorize);
        server.MapPost("/token", provider.TokenAsync);
        await server.StartAsync();
        return provider;
    }

    /// <summary>What a browser does that is sent here: path and query to which the provider sends it back.</summary>
    public async Task<string> VisitAsync(Uri asked)
    {
        Assert.StartsWith($"{Issuer}/authorize?", asked.ToString(), StringComparison.Ordinal);
        using var answer = await http.GetAsync(asked);
        return answer.Headers.Location!.PathAndQuery;
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.DisposeAsync();
        File.Delete(secretFile);
    }

    private IResult Authorize(HttpRequest request)
    {
        var asked = request.Query.ToDictionary(part => part.Key, part => (string?)part.Value.ToString(), StringComparer.Ordinal);
        Assert.Equal(("code", "openid email", "S256", ClientId), (asked["response_type"], asked["scope"], asked["code_challenge_method"], asked["client_id"]));
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        codes[code] = asked;
        return Results.Redirect(QueryHelpers.AddQueryString(asked["redirect_uri"]!, new Dictionary<string, string?> { ["code"] = code, ["state"] = asked["state"] }));
    }

    private async Task TokenAsync(HttpContext context)
    {
        Exchanges++;
        if (Instead is { } other)
        {
            await other(context);
            return;
        }

        var form = await context.Request.ReadFormAsync();
        if (form["client_secret"] != Secret || form["client_id"] != ClientId || !codes.TryRemove(form["code"].ToString(), out var asked) || form["redirect_uri"] != asked["redirect_uri"]
            || Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != asked["code_challenge"])
        {
            await Results.Json(new { error = "invalid_grant" }, statusCode: 400).ExecuteAsync(context);
            return;
        }

        var claims = new Dictionary<string, object?>
        {
            ["iss"] = Issuer, ["aud"] = ClientId, ["sub"] = "person-1", ["nonce"] = asked["nonce"], ["iat"] = Now.ToUnixTimeSeconds(), ["exp"] = Now.AddMinutes(5).ToUnixTimeSeconds(), ["email"] = "somebody@acme.test", ["email_verified"] = true,
        };
        Claims(claims);
        var token = $"{Part(new { alg = "none" })}.{Part(claims)}.x";
        await Results.Json(new { access_token = "unused", token_type = "Bearer", id_token = token }).ExecuteAsync(context);
    }

    private static string Part(object value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));
}
