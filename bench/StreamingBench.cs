using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Moonraker;

namespace Touchmark.Bench;

/// <summary>Lines per second into the virtual printer: a segment a script against a line a request, in the same run; and whether a dense file starves it.</summary>
internal static class StreamingBench
{
    private const int SequentialLines = 4_000;
    private const int ScriptLines = 200_000;
    private const int LinesPerSegment = 50;
    private const int DenseLinesPerSecond = 1500;
    private const int DenseSeconds = 20;
    private const int ScriptsAtOnce = 2;
    private const int SegmentBytes = 4096;

    public static async Task RunAsync()
    {
        var figures = new Figures();
        using var printer = await Started.VirtualPrinterAsync("--speed", "1", "--gcode-store-size", "0");
        _ = MoonrakerAddress.TryParse(printer.Address, out var address);
        await using var client = await MoonrakerClient.ConnectAsync(address!, TimeProvider.System, CancellationToken.None);

        // G92 costs no motion time, so that what is measured is the way to the queue and not the printer's speed.
        var line = Encoding.ASCII.GetBytes("G92 E0\n");
        var segment = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("G92 E0\n", LinesPerSegment)));
        await SendAsync(client, line, 500);
        await SendAsync(client, segment, 100);
        double single = 0, scripts = 0;
        for (var round = 0; round < 3; round++)
        {
            single = Math.Max(single, SequentialLines / await SendAsync(client, line, SequentialLines));
            scripts = Math.Max(scripts, ScriptLines / await SendAsync(client, segment, ScriptLines / LinesPerSegment));
        }

        figures.Add("one line a request", single, "N0", "lines/s");
        figures.Add($"segment scripts of {LinesPerSegment} lines", scripts, "N0", "lines/s");
        figures.Add("  ratio", scripts / single, "0.0", "", "at least 20");
        await StarveAsync(printer, client, figures);
        figures.Print();
    }

    /// <summary>A file that needs more lines a second than a line a request brings, by the gateway's way: whole segments, at most two at once.</summary>
    private static async Task StarveAsync(Started printer, MoonrakerClient client, Figures figures)
    {
        using var http = new HttpClient { BaseAddress = new Uri(printer.Address) };
        using var segmenter = new Segmenter(new MemoryStream(Toolpath.Dense(DenseLinesPerSecond, DenseSeconds)), Toolpath.Limits);
        await SendAsync(client, Encoding.ASCII.GetBytes("G28\n"), 1);
        await SendAsync(client, Encoding.ASCII.GetBytes("G90\nG1 X10 Y100 Z10 F3600\nM400\n"), 1);
        var before = await StateAsync(http);
        using var turn = new SemaphoreSlim(1, 1);
        var lines = 0;
        var start = Stopwatch.GetTimestamp();
        var sending = Task.WhenAll(Enumerable.Range(0, ScriptsAtOnce).Select(_ => SendSegmentsAsync()));
        var queued = new List<double>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!sending.IsCompleted && await timer.WaitForNextTickAsync())
        {
            queued.Add((await StateAsync(http)).Queued);
        }

        await sending;
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var after = await StateAsync(http);
        figures.Add($"a file that needs {DenseLinesPerSecond:N0} lines/s, in real time", lines / seconds, "N0", "lines/s", $"at least {DenseLinesPerSecond:N0}");
        figures.Add("  times that the printer ran dry while lines were coming", after.Stalls - before.Stalls, "0", "", "0");
        figures.Add($"  least motion in its queue after the first second ({queued.Count} looks)", queued.Skip(queued.Count / DenseSeconds).Min(), "0.00", "s", "above 0");

        // The gateway too hands over a script before the one before it is answered, in order: the turn is held until the request is on its way.
        async Task SendSegmentsAsync()
        {
            using var scratch = new LockedBuffer(SecretFrame.RequiredScratch(SegmentBytes));
            while (true)
            {
                await turn.WaitAsync();
                var segment = await segmenter.NextAsync();
                if (segment is null)
                {
                    turn.Release();
                    return;
                }

                using var text = LockedBuffer.CopyOf(segment.Text.Span);
                lines += segment.Plan.Lines;
                segment.Dispose();
                var running = client.RunSecretScriptAsync(text.Memory, scratch.Memory, null, CancellationToken.None);
                turn.Release();
                if (await running is not ScriptFault.None and var fault)
                {
                    throw new InvalidOperationException($"The printer answered {fault}.");
                }
            }
        }
    }

    private static async Task<(double Queued, int Stalls)> StateAsync(HttpClient http)
    {
        var state = JsonElement.Parse(await http.GetStringAsync(new Uri("virtual/state", UriKind.Relative)));
        state = state.TryGetProperty("result", out var inner) ? inner : state;
        return (state.GetProperty("queued_seconds").GetDouble(), state.GetProperty("stalls").GetInt32());
    }

    private static async Task<double> SendAsync(MoonrakerClient client, byte[] script, int times)
    {
        using var text = LockedBuffer.CopyOf(script);
        using var scratch = new LockedBuffer(SecretFrame.RequiredScratch(script.Length));
        var start = Stopwatch.GetTimestamp();
        for (var sent = 0; sent < times; sent++)
        {
            if (await client.RunSecretScriptAsync(text.Memory, scratch.Memory, null, CancellationToken.None) is not ScriptFault.None and var fault)
            {
                throw new InvalidOperationException($"The printer answered {fault}.");
            }
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
