using System.Globalization;
using Spectre.Console;
using Touchmark.Bench.Attacks;
using Touchmark.Bench.Soak;
using Touchmark.Log.Tests.Killing;

namespace Touchmark.Bench;

/// <summary>
/// The figures of docs/performance.md: <c>bench/run [gcode|files|streaming|attacks|engine|gateway|leaks|sessions|endings|halts|soak|log|registry|web|preview|anomaly|vault|archive]... [--sessions N] [--quick]</c>. Each program prints one table; what can run side by side in one run is
/// told as a ratio, because a machine's absolute figures mean little elsewhere.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is [GCodeBench.SegmentFile, var path])
        {
            await GCodeBench.SegmentFileAsync(path);
            return 0;
        }

        if (args is [Files.FilesBench.ReadFile, var kind, var content])
        {
            await Files.FilesBench.ReadFileAsync(kind, content);
            return 0;
        }

        if (args is [KilledWriter.Command, var folder, var call, var when])
        {
            return await KilledWriter.RunAsync(folder, call, when);
        }

        var quick = args.Contains("--quick", StringComparer.Ordinal);
        args = [.. args.Where(argument => argument != "--quick")];
        var sessions = 1000;
        if (Array.IndexOf(args, "--sessions") is >= 0 and var option)
        {
            if (option + 1 == args.Length || !int.TryParse(args[option + 1], CultureInfo.InvariantCulture, out sessions) || sessions is < 1 or > 5000)
            {
                await Console.Error.WriteLineAsync("error: --sessions needs a number from 1 to 5000");
                return 2;
            }

            args = [.. args[..option], .. args[(option + 2)..]];
        }

        var kills = quick ? 20 : 1000;
        if (Array.IndexOf(args, "--kills") is >= 0 and var loop)
        {
            if (loop + 1 == args.Length || !int.TryParse(args[loop + 1], CultureInfo.InvariantCulture, out kills) || kills is < 1 or > 100_000)
            {
                await Console.Error.WriteLineAsync("error: --kills needs a number from 1 to 100000");
                return 2;
            }

            // A loop of kills is asked for where the vault is: bench/run vault --kills 1000.
            args = [.. args[..loop], .. args[(loop + 2)..]];
            args = [.. args.Select(argument => argument == "vault" ? "vault-kills" : argument)];
        }

        (string Name, Func<Task> Run)[] benches =
        [
            ("gcode", GCodeBench.RunAsync),
            ("files", Files.FilesBench.RunAsync),
            ("streaming", StreamingBench.RunAsync),
            ("attacks", () => AttacksBench.RunAsync(quick)),
            ("engine", EngineBench.RunAsync),
            ("gateway", GatewayBench.RunAsync),
            ("leaks", LeaksBench.RunAsync),
            ("sessions", () => SessionsBench.RunAsync(sessions)),
            ("endings", EndingsBench.RunAsync),
            ("halts", HaltsBench.RunAsync),
            ("soak", () => SoakBench.RunAsync(Math.Min(sessions, 200), quick ? TimeSpan.FromMinutes(1) : TimeSpan.FromMinutes(10))),
            ("log", () => LogBench.RunAsync(quick)),
            ("registry", () => Registry.RegistryBench.RunAsync(quick ? 50_000 : 1_000_000)),
            ("web", () => Web.WebBench.RunAsync(quick ? 50_000 : 1_000_000, quick)),
            ("preview", Web.PreviewBench.RunAsync),
            ("identity", () => Identity.IdentityBench.RunAsync(machines: quick ? 3 : 12)),
            ("anomaly", () => Anomaly.AnomalyBench.RunAsync(quick)),
            ("vault", () => Vault.VaultBench.RunAsync(quick)),
            ("archive", () => Vault.ArchiveBench.RunAsync(quick ? 20_000 : 1_000_000)),
            ("hsm", () => Vault.HsmBench.RunAsync(quick)),
            ("vault-kills", () => Vault.VaultBench.KillsAsync(kills)),
            ("log-kills", () => LogBench.KillsAsync(quick)),
        ];
        var chosen = args.Length == 0 ? benches : [.. benches.Where(bench => args.Contains(bench.Name, StringComparer.Ordinal))];
        if (chosen.Length < args.Length)
        {
            await Console.Error.WriteLineAsync($"error: the benches are {string.Join(", ", benches.Select(bench => bench.Name))}");
            return 2;
        }

        // A table in a file is as wide as it is.
        AnsiConsole.Profile.Width = Console.IsOutputRedirected ? 240 : AnsiConsole.Profile.Width;
        AnsiConsole.WriteLine(Machine.Describe());
        foreach (var (name, run) in chosen)
        {
            AnsiConsole.WriteLine($"\n{name}");
            await run();
        }

        return 0;
    }
}
