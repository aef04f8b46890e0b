using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>A heater that grows weak in the middle of a print.</summary>
public sealed class AdjustmentTests
{
    [Fact]
    public async Task A_heater_that_sags_is_met_within_the_licence_and_the_certificate_says_how()
    {
        await using var world = new World();
        var (licence, printer) = await world.EquipAsync(prints: 1);
        var job = await world.StartJobAsync(licence, printer);

        await world.UntilAsync(job, static state => Session(state) is { } session && session.GetProperty("motion_executed_s").GetDouble() > 30);
        using (var client = new HttpClient { BaseAddress = new Uri(world.Printer) })
        {
            using var fault = new StringContent("""{"fault":"heater_weak"}""");
            (await client.PostAsync("/virtual/fault", fault)).EnsureSuccessStatusCode();
        }

        var live = await world.UntilAsync(job, static state => Session(state) is { } session && session.TryGetProperty("adjusted", out _));
        var done = await world.FinishAsync(job);

        Assert.NotEmpty(World.Text(Session(live)!.Value.GetProperty("adjusted"), "why"));
        Assert.True(World.Text(done, "state") == "done", done.ToString());
        var certificate = await world.AskAsync("maker", "certificate", "show", World.Text(done, "certificate_id"));
        var changes = certificate.GetProperty("adjustments").EnumerateArray().ToArray();
        Assert.Contains(changes, static change => World.Text(change, "what") == "speed_factor" && World.Text(change, "by") == "engine" && change.GetProperty("to").GetDouble() < 1);
        Assert.All(changes.Where(static change => World.Text(change, "what") == "speed_factor"), static change => Assert.InRange(change.GetProperty("to").GetDouble(), 0.8, 1));
        Assert.Contains(changes, static change => World.Text(change, "what") == "nozzle_target_c" && World.Text(change, "by") == "engine");
        var challenges = certificate.GetProperty("challenges");
        Assert.True(challenges.GetProperty("answered").GetInt32() > 0, certificate.ToString());
        Assert.Equal(0, challenges.GetProperty("missed").GetInt32());
    }

    private static JsonElement? Session(JsonElement state) =>
        state.TryGetProperty("session", out var session) && session.ValueKind == JsonValueKind.Object ? session : null;
}
