using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;

namespace Touchmark.Bench.Web;

/// <summary>How long a large model takes to be seen on the upload page, and for how long the page does not answer meanwhile.</summary>
internal static class PreviewBench
{
    private const int Facets = 4_000_000;

    /// <summary>ms; the processor alone draws here.</summary>
    private const float Patience = 300_000;

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-preview-").FullName;
        try
        {
            var figures = new Figures();
            var (data, model) = (Path.Combine(folder, "engine"), Path.Combine(folder, "ball.stl"));
            await WriteAsync(model);
            using var engine = await Started.EngineAsync(data);
            using var shop = await Shop.OpenAsync(new Uri(engine.Address), data, Block.Stl(12, 12, 2.8f), prints: 1);
            using var playwright = await Playwright.CreateAsync();
            await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"] });
            await using var context = await browser.NewContextAsync(new() { BaseURL = engine.Address, ViewportSize = new() { Width = 1280, Height = 900 } });
            await context.AddCookiesAsync([new() { Name = "touchmark", Value = shop.Tokens.Owner, Url = engine.Address }]);
            await context.AddInitScriptAsync("globalThis.blocks = []; new PerformanceObserver((list) => list.getEntries().forEach((task) => blocks.push(task.duration))).observe({ type: 'longtask' });");
            var page = await context.NewPageAsync();
            await page.GotoAsync("/designs/new", new() { WaitUntil = WaitUntilState.NetworkIdle });
            var view = page.Locator("[data-model-view]");
            await MeasureAsync(figures, "read and judged", page, async () =>
            {
                await page.SetInputFilesAsync("input[name=file]", model);
                await page.Locator("[data-model-view][data-state=shown]").WaitForAsync(new() { Timeout = Patience });
            });
            await MeasureAsync(figures, "then drawn by the processor", page, async () =>
            {
                await view.Locator("button:has-text('Show the model')").ClickAsync();
                await view.Locator("canvas[data-drawn]").WaitForAsync(new() { Timeout = Patience });
            });
            figures.Add("load of the machine, 1 min", double.Parse((await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0], CultureInfo.InvariantCulture), "0.0", "");
            figures.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>How long it takes, and for how long the page does not answer meanwhile.</summary>
    private static async Task MeasureAsync(Figures figures, string what, IPage page, Func<Task> act)
    {
        await page.EvaluateAsync("blocks.length = 0");
        var began = Stopwatch.GetTimestamp();
        await act();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var blocks = await page.EvaluateAsync<double[]>("blocks");
        figures.Add($"200 MB, {Facets.ToString("#,0", CultureInfo.InvariantCulture)} facets: {what}", seconds, "0.0", "s");
        figures.Add("  longest time that the page does not answer", blocks.Append(0).Max(), "0", "ms");
        figures.Add("  tasks of more than 50 ms", blocks.Length, "0", "");
    }

    /// <summary>A ball with waves, closed.</summary>
    private static async Task WriteAsync(string path)
    {
        const int around = 2000;
        const int down = Facets / (2 * around);
        await using var file = File.Create(path);
        var head = new byte[84];
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(80), Facets);
        await file.WriteAsync(head);
        var row = new byte[50 * 2 * around];
        for (var j = 0; j < down; j++)
        {
            for (var i = 0; i < around; i++)
            {
                Write(row.AsSpan(100 * i), Point(i, j), Point(i, j + 1), Point(i + 1, j + 1));
                Write(row.AsSpan((100 * i) + 50), Point(i, j), Point(i + 1, j + 1), Point(i + 1, j));
            }

            await file.WriteAsync(row);
        }

        static (double X, double Y, double Z) Point(int i, int j)
        {
            var (turn, fall) = (2 * Math.PI * (i % around) / around, Math.PI * j / down);
            var radius = 50 + (3 * Math.Sin(fall) * Math.Sin(12 * turn) * Math.Sin(9 * fall));
            return (radius * Math.Sin(fall) * Math.Cos(turn), radius * Math.Sin(fall) * Math.Sin(turn), radius * Math.Cos(fall));
        }

        static void Write(Span<byte> facet, params ReadOnlySpan<(double X, double Y, double Z)> corners)
        {
            for (var corner = 0; corner < 3; corner++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(facet[(12 + (12 * corner))..], (float)corners[corner].X);
                BinaryPrimitives.WriteSingleLittleEndian(facet[(16 + (12 * corner))..], (float)corners[corner].Y);
                BinaryPrimitives.WriteSingleLittleEndian(facet[(20 + (12 * corner))..], (float)corners[corner].Z);
            }
        }
    }
}
