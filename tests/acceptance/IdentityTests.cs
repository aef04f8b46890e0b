namespace Touchmark.Acceptance;

/// <summary>Another machine with the same serial numbers: what the identifiers alone do not tell.</summary>
public sealed class IdentityTests
{
    [Fact]
    public async Task A_machine_that_behaves_like_another_one_prints_nothing_until_it_is_accepted()
    {
        await using var world = new World();
        var (licence, printer) = await world.EquipAsync(prints: 2, repeats: 3);

        await PrintAsync(world, licence, printer);
        Assert.Equal(1, await TakenAsync(world));

        var port = new Uri(world.Printer).Port;
        await world.StopAsync("gateway");
        await world.StopAsync("printer");
        await world.StartPrinterAsync(port: port, more: ["--heater-power", "0.6", "--homing-speed", "0.5"]);
        Assert.Equal(0, (await world.GatewayAsync("deadman", "install")).ExitCode);
        await world.StartGatewayAsync();
        var refused = await world.FinishAsync(await world.StartJobAsync(licence, printer));
        var failure = refused.GetProperty("failure");
        Assert.Equal(("failed", "IDENTITY_CHANGED"), (World.Text(refused, "state"), World.Text(failure, "code")));
        Assert.Matches(@"behave like the one that was enrolled: homing took \d+\.\d s, enrolled \d+\.\d s ± \d\.\d s\.", World.Text(failure, "text"));
        Assert.Contains("--again", World.Text(failure, "fix"), StringComparison.Ordinal);
        Assert.Equal(1, await TakenAsync(world));
        await world.AssertSafeAsync();

        await world.StopAsync("gateway");
        var enrolment = await world.EnrolAgainAsync(repeats: 3);
        var waiting = Assert.Single((await world.AskAsync("oem", "printer", "changes")).EnumerateArray());
        Assert.Contains(waiting.GetProperty("differences").EnumerateArray(), difference => difference.GetString()!.StartsWith("heating the nozzle", StringComparison.Ordinal));
        var early = await world.AsAsync("maker", "job", "start", "--licence", licence, "--printer", printer, "--quality", "draft");
        Assert.Contains("PRINTER_CHANGED", early.Errors, StringComparison.Ordinal);
        Assert.Equal("accepted", World.Text(await world.AskAsync("oem", "printer", "accept", enrolment), "state"));

        await world.StartGatewayAsync();
        await PrintAsync(world, licence, printer);
    }

    /// <summary>Prints to the end; homing and heating were compared, and say so by saying nothing.</summary>
    private static async Task PrintAsync(World world, string licence, string printer)
    {
        var job = await world.FinishAsync(await world.StartJobAsync(licence, printer));
        Assert.True(World.Text(job, "state") == "done", job.ToString());
        var certificate = await world.AskAsync("maker", "certificate", "show", World.Text(job, "certificate_id"));
        Assert.DoesNotContain(certificate.GetProperty("alerts").EnumerateArray(), alert => World.Text(alert, "code").EndsWith("_NOT_COMPARED", StringComparison.Ordinal));
        Assert.Equal("ws", World.Text(certificate, "printer_transport"));
    }

    private static async Task<int> TakenAsync(World world) => (await world.AskAsync("oem", "licence", "list"))[0].GetProperty("taken").GetInt32();
}
