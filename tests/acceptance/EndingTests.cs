using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>Prints that do not come to their end.</summary>
public sealed class EndingTests
{
    [Fact]
    public async Task An_engine_that_is_killed_mid_print_comes_back_and_goes_on_with_the_print()
    {
        await using var world = new World();
        var (licence, printer) = await world.EquipAsync(prints: 2);
        var job = await world.StartJobAsync(licence, printer);
        var before = (await world.UntilAsync(job, Printing)).GetProperty("progress").GetDouble();

        await world.StopAsync("engine", crash: true);
        await world.StartEngineAsync(new Uri(world.Engine).Port);

        await world.UntilAsync(job, now => Printing(now) && now.GetProperty("progress").GetDouble() > before + 0.02);
        await world.AskAsync("maker", "job", "cancel", job);
        Assert.Equal("cancelled", World.Text(await world.FinishAsync(job), "state"));
        await world.AssertSafeAsync();
        Assert.Equal(1, (await world.AskAsync("oem", "licence", "list"))[0].GetProperty("taken").GetInt32());
    }

    [Fact]
    public async Task Another_machine_behind_the_same_address_is_refused_and_costs_no_print()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.StartPrinterAsync(seed: 1);
        await world.SignInAsync();
        var licence = await world.LicenseAsync(prints: 1);
        var printer = await world.EnrolAsync();
        var port = new Uri(world.Printer).Port;
        await world.StopAsync("printer");
        await world.StartPrinterAsync(seed: 2, port: port);
        await world.StartGatewayAsync();

        var job = await world.FinishAsync(await world.StartJobAsync(licence, printer));

        Assert.Equal("failed", World.Text(job, "state"));
        Assert.Equal("IDENTITY_CHANGED", World.Text(job.GetProperty("failure"), "code"));
        Assert.NotEmpty(World.Text(job.GetProperty("failure"), "fix"));
        Assert.Equal(0, (await world.AskAsync("oem", "licence", "list"))[0].GetProperty("taken").GetInt32());
    }

    [Fact]
    public async Task A_cancelled_print_leaves_the_printer_at_rest()
    {
        await using var world = new World();
        var (licence, printer) = await world.EquipAsync(prints: 1);
        var job = await world.StartJobAsync(licence, printer);
        await world.UntilAsync(job, Printing);

        await world.AskAsync("maker", "job", "cancel", job);
        var ended = await world.FinishAsync(job);

        Assert.Equal("cancelled", World.Text(ended, "state"));
        await world.AssertSafeAsync();
    }

    private static bool Printing(JsonElement job) => World.Text(job, "state") == "streaming" && job.GetProperty("progress").GetDouble() > 0.02;
}
