using System.CommandLine;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Log;
using Touchmark.Cli.Parts;
using Touchmark.Cli.Terminal;
using Touchmark.Cli.Toolpaths;
using Touchmark.Cli.Verification;
using Touchmark.Cli.Witnessing;

namespace Touchmark.Cli;

/// <summary>The command line: what needs no engine first, then what drives one.</summary>
internal static class Program
{
    internal static RootCommand Root() =>
        new("touchmark: verify parts offline, and drive a Touchmark engine.")
        {
            VerifyCommand.Create(),
            KeysCommand.Create(),
            GCodeCommands.Create(),
            LogCommands.Create(),
            WitnessCommand.Create(),
            SignInCommands.Login(),
            SignInCommands.Logout(),
            AccountCommands.Create(),
            AuditCommands.Create(),
            DesignCommands.Create(),
            LicenceCommands.Create(),
            PrinterCommands.Create(),
            CatalogueCommand.Create(),
            JobCommands.Create(),
            CertificateCommands.Create(),
            PartCommands.Create(),
            CustodianCommands.Create(),
            RecallCommands.Create(),
            RegulatorCommands.Create(),
        };

    private static async Task<int> Main(string[] args)
    {
        try
        {
            // Failures are told in one place, as sentences; the library would print a stack trace.
            return await Root().Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
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
}
