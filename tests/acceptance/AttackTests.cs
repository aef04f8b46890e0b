using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>Printers that only seem to print, as real processes: enrolled honestly, and another one behind the same address and identity on the day of the print.</summary>
public sealed class AttackTests
{
    /// <summary>Share of the print that the slowest to lie, who freezes after some honest lines, may have had confirmed.</summary>
    private const double MostProgress = 0.25;

    [Fact]
    public async Task Every_attacker_is_suspected_purged_and_costs_one_print()
    {
        string[] attackers = ["recorder", "frozen", "replay", "half-speed", "skips-extrusion", "cold", "unheated"];
        await using var world = new World();
        await world.StartEngineAsync();
        await world.StartPrinterAsync();
        await world.SignInAsync();
        var licence = await world.LicenseAsync(prints: attackers.Length);
        var printer = await world.EnrolAsync();
        var port = new Uri(world.Printer).Port;
        for (var i = 0; i < attackers.Length; i++)
        {
            await world.StopAsync("printer");
            await world.StartPrinterAsync(seed: 1, port, "--behave", attackers[i]);
            Assert.Equal(0, (await world.GatewayAsync("deadman", "install")).ExitCode);
            await world.StartGatewayAsync();

            var job = await world.FinishAsync(await world.StartJobAsync(licence, printer));

            Assert.True(World.Text(job.GetProperty("failure"), "code") == "PROXY_SUSPECTED", $"{attackers[i]}: {job}");
            Assert.InRange(job.GetProperty("progress").GetDouble(), 0, MostProgress);
            Assert.Equal(i + 1, (await world.AskAsync("oem", "licence", "list"))[0].GetProperty("taken").GetInt32());
            await AssertPurgedAsync(world);
            await world.StopAsync("gateway");
        }
    }

    /// <summary>By the printer's own truth: nothing is queued, and no heater is on.</summary>
    private static async Task AssertPurgedAsync(World world)
    {
        using var client = new HttpClient { BaseAddress = new Uri(world.Printer) };
        var state = JsonSerializer.Deserialize<JsonElement>(await client.GetByteArrayAsync("/virtual/state", TestContext.Current.CancellationToken));
        Assert.Equal(0, state.GetProperty("queued_seconds").GetDouble());
        Assert.Equal(0, state.GetProperty("nozzle").GetProperty("target").GetDouble());
    }
}
