using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Bench.Sessions;
using Touchmark.GCode;
using Touchmark.Streaming;

namespace Touchmark.Bench.Soak;

/// <summary>
/// Hundreds of printers that print on and on while networks break, gateways are killed and started again, and the engine is killed once: every job has to end as it
/// should, and every licence has to have been charged for exactly what was printed. Every gateway is the real session code on a socket of its own, in real time.
/// </summary>
internal static class SoakBench
{
    private const int Turns = 12;

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(7);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>Many times what a print takes; a job that is not over then is stuck.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(6);

    private static readonly MachineLimits Limits = new()
    {
        MinX = 0, MaxX = 220, MinY = 0, MaxY = 220, MinZ = 0, MaxZ = 250, HomeZ = 5, MaxNozzleC = 300, MaxBedC = 130, MaxVelocity = 300, MaxAcceleration = 3000,
    };

    public static async Task RunAsync(int count, TimeSpan duration)
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-soak-");
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort()}"));
        var engine = await Started.EngineAsync(folder.FullName, address);
        try
        {
            using var shop = await Shop.OpenAsync(address, folder.FullName, Block.Stl(16, 16, 2), prints: 100_000);
            Progress($"enrolling {count} printers");
            var printers = await shop.EnrolAsync(count, Profile);
            using var book = new ScriptBook(Limits);
            var run = new Run(shop, [.. printers.Select(printer => new RestlessGateway(printer, book, address))], duration);
            var running = run.RunAsync();
            await Task.WhenAny(running, Task.Delay(duration / 2));
            Progress("killing the engine and starting it again");
            await run.HoldOrdersAsync();
            engine.Dispose();
            engine = await Started.EngineAsync(folder.FullName, address);
            run.ReleaseOrders();
            await running;
            run.Tell(count, await shop.PrintsTakenAsync());
            await run.DisposeAsync();
        }
        finally
        {
            engine.Dispose();
            folder.Delete(recursive: true);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static MachineProfile Profile(int number) => new()
    {
        CpuSerial = "soak", McuId = string.Create(CultureInfo.InvariantCulture, $"soak-{number}"), Board = "soak", Model = "Simulated printer", Firmware = "soak", Kinematics = "cartesian", Limits = Limits,
    };

    private static void Progress(string what) => Console.Error.WriteLine($"· {what}");

    /// <summary>What is done to a print.</summary>
    private enum Fate
    {
        Undisturbed,
        NetworkCut,
        GatewayKilled,
    }

    private sealed record Ending(Fate Fate, bool OverRestart, JsonElement? Job)
    {
        public string State => Text(Job, "state");

        public string Code => Job is { } known && known.TryGetProperty("failure", out var failure) ? Text(failure, "code") : "";

        public bool IsStarted => Has("started_at");

        public bool IsCertified => Has("certificate_id");

        /// <summary>A gateway that is killed takes the session's keys with it; nothing else may end a print.</summary>
        public bool IsRight => Fate == Fate.GatewayKilled ? (State, Code) == ("failed", "GATEWAY_STOPPED") : State == "done";

        private bool Has(string name) => Job is { } known && known.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String;
    }

    private static string Text(JsonElement? json, string name) => json is { ValueKind: JsonValueKind.Object } found && found.TryGetProperty(name, out var value) ? value.ToString() : "stuck";

    private sealed class Run(Shop shop, List<RestlessGateway> gateways, TimeSpan duration) : IAsyncDisposable
    {
        private readonly ConcurrentQueue<Ending> endings = new();
        private readonly SemaphoreSlim orders = new(gateways.Count);
        private readonly long start = Stopwatch.GetTimestamp();
        private int restarts;
        private int cuts;
        private int kills;

        public async Task RunAsync()
        {
            using var over = new CancellationTokenSource();
            var passing = PassTimeAsync(over.Token);
            foreach (var gateway in gateways)
            {
                gateway.Start();
            }

            await Task.WhenAll(gateways.Select(PrintOnAndOnAsync));
            await over.CancelAsync();
            await passing;
        }

        /// <summary>Waits until no order is on its way: one whose answer is lost would be a job that nobody here knows of.</summary>
        public async Task HoldOrdersAsync()
        {
            for (var i = 0; i < gateways.Count; i++)
            {
                await orders.WaitAsync();
            }

            restarts++;
        }

        public void ReleaseOrders() => orders.Release(gateways.Count);

        public void Tell(int count, long taken)
        {
            var figures = new Figures();
            figures.Add("printers", count, "N0", "");
            figures.Add("time", Stopwatch.GetElapsedTime(start).TotalMinutes, "0.0", "min");
            figures.Add("network cuts", cuts, "N0", "");
            figures.Add("gateways killed", kills, "N0", "");
            figures.Add("engine killed and started again", restarts, "N0", "");
            figures.Add("jobs", endings.Count, "N0", "");
            foreach (var group in endings.GroupBy(static ending => (ending.Fate, ending.OverRestart, ending.State, ending.Code)).OrderBy(static group => group.Key))
            {
                var (fate, overRestart, state, code) = group.Key;
                figures.Add($"  {fate}{(overRestart ? ", over the engine's restart" : "")}: {state} {code}", group.Count(), "N0", "");
            }

            figures.Add("jobs that ended as they should not", endings.Count(static ending => !ending.IsRight), "N0", "", "0");
            figures.Add("jobs that had started and have no certificate, or the other way round", endings.Count(static ending => ending.IsStarted != ending.IsCertified), "N0", "", "0");
            figures.Add("prints taken from the licence", taken, "N0", "");
            figures.Add("prints taken too many or too few", taken - endings.Count(static ending => ending.IsStarted), "N0", "", "0");
            figures.Print();
        }

        public async ValueTask DisposeAsync()
        {
            await Task.WhenAll(gateways.Select(static gateway => gateway.DisposeAsync().AsTask()));
            orders.Dispose();
        }

        private async Task PassTimeAsync(CancellationToken over)
        {
            using var timer = new PeriodicTimer(Turn);
            for (var turn = 0; !over.IsCancellationRequested; turn = (turn + 1) % Turns)
            {
                await timer.WaitForNextTickAsync(CancellationToken.None);
                for (var i = turn; i < gateways.Count; i += Turns)
                {
                    gateways[i].Advance();
                }
            }
        }

        private async Task PrintOnAndOnAsync(RestlessGateway gateway)
        {
            while (Stopwatch.GetElapsedTime(start) < duration)
            {
                await orders.WaitAsync();
                Guid job;
                try
                {
                    gateway.Expect();
                    job = await shop.OrderAsync(gateway.PrinterId);
                }
                finally
                {
                    orders.Release();
                }

                var restartsBefore = restarts;
                var (fate, ended) = await DisturbAsync(gateway, job);
                var ending = new Ending(fate, restarts > restartsBefore, ended);
                endings.Enqueue(ending);
                if (!ending.IsRight)
                {
                    Progress($"wrong: {fate}{(ending.OverRestart ? ", over the engine's restart" : "")}, {ended}");
                }

                if (endings.Count is var done && done % 50 == 0)
                {
                    Progress($"{done} jobs, {Stopwatch.GetElapsedTime(start).TotalMinutes:0.0} min");
                }
            }
        }

        /// <summary>Watches one print and does to it what chance has in store.</summary>
        private async Task<(Fate Fate, JsonElement? Ended)> DisturbAsync(RestlessGateway gateway, Guid job)
        {
            var fate = (Fate)RandomNumberGenerator.GetInt32(3);
            var at = (ulong)RandomNumberGenerator.GetInt32(1, 30);
            var disturbed = false;
            var began = Stopwatch.GetTimestamp();
            using var timer = new PeriodicTimer(Look);
            for (var look = 1; Stopwatch.GetElapsedTime(began) < Limit; look++)
            {
                await timer.WaitForNextTickAsync();
                gateway.Check();
                if (!disturbed && fate != Fate.Undisturbed && gateway.Received >= at && gateway.End is null)
                {
                    disturbed = true;
                    var away = TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(50, 4000));
                    if (fate == Fate.GatewayKilled)
                    {
                        Interlocked.Increment(ref kills);
                        gateway.Kill(away);
                    }
                    else
                    {
                        Interlocked.Increment(ref cuts);
                        gateway.Cut(away);
                    }
                }

                if (look % (gateway.End is not null || disturbed ? 4 : 40) == 0 && await FindAsync(job) is { } found && Text(found, "state") is "done" or "failed" or "cancelled")
                {
                    return (disturbed ? fate : Fate.Undisturbed, found);
                }
            }

            return (fate, null);
        }

        private async Task<JsonElement?> FindAsync(Guid job)
        {
            try
            {
                return await shop.JobAsync(job);
            }
            catch (HttpRequestException)
            {
                return null;
            }
        }
    }
}
