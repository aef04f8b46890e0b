using Touchmark.Gateway.Configuration;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.DeadMan;

/// <summary>What <c>touchmark-gateway deadman</c> was asked for.</summary>
internal enum DeadManTask
{
    Install,
    Test,
    Remove,
}

/// <summary><c>touchmark-gateway deadman install|test|remove</c>, on the printer of this gateway's settings or on the one that is named.</summary>
internal static class DeadManCommand
{
    public static Task RunAsync(GatewayHome home, DeadManTask task, MoonrakerAddress? named, TimeProvider time, TextWriter output, CancellationToken cancellationToken)
    {
        if (named is null && !MoonrakerAddress.TryParse(home.ReadSettings().Printer, out named))
        {
            throw new GatewayError("SETTINGS_UNREADABLE", "The printer's address in the settings cannot be read.", "Name it with --printer http://HOST:7125.");
        }

        return RunAsync(named, task, time, output, cancellationToken);
    }

    /// <summary>Installing ends with the test.</summary>
    public static async Task RunAsync(MoonrakerAddress address, DeadManTask task, TimeProvider time, TextWriter output, CancellationToken cancellationToken)
    {
        try
        {
            await using var printer = await MoonrakerClient.ConnectAsync(address, time, cancellationToken);
            if (task != DeadManTask.Test)
            {
                using var files = FilesOf(address);
                var installer = new DeadManInstaller(printer, files, time, output);
                await (task == DeadManTask.Install ? installer.InstallAsync(cancellationToken) : installer.RemoveAsync(cancellationToken));
            }

            if (task != DeadManTask.Remove)
            {
                await DeadManTest.RunAsync(printer, time, output, cancellationToken);
            }
        }
        catch (MoonrakerException failure) when (failure.Failure == MoonrakerFailure.Refused)
        {
            throw new GatewayError("PRINTER_REFUSED", failure.Message.Split('\n')[0], "Look at the printer's console, and whether this computer may write Moonraker's config folder.");
        }
        catch (MoonrakerException failure)
        {
            throw new GatewayError("PRINTER_UNREACHABLE", failure.Message, "Switch the printer on and check its address; Moonraker usually listens on port 7125.");
        }
    }

    private static MoonrakerFiles FilesOf(MoonrakerAddress address) => address.Transport != MoonrakerTransport.UnixSocket
        ? new MoonrakerFiles(address, "config")
        : throw new GatewayError(
            "DEAD_MAN_ADDRESS",
            "Moonraker takes files over HTTP only, and this printer is reached over a Unix socket.",
            $"Run touchmark-gateway deadman install --printer http://localhost:7125, or put {DeadManFile.Name} beside printer.cfg by hand.");
}
