using System.Runtime.InteropServices;

namespace Touchmark.VirtualPrinter;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["--help" or "-h"])
        {
            Console.WriteLine(PrinterOptions.Usage);
            return 0;
        }

        var (options, error) = PrinterOptions.Parse(args);
        if (options is null)
        {
            await Console.Error.WriteLineAsync(error + Environment.NewLine + PrinterOptions.Usage);
            return 2;
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        await using var host = new PrinterHost(options, TimeProvider.System);
        string address;
        try
        {
            address = await host.StartAsync(stop.Token);
        }
        catch (IOException failure)
        {
            await Console.Error.WriteLineAsync($"The virtual printer cannot listen on port {options.Port}: {failure.Message}");
            return 1;
        }

        Console.WriteLine($"virtual printer ready on {address}");
        await host.WaitAsync(stop.Token);
        return 0;

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }
}
