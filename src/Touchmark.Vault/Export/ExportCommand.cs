using Touchmark.Log.Storage;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Review;

namespace Touchmark.Vault.Export;

/// <summary>
/// <c>touchmark-vault export FILE --data DIR [--audit true]</c>: the archive that outlives the vault. It runs beside the daemon, and needs no HSM. For an audit nothing is written while there are
/// incomplete bundles that no reviewer has looked at.
/// </summary>
internal static class ExportCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not [var file, ..] || file.StartsWith("--", StringComparison.Ordinal))
        {
            return await FailAsync("say the file: touchmark-vault export FILE --data DIR");
        }

        await using var app = Program.Create(args[1..]);
        var options = app.Services.GetRequiredService<VaultOptions>();
        if (!VaultIdentity.TryLoad(options.Data, app.Services.GetRequiredService<TimeProvider>().GetUtcNow(), out var identity, out var problem))
        {
            return await FailAsync($"{options.Data} holds no vault: {problem}");
        }

        if (app.Configuration["audit"] == "true" && await app.Services.GetRequiredService<Findings>().BlockingAsync(long.MaxValue, CancellationToken.None) is { Count: > 0 } blocking)
        {
            return await FailAsync($"{blocking.Count} bundles are incomplete and no reviewer has looked at them, the first is {blocking[0].BundleId:D}: accept or reject the findings under /v3/findings");
        }

        var unfinished = file + ".unfinished";
        try
        {
            long entries;
            await using (var output = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                entries = await app.Services.GetRequiredService<ArchiveExport>().WriteAsync(output, identity.Trust, CancellationToken.None);
                output.Flush(flushToDisk: true);
            }

            File.Move(unfinished, file, overwrite: false);
            Console.WriteLine($"{entries} entries of {identity.Certificate.ManifestOrigin} are in {file}.");
            return 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or LogDamagedException)
        {
            File.Delete(unfinished);
            return await FailAsync(failure.Message);
        }
    }

    private static async Task<int> FailAsync(string problem)
    {
        await Console.Error.WriteLineAsync($"error: {problem}");
        return 1;
    }
}
