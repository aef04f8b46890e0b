using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Touchmark.Bench.Sessions;
using Touchmark.GCode;
using Touchmark.Streaming;

namespace Touchmark.Bench;

/// <summary>
/// Many prints at once through one engine: every printer enrolled, every job sliced by the real slicer, every gateway the real session code on a socket of its own,
/// in real time. The gateways and their printers share the machine with the engine.
/// </summary>
internal static class SessionsBench
{
    private const int OrdersAtOnce = 4;

    /// <summary>Each gateway gets its turn every 84 ms, and reports its printer at every third, four times a second.</summary>
    private const int Turns = 12;

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(7);

    /// <summary>Between one gateway's arrival and the next, so that they are not in step.</summary>
    private static readonly TimeSpan Arrival = TimeSpan.FromMilliseconds(20);

    /// <summary>Many times what a print takes.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private static readonly MachineLimits Limits = new()
    {
        MinX = 0, MaxX = 220, MinY = 0, MaxY = 220, MinZ = 0, MaxZ = 250, HomeZ = 5, MaxNozzleC = 300, MaxBedC = 130, MaxVelocity = 300, MaxAcceleration = 3000,
    };

    public static async Task RunAsync(int count)
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-");
        try
        {
            using var engine = await Started.EngineAsync(folder.FullName);
            var address = new Uri(engine.Address);
            using var shop = await Shop.OpenAsync(address, folder.FullName, Block.Stl(12, 12, 2.8f), count);
            Progress($"enrolling {count} printers");
            var printers = await shop.EnrolAsync(count, Profile);
            await SliceAsync(shop, printers);
            var idle = Machine.ResidentMebibytes(engine.Id);
            Progress("printing");
            using var book = new ScriptBook(Limits);
            var delays = new Delays();
            var gateways = printers.ConvertAll(printer => new SimulatedGateway(printer, book, delays));
            var run = await PrintAsync(engine, address, gateways);
            Tell(count, run, gateways, delays, idle);
            foreach (var gateway in gateways)
            {
                await gateway.DisposeAsync();
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Orders a job for each printer and waits until the slicer is through with all of them.</summary>
    private static async Task SliceAsync(Shop shop, List<EnrolledPrinter> printers)
    {
        var sliced = 0;
        var start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(printers, new ParallelOptions { MaxDegreeOfParallelism = OrdersAtOnce }, async (printer, cancel) =>
        {
            var job = await shop.OrderAsync(printer.Id);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while ((await shop.JobAsync(job)).GetProperty("state").GetString() is var state && state != "waiting")
            {
                if (state == "failed")
                {
                    throw new InvalidOperationException($"A job was not sliced: {(await shop.JobAsync(job)).GetProperty("failure")}");
                }

                await timer.WaitForNextTickAsync(cancel);
            }

            if (Interlocked.Increment(ref sliced) is var done && (done % 50 == 0 || done == printers.Count))
            {
                Progress($"sliced {done} of {printers.Count}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
            }
        });
    }

    /// <summary>Lets the gateways arrive one by one and time pass for those that have, until the last one is done.</summary>
    private static async Task<Window> PrintAsync(Started engine, Uri address, List<SimulatedGateway> gateways)
    {
        var start = Stopwatch.GetTimestamp();
        var arrived = 0;
        var arriving = ArriveAsync();
        Mark? first = null, last = null;
        using var timer = new PeriodicTimer(Turn);
        for (var turn = 0; !arriving.IsFaulted && Stopwatch.GetElapsedTime(start) < Limit; turn = (turn + 1) % Turns)
        {
            await timer.WaitForNextTickAsync();
            for (var i = turn; i < Volatile.Read(ref arrived); i += Turns)
            {
                gateways[i].Advance();
            }

            if (turn > 0)
            {
                continue;
            }

            if (first is null && gateways.TrueForAll(static gateway => gateway.IsStreaming || gateway.End is not null))
            {
                first = Mark.Take(engine, gateways);
            }
            else if (last is null && gateways.Exists(static gateway => gateway.End is { Reason: EndReason.Completed }))
            {
                last = Mark.Take(engine, gateways);
            }

            if (gateways.TrueForAll(static gateway => gateway.End is not null))
            {
                break;
            }
        }

        await arriving;
        return new Window(first, last, Stopwatch.GetElapsedTime(start));

        async Task ArriveAsync()
        {
            using var pause = new PeriodicTimer(Arrival);
            foreach (var gateway in gateways)
            {
                await pause.WaitForNextTickAsync();
                await gateway.ConnectAsync(address, CancellationToken.None);
                Interlocked.Increment(ref arrived);
            }
        }
    }

    private static void Tell(int count, Window run, List<SimulatedGateway> gateways, Delays delays, double idle)
    {
        var figures = new Figures();
        var finished = gateways.Count(static gateway => gateway.End is { Reason: EndReason.Completed });
        figures.Add("sessions at the same time", count, "N0", "", "1,000");
        figures.Add("  finished", finished, "N0", "", "all");
        figures.Add("  failed", count - finished, "N0", "", "0");
        figures.Add("  segments of a session", gateways.Max(static gateway => gateway.Received), "N0", "");
        figures.Add("first gateway's arrival to last one's end", run.Whole.TotalSeconds, "0", "s");
        if (run is { First: { } first, Last: { } last } && last.Time > first.Time)
        {
            var seconds = Stopwatch.GetElapsedTime(first.Time, last.Time).TotalSeconds;
            figures.Add("while all of them printed, for", seconds, "0", "s");
            figures.Add("  segments, all sessions", (last.Segments - first.Segments) / seconds, "N0", "segments/s");
            figures.Add("  engine, processor", (last.Engine - first.Engine).TotalSeconds / seconds * 100, "0.0", "% of a core");
            figures.Add("  engine, processor per session", (last.Engine - first.Engine).TotalSeconds / seconds * 100 / count, "0.000", "% of a core");
            figures.Add("  simulated gateways and printers, processor", (last.Bench - first.Bench).TotalSeconds / seconds * 100, "0.0", "% of a core");
            figures.Add("  engine, resident", last.Mebibytes, "0", "MiB");
            figures.Add("  engine, resident per session, above before the first gateway", (last.Mebibytes - idle) * 1024 / count, "0", "KiB");
        }

        Add("confirming telemetry leaves the gateway → `verified` arrives", delays.Answers);
        Add("telemetry that shows a segment executed leaves → `verified` arrives", delays.Confirmations);
        figures.Print();
        foreach (var group in gateways.Where(static gateway => gateway.End is not { Reason: EndReason.Completed }).GroupBy(static gateway => $"{gateway.End?.Code}: {gateway.End?.Text} {gateway.Fault}"))
        {
            Progress($"{group.Count()} sessions ended otherwise: {group.Key}");
        }

        void Add(string what, ConcurrentQueue<double> measured)
        {
            double[] sorted = [.. measured.Order()];
            foreach (var (name, share) in new[] { ("median", 0.5), ("99 of 100", 0.99), ("worst", 1.0) })
            {
                figures.Add(name == "median" ? $"{what}, {name}" : $"  {name}", sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))] * 1000, "0.0", "ms");
            }
        }
    }

    private static MachineProfile Profile(int number) => new()
    {
        CpuSerial = "bench", McuId = string.Create(CultureInfo.InvariantCulture, $"bench-{number}"), Board = "bench", Model = "Simulated printer", Firmware = "bench", Kinematics = "cartesian", Limits = Limits,
    };

    private static void Progress(string what) => Console.Error.WriteLine($"· {what}");

    /// <summary>The time in which every session streamed; null where they never all did.</summary>
    private sealed record Window(Mark? First, Mark? Last, TimeSpan Whole);

    private sealed record Mark(long Time, TimeSpan Engine, TimeSpan Bench, double Mebibytes, double Segments)
    {
        public static Mark Take(Started engine, List<SimulatedGateway> gateways) => new(
            Stopwatch.GetTimestamp(), engine.ProcessorTime, Environment.CpuUsage.TotalTime, Machine.ResidentMebibytes(engine.Id), gateways.Sum(static gateway => (double)gateway.Received));
    }
}
