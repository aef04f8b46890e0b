using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Touchmark.Bench.Web;

/// <summary>The portal with much in its database, as a browser sees it, and with many who watch one print.</summary>
internal static partial class WebBench
{
    /// <summary>The page of the newest licence, where a print is ordered.</summary>
    private const string Print = "/catalogue/{licence}";

    private const int Designs = 10_000;
    private const int Printers = 1000;
    private const int ViewersOfOnePrint = 500;

    public static async Task RunAsync(int certificates, bool quick)
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-web-").FullName;
        try
        {
            var figures = new Figures();
            var data = Path.Combine(folder, "engine");
            (string Owner, string Maker) tokens;
            using (var engine = await Started.EngineAsync(data))
            {
                using var shop = await Shop.OpenAsync(new Uri(engine.Address), data, Block.Stl(12, 12, 2.8f), prints: 10);
                tokens = shop.Tokens;
                await PrintAsync(engine, shop, Path.Combine(folder, "quick"));
                await BrowseAsync(figures, new Uri(engine.Address), tokens.Owner);
                await WatchAsync(figures, engine, shop, Path.Combine(folder, "watched"), quick ? 50 : ViewersOfOnePrint);
            }

            ManyRows.Enter(Path.Combine(data, "touchmark.db"), Designs, Printers, certificates);
            figures.Add("designs, printers, certificates in the database", string.Create(CultureInfo.InvariantCulture, $"{Designs:#,0}, {Printers:#,0}, {certificates:#,0}"));
            using (var engine = await Started.EngineAsync(data))
            {
                await AskAsync(figures, new Uri(engine.Address), tokens, quick ? 100 : 500);
            }

            figures.Add("load of the machine, 1 min", double.Parse((await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0], CultureInfo.InvariantCulture), "0.0", "");
            figures.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Each page again and again from one connection on this machine: what the server needs, and the loopback.</summary>
    private static async Task AskAsync(Figures figures, Uri engine, (string Owner, string Maker) tokens, int times)
    {
        string[] both = ["/", "/licences", "/jobs", "/certificates", "/parts", "/analytics"];
        foreach (var (who, token, pages) in new[] { ("owner", tokens.Owner, (string[])[.. both, "/designs", "/designs?q=Bracket+77"]), ("shop", tokens.Maker, [.. both, "/printers", "/catalogue", Print]) })
        {
            using var http = Client(engine, token);
            foreach (var asked in pages)
            {
                var page = asked == Print ? PrintPath().Match(await http.GetStringAsync(new Uri("/catalogue", UriKind.Relative))).Value : asked;
                var taken = new List<double>(times);
                for (var time = -10; time < times; time++)
                {
                    var start = Stopwatch.GetTimestamp();
                    using var answer = await http.GetAsync(new Uri(page, UriKind.Relative));
                    answer.EnsureSuccessStatusCode();
                    await answer.Content.LoadIntoBufferAsync();
                    if (time >= 0)
                    {
                        taken.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    }
                }

                figures.Add($"{asked} of the {who}: p50, p99", string.Create(CultureInfo.InvariantCulture, $"{Percentile(taken, 0.5):0.0}, {Percentile(taken, 0.99):0.0} ms"), "p99 under 20");
            }
        }
    }

    [GeneratedRegex("/catalogue/[0-9a-f-]{36}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PrintPath();

    /// <summary>The first page in Chromium, by its own timing.</summary>
    private static async Task BrowseAsync(Figures figures, Uri engine, string token)
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu"] });
        await using var context = await browser.NewContextAsync(new() { BaseURL = engine.ToString(), ViewportSize = new() { Width = 390, Height = 844 } });
        await context.AddCookiesAsync([new() { Name = "touchmark", Value = token, Url = engine.ToString() }]);
        foreach (var path in new[] { "/", "/designs/new", "/certificates" })
        {
            var page = await context.NewPageAsync();
            await page.GotoAsync(path, new() { WaitUntil = WaitUntilState.NetworkIdle });
            var timing = await page.EvaluateAsync<double[]>(
                """
                () => new Promise(resolve => {
                  let shift = 0;
                  new PerformanceObserver(list => { for (const entry of list.getEntries()) shift += entry.value; }).observe({ type: 'layout-shift', buffered: true });
                  const loads = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
                  setTimeout(() => resolve([loads.reduce((sum, load) => sum + load.transferSize, 0), performance.getEntriesByName('first-contentful-paint')[0].startTime, shift, loads.length]), 200);
                })
                """);
            figures.Add($"{path} in Chromium: transferred", timing[0] / 1024, "0.0", $"KiB in {timing[3]:0} requests", path == "/" ? "under 150" : "");
            figures.Add("  first contentful paint", timing[1], "0", "ms");
            figures.Add("  layout shift", timing[2], "0.000", "");
            await page.CloseAsync();
        }
    }

    /// <summary>Many who watch one print that runs on the virtual printer.</summary>
    private static async Task WatchAsync(Figures figures, Started engine, Shop shop, string home, int count)
    {
        const int StreamsPerAccount = 25;
        using var printer = await Started.VirtualPrinterAsync("--speed", "1", "--gcode-store-size", "0");
        using var gateway = await GatewayAsync(engine, shop, printer.Address, home);
        var job = await shop.OrderAsync(await shop.NewestPrinterAsync());
        await Started.UntilAsync(async () => (await shop.JobAsync(job)).GetProperty("state").GetString() == "streaming");
        var people = await shop.ColleaguesAsync((count + StreamsPerAccount - 1) / StreamsPerAccount);
        await using var viewers = new Viewers();
        for (var viewer = 0; viewer < count; viewer++)
        {
            viewers.Add(Client(new Uri(engine.Address), people[viewer / StreamsPerAccount]), $"/jobs/{job:D}/live");
        }

        await Started.UntilAsync(() => viewers.Open == count);
        // The first words of each came when it connected: what follows comes to all at once.
        await Task.Delay(TimeSpan.FromSeconds(2));
        viewers.Clear();
        var (start, before) = (Stopwatch.GetTimestamp(), engine.ProcessorTime);
        await Task.Delay(TimeSpan.FromSeconds(20));
        var (seconds, used) = (Stopwatch.GetElapsedTime(start).TotalSeconds, engine.ProcessorTime - before);
        var (events, delays) = viewers.Figures(count);
        figures.Add($"{count} viewers of one print: events a second at each", events / seconds, "0.0", "/s");
        figures.Add("  events that some viewers skipped", viewers.Seen - events, "0", "");
        figures.Add("  delay behind the first viewer, p50", Percentile(delays, 0.5), "0.0", "ms");
        figures.Add("    p99", Percentile(delays, 0.99), "0.0", "ms", "under 200");
        figures.Add("  the engine's processor time of it", 100 * used.TotalSeconds / seconds, "0", "% of a core");
        await shop.EndAsync(job, "halt");
    }

    private static async Task<Started> GatewayAsync(Started engine, Shop shop, string printer, string home)
    {
        var program = Path.Combine(Started.Root(), "src/Touchmark.Gateway/bin/Release/net10.0/touchmark-gateway");
        await Started.Run(program, "enrol", "--home", home, "--engine", engine.Address, "--code", await shop.PairingCodeAsync(), "--printer", printer, "--no-snapshot").ExitedAsync();
        return Started.Run(program, "run", "--home", home);
    }

    /// <summary>One part from beginning to end, so that there is a row of each kind.</summary>
    private static async Task PrintAsync(Started engine, Shop shop, string home)
    {
        using var printer = await Started.VirtualPrinterAsync("--speed", "20", "--gcode-store-size", "0");
        using var gateway = await GatewayAsync(engine, shop, printer.Address, home);
        var job = await shop.OrderAsync(await shop.PrinterAsync());
        await Started.UntilAsync(async () => (await shop.JobAsync(job)).GetProperty("state").GetString() switch
        {
            "done" => true,
            "failed" or "cancelled" => throw new InvalidOperationException($"The print of the bench failed: {await shop.JobAsync(job)}"),
            _ => false,
        });
    }

    private static HttpClient Client(Uri engine, string token)
    {
        var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = engine, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Add("Cookie", $"touchmark={token}");
        return http;
    }

    private static double Percentile(List<double> values, double share) => values.Count == 0 ? double.NaN : values.Order().ElementAt((int)((values.Count - 1) * share));
}
