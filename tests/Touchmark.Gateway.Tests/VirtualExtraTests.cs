using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using Touchmark.Cryptography;

namespace Touchmark.Gateway.Tests;

/// <summary>The virtual printer's extra (src/Touchmark.VirtualPrinter/Extra) against this gateway's socket: what <c>./run --on-printer</c> stands on.</summary>
public sealed class VirtualExtraTests
{
    [Theory]
    [InlineData("sealed")]
    [InlineData("fernet")]
    public async Task A_file_prints_move_for_move_through_the_virtual_printers_own_virtual_sdcard(string kind)
    {
        await using var rig = new FileRig();
        using var key = FernetKey.Generate();
        rig.Keys.Add(key);
        // More than the chunks that are read ahead.
        var toolpath = Encoding.ASCII.GetBytes("G28\n" + string.Concat(Enumerable.Range(0, 4_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"G1 X{10 + i % 100} Y{20 + i / 100} Z1 F12000\n"))) + "M400\n");
        var path = kind == "sealed" ? await rig.SealAsync("a ü.gcode", toolpath) : await rig.FernetAsync("a ü.gcode", toolpath, key);
        var record = Path.Combine(rig.Root, "record.csv");
        await using var printer = await VirtualPrinter.StartAsync("--touchmark", rig.SocketPath, "--gcodes", rig.Gcodes, "--record", record, "--speed", "100");
        await using var client = await printer.ConnectAsync();
        await client.SubscribeAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(printer.Url) };

        using var started = await http.PostAsync("/printer/print/start?filename=" + Uri.EscapeDataString(Path.GetFileName(path)), null, TestContext.Current.CancellationToken);

        Assert.True(started.IsSuccessStatusCode, await started.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await foreach (var status in client.Updates.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            if (status.PrintState is "complete" or "error" or "paused")
            {
                Assert.Equal("complete", status.PrintState);
                break;
            }
        }

        Assert.Equal(4_000, (await File.ReadAllLinesAsync(record, TestContext.Current.CancellationToken)).Count(row => row.Split(',')[4] == "1.000000"));
    }

    [Fact]
    public async Task A_file_of_another_printer_is_refused_in_the_gateways_words()
    {
        await using var rig = new FileRig();
        await using var other = new FileRig();
        rig.Write("a.gcode", await File.ReadAllBytesAsync(await other.SealAsync("a.gcode", FileRig.Toolpath(100)), TestContext.Current.CancellationToken));
        await using var printer = await VirtualPrinter.StartAsync("--touchmark", rig.SocketPath, "--gcodes", rig.Gcodes);
        using var http = new HttpClient { BaseAddress = new Uri(printer.Url) };

        using var refused = await http.PostAsync("/printer/print/start?filename=a.gcode", null, TestContext.Current.CancellationToken);

        var problem = await refused.Content.ReadFromJsonAsync<System.Text.Json.Nodes.JsonNode>(TestContext.Current.CancellationToken);
        Assert.Contains("(FILE_OTHER_PRINTER)", (string)problem!["error"]!["message"]!, StringComparison.Ordinal);
    }
}
