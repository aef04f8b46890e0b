using Touchmark.Log.Storage;

namespace Touchmark.Vault.Manifest;

/// <summary>
/// <c>touchmark-vault index rebuild --data DIR</c>, with the options that say where the vault's data are: makes the index anew from the manifest. Tokens and what the review has observed, which are not in
/// the manifest, stay. It needs no HSM; the daemon has to be ended.
/// </summary>
internal static class IndexCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not ["rebuild", .. var rest])
        {
            await Console.Error.WriteLineAsync("error: index takes rebuild.\nhint: touchmark-vault index rebuild --data DIR");
            return 2;
        }

        await using var app = Program.Create(rest);
        try
        {
            await Program.PrepareAsync(app);
            if (await app.Services.GetRequiredService<ManifestIndexer>().RebuildAsync(CancellationToken.None) is not { } entries)
            {
                return await FailAsync($"{app.Services.GetRequiredService<VaultOptions>().Data} holds no manifest");
            }

            Console.WriteLine($"{entries} entries of the manifest are indexed.");
            return 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or LogDamagedException or InvalidOperationException)
        {
            return await FailAsync(failure.Message);
        }
    }

    private static async Task<int> FailAsync(string problem)
    {
        await Console.Error.WriteLineAsync($"error: {problem}");
        return 1;
    }
}
