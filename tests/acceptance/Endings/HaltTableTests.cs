using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>What a printer is doing when the halt comes.</summary>
/// <param name="Name">For people.</param>
/// <param name="IsReached">It does it.</param>
/// <param name="InRealTime">From the start, because it would be over at once at twenty times the pace.</param>
internal sealed record HaltedState(string Name, Func<PrinterTruth, bool> IsReached, bool InRealTime = false)
{
    public const string SafeRest = "being made safe after a cancel";

    public static IReadOnlyList<HaltedState> All { get; } =
    [
        new("homing", truth => truth is { Klippy: "ready", Motors: [true, ..], Homed: not "xyz" }, InRealTime: true),
        new("heating the bed", truth => truth is { BedTarget: > 0, Queued: 0, Homed: "xyz", NozzleC: < 150 }),
        new("printing, more than half a second queued", truth => truth is { NozzleTarget: > 150, Z: > 0.5 and < 5, Queued: > 0.5 }),
        new(SafeRest, truth => truth is { NozzleTarget: > 150, Z: > 0.5 and < 5, Queued: > 0.5 }),
    ];
}

/// <summary>A halt in each state of the printer, and how soon the printer had stopped. The printer lives in real time meanwhile; the times are told, not judged.</summary>
public sealed class HaltTableTests
{
    public static TheoryData<string> States => [.. HaltedState.All.Select(state => state.Name)];

    [Theory]
    [MemberData(nameof(States))]
    public async Task A_halt_stops_the_printer_whatever_it_is_doing(string name)
    {
        var state = HaltedState.All.Single(state => state.Name == name);
        await using var lane = await Lane.StartAsync();
        if (state.InRealTime)
        {
            await lane.BreakAsync("real_time");
        }

        await lane.BeginAsync();
        await lane.UntilAsync(state.IsReached);
        await lane.BreakAsync("real_time");
        using var engine = await SignedInAsync(lane.World);
        if (name == HaltedState.SafeRest)
        {
            await EndAsync(engine, lane.Job, "cancel");
        }

        var watch = Stopwatch.StartNew();
        await EndAsync(engine, lane.Job, "halt");
        var ordered = watch.Elapsed;
        var before = await lane.TruthAsync();
        var now = before;
        while (now.Klippy == "ready" && watch.Elapsed < TimeSpan.FromSeconds(30))
        {
            (before, now) = (now, await lane.TruthAsync());
        }

        var stopped = watch.Elapsed;
        Assert.True(now.Klippy != "ready", $"The printer went on: {now}\n{lane.World.Said("gateway")}");
        Assert.True(now is { NozzlePower: 0, BedPower: 0, Queued: 0 }, $"The printer stopped and is not off: {now}");
        await lane.BreakAsync("hurry");
        var job = await lane.World.FinishAsync(lane.Job);
        Assert.Equal(name == HaltedState.SafeRest ? "cancelled" : "failed", World.Text(job, "state"));
        await lane.UntilAsync(truth => truth is { Klippy: "ready", NozzleTarget: 0, BedTarget: 0, Fan: 1 });
        await ReportAsync(string.Create(CultureInfo.InvariantCulture, $"{name,-44} order given in {ordered.TotalMilliseconds,5:F0} ms, printer seen stopped after {stopped.TotalMilliseconds,5:F0} ms"));
    }

    private static async Task<HttpClient> SignedInAsync(World world)
    {
        var session = JsonElement.Parse(await File.ReadAllBytesAsync(Path.Combine(world.Folder, "maker", "session.json")));
        var client = new HttpClient { BaseAddress = new Uri(world.Engine) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", World.Text(session, "token"));
        return client;
    }

    private static async Task EndAsync(HttpClient engine, string job, string how)
    {
        using var answer = await engine.PostAsync(new Uri($"/api/jobs/{job}/{how}", UriKind.Relative), null);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task ReportAsync(string row)
    {
        TestContext.Current.TestOutputHelper!.WriteLine(row);
        var folder = Directory.CreateDirectory(Path.Combine(World.Root, "artifacts"));
        await File.AppendAllTextAsync(Path.Combine(folder.FullName, "halts.txt"), row + "\n");
    }
}
