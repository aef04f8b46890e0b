using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Browser.Tests;

/// <summary>
/// Not a test but a measurement, run when it is asked for by <c>--explicit only --filter-class '*ModelPreviewFigures'</c>: how long a large model takes to be seen on the upload page, and for how long the page does not answer
/// meanwhile. Its table goes to artifacts/model-preview.md and from there into docs/performance.md.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class ModelPreviewFigures(Chromium chromium)
{
    private const int Facets = 4_000_000;

    [Fact(Explicit = true)]
    public async Task A_model_of_200_MB()
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-").FullName;
        var file = Path.Combine(folder, "ball.stl");
        await WriteAsync(file);
        try
        {
            await using var server = await ServerFactory.StartAsync();
            using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
            await using var browser = await chromium.LaunchAsync("--enable-unsafe-swiftshader");
            await using var reader = await Portal.SignedInAsync(browser, server, oem, Device.Desktop);
            await reader.Page.AddInitScriptAsync("globalThis.blocks = []; new PerformanceObserver((list) => list.getEntries().forEach((task) => blocks.push(task.duration))).observe({ type: 'longtask' });");
            await reader.GoAsync("/designs/new");
            var view = reader.Page.Locator("[data-model-view]");
            var table = await MeasureAsync("figures and verdict", reader, async () =>
            {
                await reader.Page.SetInputFilesAsync("input[name=file]", file);
                await Assertions.Expect(view).ToHaveAttributeAsync("data-state", "shown", new() { Timeout = 300_000 });
            });
            await Assertions.Expect(reader.Page.Locator("[data-model=facets]")).ToHaveTextAsync("4,000,000");
            table += await MeasureAsync("then drawn by the processor", reader, async () =>
            {
                await view.Locator("button:has-text('Show the model')").ClickAsync();
                await view.Locator("canvas[data-drawn]").WaitForAsync(new() { Timeout = 300_000 });
            });
            Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts"));
            await File.WriteAllTextAsync(Path.Combine(Repository.Root, "artifacts", "model-preview.md"), table);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>How long it takes, and for how long the page does not answer meanwhile.</summary>
    private static async Task<string> MeasureAsync(string what, Reader reader, Func<Task> act)
    {
        await reader.Page.EvaluateAsync("blocks.length = 0");
        var began = Stopwatch.GetTimestamp();
        await act();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var blocks = await reader.Page.EvaluateAsync<double[]>("blocks");
        return string.Create(CultureInfo.InvariantCulture, $"| 200 MB, {Facets:#,0} facets: {what} | {seconds:0.0} s | {blocks.Append(0).Max():0} ms | {blocks.Length} |\n");
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
