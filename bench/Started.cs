using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Touchmark.Bench;

/// <summary>A program of ours that a bench started; disposing stops it.</summary>
internal sealed partial class Started : IDisposable
{
    private readonly Process running;

    private Started(Process running, string address) => (this.running, Address) = (running, address);

    /// <summary>The first http address that it printed.</summary>
    public string Address { get; }

    public int Id => running.Id;

    public TimeSpan ProcessorTime => running.TotalProcessorTime;

    public static Task<Started> VirtualPrinterAsync(params string[] options) => StartAsync("Touchmark.VirtualPrinter", "virtual-printer", ["--port", "0", .. options]);

    /// <summary>An engine without limits on callers, because all of them come from here.</summary>
    /// <param name="data">Its data folder.</param>
    /// <param name="address">One that stays when it is started again; null for any that is free.</param>
    public static Task<Started> EngineAsync(string data, Uri? address = null) => StartAsync(
        "Touchmark.Engine", "touchmark-engine",
        ["--data", data, "--urls", address?.OriginalString ?? "http://127.0.0.1:0", "--requests-per-second", "1000000", "--request-burst", "1000000", "--gateways-per-address", "100000"]);

    /// <summary>Starts the Release build of a program and waits for its address.</summary>
    public static async Task<Started> StartAsync(string project, string program, string[] arguments)
    {
        var path = Path.Combine(Root(), "src", project, "bin", "Release", "net10.0", program);
        var process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (AddressPattern().Match(line) is { Success: true } found)
            {
                // Keeps reading, or the program would stop at a full pipe.
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                return new Started(process, found.Value);
            }
        }

        throw new InvalidOperationException($"{program} ended before it was ready.");
    }

    /// <summary>Starts a program that has no address of its own.</summary>
    public static Started Run(string path, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        return new Started(process, "");
    }

    /// <summary>Once it has exited.</summary>
    public int ExitCode => running.ExitCode;

    public Task ExitedAsync() => running.WaitForExitAsync();

    /// <summary>Asks ten times a second.</summary>
    public static Task UntilAsync(Func<bool> reached) => UntilAsync(() => Task.FromResult(reached()));

    public static async Task UntilAsync(Func<Task<bool>> reached)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(0.1));
        while (!await reached())
        {
            await timer.WaitForNextTickAsync();
        }
    }

    public void Dispose()
    {
        running.Kill(entireProcessTree: true);
        running.WaitForExit();
        running.Dispose();
    }

    public static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Touchmark.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The bench runs from the repository.");
        }

        return folder;
    }

    [GeneratedRegex("http://127\\.0\\.0\\.1:[1-9][0-9]*", RegexOptions.NonBacktracking)]
    private static partial Regex AddressPattern();
}
