using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Touchmark.Cli.Tests;

/// <summary>Signing in, against a stand-in for the engine that answers as the contract of its API says.</summary>
public sealed class LoginTests : IAsyncLifetime
{
    private readonly CommandLine _touchmark = new();
    private WebApplication _engine = null!;
    private string _trust = File.ReadAllText(CommandLine.TrustFile);
    private bool _refuses;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _engine = builder.Build();
        _engine.Urls.Add("http://127.0.0.1:0");
        _engine.MapGet("/api/trust", () => Results.Text(_trust, "application/json"));
        _engine.MapPost("/api/tokens", () => _refuses
            ? Results.Problem(title: "E-mail or password is wrong.", statusCode: 401, extensions: new Dictionary<string, object?> { ["code"] = "SIGN_IN", ["fix"] = "Check both." })
            : Results.Json(new { token = "bearer-of-the-test", expires_at = "2026-12-01T00:00:00Z" }));
        await _engine.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _touchmark.Dispose();
    }

    private Task<Outcome> Login(params string[] more) =>
        _touchmark.RunAsync(["login", _engine.Urls.First(), "--email", "a@example.com", "--password-file", _touchmark.Write("password", "a long password"u8.ToArray()), .. more]);

    [Fact]
    public async Task Signing_in_pins_the_keys_shows_their_ids_and_keeps_the_token_to_its_owner()
    {
        var outcome = await Login();
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(2, outcome.Output.Split("Pinned ").Length - 1);
        Assert.Equal(0, (await _touchmark.RunAsync("verify", _touchmark.Write("part.touchmark", CommandLine.ValidCertificate()))).ExitCode);
        Assert.DoesNotContain("bearer-of-the-test", outcome.Output, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_touchmark.Home, "session.json")));
        }
    }

    [Fact]
    public async Task Engine_that_offers_other_keys_later_is_refused_until_they_are_confirmed()
    {
        await Login();
        _trust = File.ReadAllText(Path.Combine(CommandLine.VectorFolder, "certificate/other-trust.json"));
        var outcome = await Login();
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("is not the pinned one", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await Login("--trust-new-keys")).ExitCode);
    }

    [Fact]
    public async Task Engine_that_offers_another_log_later_is_refused_until_that_is_confirmed()
    {
        await Login();
        _trust = await File.ReadAllTextAsync(CommandLine.LogTrustFile, TestContext.Current.CancellationToken);
        Assert.Equal(0, (await Login()).ExitCode);
        _trust = _trust.Replace("quorum w", "quorum none", StringComparison.Ordinal);
        var outcome = await Login();
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("another policy of its log", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await Login("--trust-new-keys")).ExitCode);
    }

    [Fact]
    public async Task Refusal_is_shown_with_its_code_and_what_to_do()
    {
        _refuses = true;
        var outcome = await Login();
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("error: E-mail or password is wrong. (SIGN_IN)", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("hint: Check both.", outcome.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_touchmark.Home, "session.json")));
    }

    [Fact]
    public async Task Address_that_is_none_is_an_error_and_not_a_crash()
    {
        var outcome = await _touchmark.RunAsync("login", "engine", "--email", "a@example.com", "--password-file", "x");
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith("error: engine is not the address of an engine.", outcome.Errors, StringComparison.Ordinal);
        outcome = await _touchmark.RunAsync("account", "create", "--engine", "engine", "--email", "a@example.com", "--password-file", "x", "--name", "A", "--role", "oem", "--setup-token-file", "x");
        Assert.StartsWith("error: engine is not the address of an engine.", outcome.Errors, StringComparison.Ordinal);
    }
}
