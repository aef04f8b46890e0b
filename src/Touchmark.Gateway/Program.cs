using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.DeadMan;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.Enrolment;
using Touchmark.Gateway.OnPrinter;
using Touchmark.Gateway.Running;

namespace Touchmark.Gateway;

internal static class Program
{
    private const string TakenUpLater = "A gateway that runs takes it up when it is started again.";

    public static string Version { get; } = typeof(Program).Assembly.GetName().Version?.ToString(3) ?? "0";

    private static async Task<int> Main(string[] arguments)
    {
        // Before any secret exists in this process.
        DiagnosticsPort.Close(arguments);
        ProcessHardening.Apply();
        try
        {
            return await RunAsync(CommandLine.Parse(arguments));
        }
        catch (GatewayError error)
        {
            await Console.Error.WriteLineAsync($"{error.Code}: {error.Message}\n{error.Fix}");
            return error.Code == "USAGE" ? 2 : 1;
        }
    }

    private static async Task<int> RunAsync(CommandLine line)
    {
        switch (line.Command)
        {
            case "enrol":
                await new EnrolCommand(GatewayHome.Open(line.Home), line.Repeats, TimeProvider.System, Console.In, Console.Out).RunAsync(line.Enrol);
                return 0;
            case "run":
                await RunCommand.RunAsync(GatewayHome.Open(line.Home), TimeProvider.System, Console.Out, terminal: !Console.IsOutputRedirected, CancellationToken.None);
                return 0;
            case "deadman":
                await DeadManCommand.RunAsync(GatewayHome.Open(line.Home), line.DeadMan!.Task, line.DeadMan.Printer, TimeProvider.System, Console.Out, CancellationToken.None);
                return 0;
            case "vault":
                SetVault(GatewayHome.Open(line.Home), line.VaultSocket);
                return 0;
            case "sessions":
                SetWay(GatewayHome.Open(line.Home), line.ThroughMoonraker);
                return 0;
            case "keys":
                KeysCommand.Run(GatewayHome.Open(line.Home), line.Keys!, Console.Out);
                return 0;
            case "status" or "diagnostics":
                return await AskAsync(GatewayHome.Open(line.Home), line.Command == "status" ? "status" : "log");
            default:
                Console.WriteLine(CommandLine.Usage);
                return 0;
        }
    }

    private static void SetVault(GatewayHome home, string? socket)
    {
        home.WriteSettings(home.ReadSettings() with { Vault = socket });
        Console.WriteLine(socket is null ? "Prints of this gateway are not told to a vault any more." : $"The vault at {socket} is asked at the end of each print.");
        Console.WriteLine(TakenUpLater);
    }

    private static void SetWay(GatewayHome home, bool throughMoonraker)
    {
        home.WriteSettings(home.ReadSettings() with { ThroughMoonraker = throughMoonraker });
        Console.WriteLine(throughMoonraker ? "Live sessions go through Moonraker." : "Live sessions go through Klipper's extra where Klipper has it, otherwise through Moonraker.");
        Console.WriteLine(TakenUpLater);
    }

    private static async Task<int> AskAsync(GatewayHome home, string word)
    {
        if (await DiagnosticsSocket.AskAsync(home, word, CancellationToken.None) is { } answer)
        {
            Console.Write(answer);
            return 0;
        }

        if (word == "status")
        {
            var settings = home.ReadSettings();
            Console.WriteLine($"printer {settings.PrinterId} ({settings.Name}) at {settings.Printer}\nengine {settings.Engine}");
        }

        Console.WriteLine("the gateway is not running");
        return 1;
    }
}
