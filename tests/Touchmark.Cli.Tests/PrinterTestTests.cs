using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Touchmark.Cli.Tests;

/// <summary><c>touchmark printer-test</c> against engines that fail it; one that passes it is in tests/acceptance.</summary>
public sealed class PrinterTestTests : IAsyncLifetime
{
    private readonly CommandLine _touchmark = new();
    private readonly List<string> _asked = [];
    private WebApplication _engine = null!;
    private bool _refusesSignIn;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _engine = builder.Build();
        _engine.Urls.Add("http://127.0.0.1:0");
        _engine.Use((context, next) =>
        {
            _asked.Add($"{context.Request.Method} {context.Request.Path}");
            return next(context);
        });
        _engine.MapPost("/api/tokens", () => _refusesSignIn
            ? Results.Problem(title: "E-mail or password is wrong.", statusCode: 401, extensions: new Dictionary<string, object?> { ["code"] = "SIGN_IN_REFUSED", ["fix"] = "Check both." })
            : Results.Json(new { token = "tmk_bearer-of-the-test", expires_at = "2026-12-01T00:00:00Z" }));
        _engine.MapDelete("/api/tokens/current", () => Results.NoContent());
        _engine.MapGet("/api/me", () => Results.Json(new { role = "manufacturer" }));
        // As an engine answers that knows no printer tokens yet.
        _engine.MapPost("/api/enrolments", () => Results.Json(new { printer_id = "0198a5f3-0000-7000-8000-000000000001" }, statusCode: 201));
        _engine.MapPost("/api/printers/{id}/revoke", () => Results.Json(new { }));
        await _engine.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _touchmark.Dispose();
    }

    [Fact]
    public async Task A_refused_sign_in_is_told_with_its_code_and_nothing_else_is_tried()
    {
        _refusesSignIn = true;
        var outcome = await TestAsync();
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("E-mail or password is wrong. (SIGN_IN_REFUSED) (Check both.)", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("– registration", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(["POST /api/tokens"], _asked);
    }

    [Fact]
    public async Task A_printer_that_was_registered_is_revoked_even_where_the_test_fails()
    {
        var outcome = await TestAsync("--debug");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("✓ sign-in", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("✗ registration", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("older than printer tokens", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(["POST /api/printers/0198a5f3-0000-7000-8000-000000000001/revoke", "DELETE /api/tokens/current"], _asked[^2..]);
        Assert.Contains("POST /api/enrolments: 201 in ", outcome.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("bearer-of-the-test", outcome.Output + outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_halves_alone_are_none()
    {
        var outcome = await TestAsync("--refresh-only", "--decrypt-only");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Empty(_asked);
    }

    private Task<Outcome> TestAsync(params string[] more) =>
        _touchmark.RunAsync(["printer-test", "--engine", _engine.Urls.First(), "--email", "a@example.com", "--password-file", _touchmark.Write("password", "a long password"u8.ToArray()), .. more]);
}
