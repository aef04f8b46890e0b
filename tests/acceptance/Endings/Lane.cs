using System.Diagnostics;
using System.Text;

namespace Touchmark.Acceptance;

/// <summary>
/// One engine, one gateway and one printer on which endings are tried one after the other. The printer hurries to the point where the print ends and lives in
/// real time from there on, so that a second is a second.
/// </summary>
internal sealed class Lane : IAsyncDisposable
{
    /// <summary>Longest time for an ending, and for getting to it.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly HttpClient printer = new();
    private string licence = "";
    private string printerId = "";

    public World World { get; } = new();

    public Relay EngineCable { get; private set; } = null!;

    public Relay PrinterCable { get; private set; } = null!;

    public string Job { get; private set; } = "";

    public Task<PrinterTruth> TruthAsync() => PrinterTruth.OfAsync(printer);

    public static async Task<Lane> StartAsync()
    {
        var lane = new Lane();
        await lane.World.StartEngineAsync();
        await lane.World.StartPrinterAsync();
        await lane.World.SignInAsync();
        lane.printer.BaseAddress = new Uri(lane.World.Printer);
        lane.EngineCable = new Relay(lane.World.Engine);
        lane.PrinterCable = new Relay(lane.World.Printer);
        lane.licence = await lane.World.LicenseAsync(prints: 20, await lane.PartAsync(), "--outage-limit", "10");
        lane.printerId = await lane.World.EnrolAsync(lane.EngineCable.Address, lane.PrinterCable.Address);
        return lane;
    }

    /// <summary>Starts the gateway and a print.</summary>
    public async Task BeginAsync()
    {
        await World.StartGatewayAsync();
        Job = await World.StartJobAsync(licence, printerId);
    }

    /// <summary>A print that ends this way, and what became of the printer.</summary>
    public async Task<EndingRow> TryAsync(Ending ending)
    {
        await BeginAsync();
        await UntilAsync(ending.Stage switch
        {
            Stage.Heating => truth => truth.BedTarget > 0,
            Stage.Printing => truth => truth is { NozzleTarget: > 150, Z: > 0.5 and < 5, Queued: > 0.5 },
            _ => truth => truth is { NozzleTarget: > 150, Z: > 4 },
        });
        if (ending.Stage == Stage.LastLayer)
        {
            await World.UntilAsync(Job, job => job.GetProperty("progress").GetDouble() > 0.97);
        }

        await BreakAsync("real_time");
        // The gateway has noticed that the printer's seconds are seconds now.
        await UntilAsync(truth => truth.Armed is < 6 and > 0 || truth.NozzleTarget == 0);
        await ending.Act(this);
        var row = await WatchAsync(ending);
        await RecoverAsync();
        return row;
    }

    public async Task PartDoneAsync()
    {
        var last = await PrinterTruth.OfAsync(printer);
        // The toolpath ends by switching the heaters off.
        await UntilAsync(truth => truth.NozzleTarget == 0 && truth.E >= last.E - 100);
    }

    public Task PullAsync(Relay cable)
    {
        cable.Pull();
        return Task.CompletedTask;
    }

    /// <summary>No packet any more, and every process of that computer is gone.</summary>
    public async Task PowerCutAsync()
    {
        EngineCable.Pull();
        PrinterCable.Pull();
        await World.SignalAsync("gateway", "KILL", wholeGroup: true);
    }

    public async Task EmergencyStopAsync() => (await printer.PostAsync("/printer/emergency_stop", null)).EnsureSuccessStatusCode();

    public async Task BreakAsync(string fault) =>
        (await printer.PostAsync("/virtual/fault", new StringContent($$"""{"fault":"{{fault}}"}""", Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode();

    public async ValueTask DisposeAsync()
    {
        await EngineCable.DisposeAsync();
        await PrinterCable.DisposeAsync();
        await World.DisposeAsync();
        printer.Dispose();
    }

    /// <summary>A block of 24 x 24 x 6 mm in binary STL: small enough for a print a minute, tall enough to end in the middle of it.</summary>
    private async Task<string> PartAsync()
    {
        var file = Path.Combine(World.Folder, "block.stl");
        await using var stream = File.Create(file);
        await using var writer = new BinaryWriter(stream);
        writer.Write(new byte[80]);
        writer.Write(12);
        foreach (var (a, b, c, d) in new[] { (0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (1, 3, 7, 5), (3, 2, 6, 7), (2, 0, 4, 6) })
        {
            foreach (var corners in new[] { (a, b, c), (a, c, d) })
            {
                // The normal may be left to the reader.
                writer.Write(new byte[12]);
                foreach (var corner in new[] { corners.Item1, corners.Item2, corners.Item3 })
                {
                    writer.Write((corner & 1) * 24f);
                    writer.Write(((corner >> 1) & 1) * 24f);
                    writer.Write((corner >> 2) * 6f);
                }

                writer.Write((short)0);
            }
        }

        return file;
    }

    private async Task<EndingRow> WatchAsync(Ending ending)
    {
        var began = await PrinterTruth.OfAsync(printer);
        var watch = Stopwatch.StartNew();
        double? cold = null;
        var now = began;
        while (watch.Elapsed < Limit)
        {
            now = await PrinterTruth.OfAsync(printer);
            cold = now is { NozzlePower: 0, BedPower: 0, NozzleTarget: 0, BedTarget: 0 } || now.IsShutDown ? cold ?? now.Time - began.Time : null;
            if (ending.ByMicroController ? now.IsShutDown : now.IsAtRest(began.Z))
            {
                return new EndingRow(ending.Name, ending.ByMicroController ? "outputs off" : "at rest", cold ?? 0, now.Time - began.Time, null);
            }

            await NextAsync();
        }

        return new EndingRow(ending.Name, "NO", cold ?? double.NaN, double.NaN, $"From {began}\nto {now}\n{World.Said("gateway")}");
    }

    /// <summary>Everything as it was before the print, for the next ending.</summary>
    public async Task RecoverAsync()
    {
        EngineCable.Mend();
        PrinterCable.Mend();
        await BreakAsync("hurry");
        if (!World.IsRunning("engine"))
        {
            await World.StartEngineAsync(new Uri(World.Engine).Port);
        }

        await World.FinishAsync(Job);
        await World.StopAsync("gateway");
        if ((await PrinterTruth.OfAsync(printer)).Klippy != "ready")
        {
            await BreakAsync("klippy_revived");
            await UntilAsync(truth => truth.Klippy != "disconnected");
            (await printer.PostAsync("/printer/firmware_restart", null)).EnsureSuccessStatusCode();
        }

        await UntilAsync(truth => truth.Klippy == "ready");
    }

    public async Task UntilAsync(Func<PrinterTruth, bool> reached)
    {
        var watch = Stopwatch.StartNew();
        var truth = await PrinterTruth.OfAsync(printer);
        while (!reached(truth))
        {
            Assert.True(watch.Elapsed < Limit, $"Not within {Limit}: {truth}\n{World.Said("gateway")}");
            await NextAsync();
            truth = await PrinterTruth.OfAsync(printer);
        }
    }

    /// <summary>The printer is asked twenty times a second.</summary>
    private static async Task NextAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }
}
