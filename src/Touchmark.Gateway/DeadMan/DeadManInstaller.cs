using System.Text;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.DeadMan;

/// <summary>
/// Puts the dead-man timer into a printer's configuration and takes it out again, through Moonraker's file manager. The person's own file is copied before it
/// is changed, and put back when Klipper does not come up with the change.
/// </summary>
internal sealed class DeadManInstaller(MoonrakerClient printer, MoonrakerFiles files, TimeProvider time, TextWriter output)
{
    /// <summary>A firmware restart takes 2 to 15 s; a printer with many micro-controllers longer.</summary>
    private static readonly TimeSpan RestartLimit = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(250);

    /// <summary>Installs or renews the timer and proves that it works. Nothing is changed where it is installed already.</summary>
    /// <exception cref="GatewayError">The printer is busy, or does not come up with it.</exception>
    public async Task InstallAsync(CancellationToken cancellationToken)
    {
        await DeadManTest.RefuseBusyAsync(printer, time, cancellationToken);
        var path = await MainFileAsync(cancellationToken);
        var before = await ReadAsync(path, cancellationToken);
        var after = DeadManFile.AddInclude(before);
        var file = await files.ReadAsync(DeadManFile.Name, cancellationToken);
        if (after == before && file is not null && file.AsSpan().SequenceEqual(DeadManFile.Content) && await InstalledVersionAsync(cancellationToken) == DeadManFile.Version)
        {
            output.WriteLine($"dead-man timer: version {DeadManFile.Version} is installed");
            return;
        }

        output.WriteLine($"dead-man timer: writing {DeadManFile.Name}");
        await files.WriteAsync(DeadManFile.Name, DeadManFile.Content, cancellationToken);
        var copy = after == before ? null : await ChangeAsync(path, before, after, cancellationToken);
        if (await RestartAsync(cancellationToken) is { } problem)
        {
            await files.WriteAsync(path, Encoding.UTF8.GetBytes(before), cancellationToken);
            await (file is null ? files.DeleteAsync(DeadManFile.Name, cancellationToken) : files.WriteAsync(DeadManFile.Name, file, cancellationToken));
            await RestartAsync(cancellationToken);
            throw new GatewayError("DEAD_MAN_CONFIG", $"Klipper does not start with the dead-man timer: {problem}", $"Everything is as it was before{(copy is null ? "" : $" ({copy} is a copy)")}. Correct the cause and try again.");
        }

        if (await InstalledVersionAsync(cancellationToken) != DeadManFile.Version)
        {
            throw new GatewayError("DEAD_MAN_CONFIG", $"Klipper restarted without the dead-man timer: it does not read {path} in Moonraker's config folder.", $"Add the line [include {DeadManFile.Name}] to the file that Klipper reads, and put {DeadManFile.Name} beside it.");
        }
    }

    /// <summary>Takes the timer out. Nothing is changed where there is none.</summary>
    /// <exception cref="GatewayError">The printer is busy, or does not come up without it.</exception>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await DeadManTest.RefuseBusyAsync(printer, time, cancellationToken);
        var path = await MainFileAsync(cancellationToken);
        var before = await ReadAsync(path, cancellationToken);
        var after = DeadManFile.RemoveInclude(before);
        if (after != before)
        {
            await ChangeAsync(path, before, after, cancellationToken);
        }

        var isThere = await files.ReadAsync(DeadManFile.Name, cancellationToken) is not null;
        if (after == before && !isThere)
        {
            output.WriteLine("dead-man timer: none was installed");
            return;
        }

        if (isThere)
        {
            await files.DeleteAsync(DeadManFile.Name, cancellationToken);
        }

        if (await RestartAsync(cancellationToken) is { } problem)
        {
            throw new GatewayError("DEAD_MAN_CONFIG", $"Klipper does not start without the dead-man timer: {problem}", $"Look whether something else in the configuration uses {DeadManFile.SafeRest}.");
        }

        output.WriteLine("dead-man timer: removed");
    }

    private async Task<string> ChangeAsync(string path, string before, string after, CancellationToken cancellationToken)
    {
        var stem = path.EndsWith(".cfg", StringComparison.OrdinalIgnoreCase) ? path[..^4] : path;
        var copy = $"{stem}-before-touchmark-{time.GetUtcNow():yyyyMMdd_HHmmss}.cfg";
        await files.WriteAsync(copy, Encoding.UTF8.GetBytes(before), cancellationToken);
        output.WriteLine($"dead-man timer: changing one line of {path}; {copy} is a copy of it");
        await files.WriteAsync(path, Encoding.UTF8.GetBytes(after), cancellationToken);
        return copy;
    }

    private async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var content = await files.ReadAsync(path, cancellationToken)
            ?? throw new GatewayError("DEAD_MAN_CONFIG", $"Moonraker's config folder has no {path}.", $"Put {DeadManFile.Name} beside the file that Klipper reads, and add the line [include {DeadManFile.Name}] to that one.");
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(content);
        }
        catch (DecoderFallbackException)
        {
            throw new GatewayError("DEAD_MAN_CONFIG", $"{path} is no UTF-8 text and is left alone.", $"Save it as UTF-8, or add the line [include {DeadManFile.Name}] by hand and put {DeadManFile.Name} beside it.");
        }
    }

    /// <summary>The file that Klipper starts from, as Moonraker's <c>config</c> root names it.</summary>
    private async Task<string> MainFileAsync(CancellationToken cancellationToken)
    {
        var file = await printer.GetConfigFileAsync(cancellationToken);
        var root = (await printer.GetFileRootAsync("config", cancellationToken)).TrimEnd('/') + "/";
        return file.StartsWith(root, StringComparison.Ordinal) ? file[root.Length..] : file[(file.LastIndexOf('/') + 1)..];
    }

    private async Task<int?> InstalledVersionAsync(CancellationToken cancellationToken) =>
        await DeadManFile.InstalledVersionAsync(printer, await printer.GetObjectsAsync(cancellationToken), cancellationToken);

    /// <summary>Restarts the firmware and waits until Klipper is ready; otherwise gives Klipper's own words.</summary>
    private async Task<string?> RestartAsync(CancellationToken cancellationToken)
    {
        output.WriteLine("dead-man timer: restarting the firmware");
        while (printer.Updates.TryRead(out _))
        {
            // What was before the restart.
        }

        await AskRestartAsync(cancellationToken);
        var began = time.GetTimestamp();
        var gone = false;
        var words = "it did not answer.";
        while (time.GetElapsedTime(began) < RestartLimit)
        {
            await Task.Delay(PollPeriod, time, cancellationToken);
            while (printer.Updates.TryRead(out var status))
            {
                gone |= status.Klippy == KlippyState.Disconnected;
            }

            try
            {
                var klipper = await printer.GetKlipperInfoAsync(cancellationToken);
                words = klipper.Message;
                if (gone && klipper.State is KlippyState.Ready or KlippyState.Error)
                {
                    return klipper.State == KlippyState.Ready ? null : words.Split('\n')[0];
                }
            }
            catch (MoonrakerException failure) when (failure.Failure is MoonrakerFailure.Refused or MoonrakerFailure.TimedOut)
            {
                // Moonraker is there and Klipper is not.
            }
        }

        return words.Split('\n')[0];
    }

    private async Task AskRestartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await printer.FirmwareRestartAsync(cancellationToken);
        }
        catch (MoonrakerException failure) when (failure.Failure == MoonrakerFailure.Refused && failure.Code == 503)
        {
            // Gone before it could answer.
        }
    }
}
