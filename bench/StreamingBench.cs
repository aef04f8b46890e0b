using System.Diagnostics;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Moonraker;

namespace Touchmark.Bench;

/// <summary>Lines per second into the virtual printer: a segment a script against a line a request, in the same run; and whether a dense file starves it.</summary>
internal static class StreamingBench
{
    private const int SequentialLines = 4_000;
    private const int ScriptLines = 200_000;
    private const int LinesPerSegment = 50;

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
        figures.Print();
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
