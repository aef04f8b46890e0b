using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Touchmark.Bench;

/// <summary>The gateway as it is handed out, one trimmed file: its size, and what it holds while it prints for a real engine on the virtual printer in real time.</summary>
internal static class GatewayBench
{
    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-");
        try
        {
            var program = await PublishAsync(Path.Combine(folder.FullName, "program"));
            var figures = new Figures();
            figures.Add("one self-contained file", new FileInfo(program).Length / 1048576.0, "0.0", "MiB", "at most 25");
            var data = Path.Combine(folder.FullName, "engine");
            using var engine = await Started.EngineAsync(data);
            using var printer = await Started.VirtualPrinterAsync("--speed", "1", "--gcode-store-size", "0");
            using var shop = await Shop.OpenAsync(new Uri(engine.Address), data, Block.Stl(12, 12, 2.8f), prints: 1);
            var home = Path.Combine(folder.FullName, "gateway");
            await FinishAsync(program, "enrol", "--home", home, "--engine", engine.Address, "--code", await shop.PairingCodeAsync(), "--printer", printer.Address, "--no-snapshot");
            using var gateway = Started.Run(program, "run", "--home", home);
            await PrintAsync(shop, gateway, figures);
            figures.Print();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task PrintAsync(Shop shop, Started gateway, Figures figures)
    {
        var job = await shop.OrderAsync(await shop.PrinterAsync());
        var resident = new List<double>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (await timer.WaitForNextTickAsync())
        {
            var now = await shop.JobAsync(job);
            switch (now.GetProperty("state").GetString())
            {
                case "streaming":
                    resident.Add(Machine.ResidentMebibytes(gateway.Id));
                    break;
                case "done":
                    var exposure = (await shop.CertificateAsync(now.GetProperty("certificate_id").GetString()!)).GetProperty("exposure");
                    var seconds = resident.Count.ToString(CultureInfo.InvariantCulture);
                    figures.Add($"resident, median of the {seconds} s of the print", resident.Order().ElementAt(resident.Count / 2), "0.0", "MiB", "at most 45");
                    figures.Add("  most ever", Machine.PeakMebibytes(gateway.Id), "0.0", "MiB");
                    figures.Add("processor, from its start to the end of the print", gateway.ProcessorTime.TotalSeconds, "0.0", "s");
                    figures.Add("most motion outside the engine and not confirmed, from the certificate", exposure.GetProperty("motion_s").GetDouble(), "0.00", "s", "at most 3");
                    return;
                case "failed" or "cancelled":
                    throw new InvalidOperationException($"The print failed: {now.GetProperty("failure")}");
            }
        }
    }

    /// <summary>The gateway as it is handed out.</summary>
    public static async Task<string> PublishAsync(string folder)
    {
        await FinishAsync("dotnet", "publish", Path.Combine(Started.Root(), "src", "Touchmark.Gateway"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-o", folder, "-v", "q");
        return Path.Combine(folder, "touchmark-gateway");
    }

    private static async Task FinishAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var told = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {arguments[0]} failed: {told}");
        }
    }
}
