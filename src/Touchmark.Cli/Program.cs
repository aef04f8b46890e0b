using System.CommandLine;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Log;
using Touchmark.Cli.Parts;
using Touchmark.Cli.PrinterTest;
using Touchmark.Cli.Slicers;
using Touchmark.Cli.Terminal;
using Touchmark.Cli.Toolpaths;
using Touchmark.Cli.Verification;
using Touchmark.Cli.Witnessing;

namespace Touchmark.Cli;

/// <summary>The command line: what needs no engine first, then what drives one.</summary>
internal static class Program
{
    private static readonly Entry[] Commands =
    [
        new(VerifyCommand.Name, VerifyCommand.Create),
        new("keys", KeysCommand.Create),
        new("gcode", GCodeCommands.Create),
        new("log", LogCommands.Create),
        new("slicer", SlicerCommands.Create),
        new("witness", WitnessCommand.Create),
        new("login", SignInCommands.Login),
        new("logout", SignInCommands.Logout),
        new("second-factor", SecondFactorCommands.Create),
        new("passkey", PasskeyCommands.Create),
        new("identity", IdentityCommands.Create),
        new("system", SystemCommands.System),
        new("backup", SystemCommands.Backup),
        new("account", AccountCommands.Create),
        new("audit", AuditCommands.Create),
        new("design", DesignCommands.Create),
        new("licence", LicenceCommands.Create),
        new("printer", PrinterCommands.Create),
        new(PrinterTestCommand.Name, PrinterTestCommand.Create),
        new("catalogue", CatalogueCommand.Create),
        new("analytics", AnalyticsCommand.Create),
        new("job", JobCommands.Create),
        new("certificate", CertificateCommands.Create),
        new("part", PartCommands.Create),
        new("custodian", CustodianCommands.Create),
        new("recall", RecallCommands.Create),
        new("regulator", RegulatorCommands.Create),
        new("search", SearchCommand.Create),
        new("finding", FindingCommands.Create),
    ];

    /// <summary>All commands, or the one that is asked for: the others would take a third of the time that a verification takes.</summary>
    internal static RootCommand Root(string? asked = null)
    {
        var root = new RootCommand("touchmark: verify parts offline, and drive a Touchmark engine.");
        var one = Array.Find(Commands, entry => entry.Name == asked);
        foreach (var entry in one is null ? Commands : [one])
        {
            root.Add(entry.Create());
        }

        return root;
    }

    private static async Task<int> Main(string[] args)
    {
        try
        {
            // Failures are told in one place, as sentences; the library would print a stack trace.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false };
            if (args.FirstOrDefault() == VerifyCommand.Name)
            {
                Preload.Begin();
                // Nothing has to be tidied up when it is interrupted, and listening for it takes time at each start.
                configuration.ProcessTerminationTimeout = null;
            }

            return await Root(args.FirstOrDefault()).Parse(args).InvokeAsync(configuration);
        }
        catch (CliFailure failure)
        {
            failure.Print(Console.Error);
            return failure.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }

    private sealed record Entry(string Name, Func<Command> Create);
}
