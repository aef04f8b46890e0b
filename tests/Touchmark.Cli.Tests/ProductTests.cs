using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Touchmark.Cli.Tests;

/// <summary>GTINs, labels and EPCIS, against a stand-in for the engine that keeps what it was asked.</summary>
public sealed class ProductTests : IAsyncLifetime
{
    private readonly CommandLine touchmark = new();
    private readonly List<(string Path, JsonElement Body)> asked = [];
    private WebApplication engine = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        engine = builder.Build();
        engine.Urls.Add("http://127.0.0.1:0");
        engine.MapPut("/api/designs/{id}/gtin", (JsonElement body, HttpRequest request) =>
        {
            asked.Add((request.Path, body));
            return Results.Json(new { name = "Bracket", gtin = "09520123456788" });
        });
        engine.MapPost("/api/labels", (JsonElement body, HttpRequest request) =>
        {
            asked.Add((request.Path, body));
            return body.GetProperty("sheet").GetString() == "a3"
                ? Results.Problem(detail: "There are no labels of this form.", statusCode: 400, extensions: new Dictionary<string, object?> { ["code"] = "SHEET_UNKNOWN", ["fix"] = "Choose another." })
                : Results.Bytes("%PDF-1.7"u8.ToArray(), "application/pdf");
        });
        engine.MapGet("/api/parts/{id}/epcis", (string id) => Results.Text($"{{\"part\":\"{id}\"}}", "application/ld+json"));
        await engine.StartAsync();
        touchmark.Write("session.json", JsonSerializer.SerializeToUtf8Bytes(new { engine = engine.Urls.First(), token = "bearer-of-the-test", email = "a@example.com" }));
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        touchmark.Dispose();
    }

    [Fact]
    public async Task A_design_is_given_its_GTIN()
    {
        var outcome = await touchmark.RunAsync("design", "gtin", "0197a0c0-0000-7000-8000-000000000001", "9520123456788");

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        Assert.Contains("09520123456788", outcome.Output, StringComparison.Ordinal);
        var (path, body) = Assert.Single(asked);
        Assert.Equal(("/api/designs/0197a0c0-0000-7000-8000-000000000001/gtin", "9520123456788"), (path, body.GetProperty("gtin").GetString()));
    }

    [Fact]
    public async Task Labels_of_parts_are_written_to_a_file()
    {
        var file = Path.Combine(touchmark.Home, "labels.pdf");

        var outcome = await touchmark.RunAsync("part", "label", "PPG0-A0EV-8ZB4-ERYQ", "TVSB-HJ61-B6Q0-S47E", "--sheet", "a4", "--skip", "3", "--output", file);

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        Assert.StartsWith("%PDF", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var body = Assert.Single(asked).Body;
        Assert.Equal(["PPG0-A0EV-8ZB4-ERYQ", "TVSB-HJ61-B6Q0-S47E"], body.GetProperty("parts").EnumerateArray().Select(id => id.GetString()!));
        Assert.Equal(("a4", 3), (body.GetProperty("sheet").GetString(), body.GetProperty("skip").GetInt32()));
    }

    [Fact]
    public async Task The_history_of_a_part_is_written_for_other_systems_without_an_account()
    {
        File.Delete(Path.Combine(touchmark.Home, "session.json"));
        var file = Path.Combine(touchmark.Home, "part.jsonld");

        var outcome = await touchmark.RunAsync("part", "epcis", "ppg0 aoev 8zb4 eryq", file, "--engine", engine.Urls.First());

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        Assert.Equal("""{"part":"PPG0A0EV8ZB4ERYQ"}""", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_refused_order_writes_nothing_and_says_why()
    {
        var file = Path.Combine(touchmark.Home, "labels.pdf");

        var outcome = await touchmark.RunAsync("part", "label", "PPG0-A0EV-8ZB4-ERYQ", "--sheet", "a3", "--output", file);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("SHEET_UNKNOWN", outcome.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }
}
