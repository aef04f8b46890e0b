using Touchmark.Evidence.Cbor;
using Touchmark.Hosting.Storage;

namespace Touchmark.Vault.Review;

/// <summary><c>touchmark-vault models show|train [--output FILE]</c>, with the options that say where the vault's data are: the review's models, learned anew from the manifest and the observations beside it. It needs no HSM.</summary>
internal static class ModelsCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not [("show" or "train") and var what, .. var rest])
        {
            await Console.Error.WriteLineAsync("error: models takes show or train.\nhint: touchmark-vault models train --data DIR [--output FILE]");
            return 2;
        }

        await using var app = Program.Create(rest);
        var services = app.Services;
        await services.GetRequiredService<Migrations>().RunAsync(CancellationToken.None);
        var saved = await services.GetRequiredService<Database>().FirstOrDefaultAsync<byte[]>("select state from review_models where id = 1", null, CancellationToken.None);
        var models = what == "train" ? await services.GetRequiredService<ReviewLearner>().TrainAsync(CancellationToken.None)
            : saved is null ? new ReviewModels() : ReviewLearner.Read(saved);
        if (models is null)
        {
            await Console.Error.WriteLineAsync("error: the saved models are of another version, or damaged.\nhint: touchmark-vault models train makes them anew");
            return 1;
        }

        foreach (var model in models.Describe())
        {
            Console.WriteLine($"{model.Name,-20} version {model.Version}  sha256 {Convert.ToHexStringLower(model.Sha256.Span)}");
        }

        Console.WriteLine($"learned up to entry {models.Through} of the manifest");
        if (services.GetRequiredService<IConfiguration>()["output"] is { Length: > 0 } output)
        {
            await File.WriteAllBytesAsync(output, DeterministicCbor.Encode(models.ToCbor()), CancellationToken.None);
        }

        return 0;
    }
}
