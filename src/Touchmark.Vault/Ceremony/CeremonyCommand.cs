using Spectre.Console;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Ceremony;

/// <summary>
/// <c>touchmark-vault ceremony request|complete|rekey|decommission --data DIR --module FILE --token LABEL --pin-file FILE [--answers FILE]</c>. The vault must not run meanwhile. A ceremony
/// that was cut off goes on with the step that is next when its command is given again.
/// </summary>
internal static class CeremonyCommand
{
    /// <param name="args">The ceremony, and the vault's options.</param>
    /// <param name="replace">See <see cref="Program.Create"/>.</param>
    public static async Task<int> RunAsync(string[] args, Action<IServiceCollection>? replace = null)
    {
        try
        {
            await using var app = Program.Create(args[Math.Min(1, args.Length)..], replace);
            await Program.PrepareAsync(app);
            var answers = app.Configuration["answers"] is { } file ? CeremonyDialog.ReadAnswers(file) : null;
            await RunAsync(args.FirstOrDefault(), app.Services, new CeremonyDialog(AnsiConsole.Console, Console.In, answers), CancellationToken.None);
            return 0;
        }
        catch (CeremonyRefused refused)
        {
            return Say(refused.Message, refused.Hint);
        }
        catch (Exception failure) when (failure is InvalidOperationException or HsmException or IOException or UnauthorizedAccessException)
        {
            return Say(failure.Message, "Nothing is lost: mend it, and give the command again.");
        }
    }

    /// <summary>Holds one ceremony, or what is left of it.</summary>
    /// <param name="verb">Which.</param>
    /// <param name="services">Those of a vault that was prepared and not started.</param>
    /// <param name="dialog">The people.</param>
    /// <param name="cancel">Ends it; it goes on another time.</param>
    /// <param name="beforeWrite">See <see cref="CeremonyFolder"/>.</param>
    internal static Task RunAsync(string? verb, IServiceProvider services, CeremonyDialog dialog, CancellationToken cancel, Action<string>? beforeWrite = null)
    {
        var (options, hsm, time, manifest) = (services.GetRequiredService<VaultOptions>(), services.GetRequiredService<IVaultHsm>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ManifestBook>());
        var folder = new CeremonyFolder(options.Data, beforeWrite);
        var officers = new CeremonyOfficers(folder, dialog, time);
        var closing = new CeremonyClosing(options, folder, dialog, officers, hsm, manifest, time);
        var keys = new KeyCeremony(options, folder, dialog, officers, closing, hsm, services.GetRequiredService<ManifestStorage>(), time);
        switch (verb)
        {
            case "request":
                keys.Request();
                return Task.CompletedTask;
            case "rekey":
                keys.Rekey();
                return Task.CompletedTask;
            case "complete":
                return keys.CompleteAsync(cancel);
            case "decommission":
                return new Decommissioning(folder, dialog, officers, closing, hsm, manifest, services.GetRequiredService<ManifestIndex>(), time).RunAsync(cancel);
            default:
                throw new CeremonyRefused("There is no such ceremony.", "Say touchmark-vault ceremony request, complete, rekey or decommission.");
        }
    }

    private static int Say(string text, string hint)
    {
        Console.Error.WriteLine($"error: {text}");
        Console.Error.WriteLine($"hint: {hint}");
        return 1;
    }
}
