namespace Touchmark.Acceptance;

/// <summary>A print is paused at the command line and goes on, by the printer's own truth and record.</summary>
public sealed class PauseTests
{
    [Fact]
    public async Task A_print_that_is_paused_stands_with_its_head_raised_and_moves_as_one_that_is_not()
    {
        await using var world = new World();
        var (licence, printer) = await world.EquipAsync(prints: 2);
        var whole = await world.FinishAsync(await world.StartJobAsync(licence, printer));
        Assert.True(World.Text(whole, "state") == "done", whole.ToString());
        var recorded = (await ResumeTests.RecordAsync(world)).Count;

        var job = await world.StartJobAsync(licence, printer);
        foreach (var place in new[] { 0.2, 0.6 })
        {
            await world.UntilAsync(job, now => World.Text(now, "state") == "streaming" && now.GetProperty("progress").GetDouble() >= place);
            Assert.Equal("streaming", World.Text(await world.AskAsync("maker", "job", "pause", job), "state"));
            await world.UntilAsync(job, static now => now.TryGetProperty("paused", out var pause) && pause.GetProperty("stands").GetBoolean() && pause.GetProperty("head_raised").GetBoolean());
            await AssertRaisedAsync(world, job);
            await world.AskAsync("maker", "job", "resume", job);
        }

        var ended = await world.FinishAsync(job);

        Assert.True(World.Text(ended, "state") == "done", ended.ToString());
        var record = await ResumeTests.RecordAsync(world);
        var (expected, printed) = (ResumeTests.Extruded(record[..recorded]), ResumeTests.Extruded(record[recorded..]));
        Assert.True(expected.Count > 1000, $"only {expected.Count} moves in the record");
        Assert.Equal(expected.Count, printed.Count);
        // The record rounds places and filament to its last digit, each from another start.
        Assert.All(expected.Zip(printed), pair => Assert.All(pair.First.Zip(pair.Second), number => Assert.Equal(number.First, number.Second, 0.002)));
        await world.AssertSafeAsync();
        var certificate = await world.AskAsync("maker", "certificate", "show", World.Text(ended, "certificate_id"));
        Assert.Equal(["PAUSED", "PAUSED"], certificate.GetProperty("alerts").EnumerateArray().Select(static alert => World.Text(alert, "code")));
        var file = Path.Combine(world.Folder, "bracket.touchmark");
        Assert.Equal(0, (await world.AsAsync("maker", "certificate", "get", World.Text(ended, "certificate_id"), "--output", file)).ExitCode);
        Assert.Equal("valid", World.Text(await world.AskAsync("maker", "verify", file), "verdict"));
    }

    /// <summary>The head rests, raised; what it has printed ends below it, and the heaters are held.</summary>
    private static async Task AssertRaisedAsync(World world, string job)
    {
        using var client = new HttpClient { BaseAddress = new Uri(world.Printer) };
        // The telemetry that says so may be of the moment in which it still rises.
        var raised = await PrinterTruth.OfAsync(client);
        for (var before = raised with { Z = -1 }; (raised.X, raised.Y, raised.Z) != (before.X, before.Y, before.Z) || raised.Queued > 0;)
        {
            await AnswerAsync(world, job);
            (before, raised) = (raised, await PrinterTruth.OfAsync(client));
        }

        var last = ResumeTests.Extruded(await ResumeTests.RecordAsync(world))[^1];
        // A travel move may follow what was printed last; a hop, too.
        Assert.InRange(raised.Z - last[2], 4.9, 6.1);
        Assert.True(raised.NozzleTarget > 150 && raised.BedTarget > 0, raised.ToString());
    }

    /// <summary>Two events later the printer has been asked again.</summary>
    private static async Task AnswerAsync(World world, string job)
    {
        var seen = 0;
        await world.UntilAsync(job, _ => ++seen > 2);
    }
}
