using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>A licence is taken back while two printers print under it and a third job waits.</summary>
public sealed class RevocationTests
{
    [Fact]
    public async Task A_revoked_licence_stops_every_printer_that_holds_it_and_what_waits()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.SignInAsync();
        var licence = await world.LicenseAsync(prints: 3);
        var jobs = new List<string>();
        var addresses = new List<string>();
        foreach (var bench in new[] { "-1", "-2" })
        {
            world.Bench = bench;
            await world.StartPrinterAsync(seed: bench == "-1" ? 1 : 2);
            addresses.Add(world.Printer);
            var printer = await world.EnrolAsync();
            await world.StartGatewayAsync();
            jobs.Add(await world.StartJobAsync(licence, printer));
            if (bench == "-2")
            {
                jobs.Add(await world.QueueJobAsync(licence, printer));
            }
        }

        await Task.WhenAll(jobs.Take(2).Select(job => world.UntilAsync(job, Printing)));
        var revoked = (await world.AskAsync("oem", "licence", "revoke", licence, "--reason", "The bracket was recalled.")).GetProperty("revoked_at").GetDateTimeOffset();

        foreach (var (job, printed) in jobs.Zip([true, true, false]))
        {
            var ended = await world.FinishAsync(job);
            Assert.Equal("failed", World.Text(ended, "state"));
            Assert.Equal("LICENCE_REVOKED", World.Text(ended.GetProperty("failure"), "code"));
            Assert.Equal(printed, ended.TryGetProperty("certificate_id", out _));
            var ending = ended.GetProperty("ended_at").GetDateTimeOffset();
            Assert.True(ending > revoked, $"The job ended at {ending:O}, before the revocation at {revoked:O}.");
            TestContext.Current.TestOutputHelper?.WriteLine($"{(printed ? "printing" : "waiting")}: at rest and certified {(ending - revoked).TotalSeconds:0.00} s after the revocation");
        }

        foreach (var address in addresses)
        {
            using var client = new HttpClient { BaseAddress = new Uri(address) };
            var state = JsonSerializer.Deserialize<JsonElement>(await client.GetByteArrayAsync("/virtual/state"));
            state = state.TryGetProperty("result", out var inner) ? inner : state;
            Assert.Equal(0, state.GetProperty("nozzle").GetProperty("target").GetDouble());
            Assert.Equal(0, state.GetProperty("bed").GetProperty("target").GetDouble());
            Assert.Equal(0, state.GetProperty("queued_seconds").GetDouble());
        }

        // What had printed counts; what only waited is given back.
        Assert.Equal(2, (await world.AskAsync("oem", "licence", "list"))[0].GetProperty("taken").GetInt32());
    }

    private static bool Printing(JsonElement job) => World.Text(job, "state") == "streaming" && job.GetProperty("progress").GetDouble() > 0.01;
}
