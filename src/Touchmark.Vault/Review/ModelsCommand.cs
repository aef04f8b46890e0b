using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Review;

/// <summary>
/// <c>touchmark-vault models show|train [--output FILE]</c>, with the options that say where the vault's data are: the review's models, learned anew from the manifest and the observations beside it.
/// <c>models train --archive FILE</c> learns from an exported archive instead: with <c>--data</c> for the vault there, whose bundles name what was trained from then on; with <c>--root-pin PIN</c> on any computer.
/// It needs no HSM; the daemon has to be ended.
/// </summary>
internal static class ModelsCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not [("show" or "train") and var what, .. var rest])
        {
            await Console.Error.WriteLineAsync("error: models takes show or train.\nhint: touchmark-vault models train --data DIR [--archive FILE] [--output FILE]");
            return 2;
        }

        try
        {
            await using var app = Program.Create(rest);
            var archive = app.Configuration["archive"];
            var made = what == "show" ? await ShowAsync(app) : archive is { Length: > 0 } ? await TrainAsync(app, archive) : await TrainAsync(app);
            if (!made.Has(out var models, out var refusal))
            {
                return await FailAsync(refusal.Text, refusal.Fix);
            }

            foreach (var model in models.Describe())
            {
                Console.WriteLine($"{model.Name,-20} version {model.Version}  sha256 {Convert.ToHexStringLower(model.Sha256.Span)}");
            }

            Console.WriteLine($"learned up to entry {models.Through} of {(archive is { Length: > 0 } ? archive : "the manifest")}");
            if (app.Configuration["output"] is { Length: > 0 } output)
            {
                await File.WriteAllBytesAsync(output, DeterministicCbor.Encode(models.ToCbor()), CancellationToken.None);
            }

            return 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return await FailAsync(failure.Message, "look at the options --data, --archive and --output; the daemon has to be ended");
        }
    }

    private static async Task<Outcome<ReviewModels>> ShowAsync(WebApplication app)
    {
        await app.Services.GetRequiredService<Migrations>().RunAsync(CancellationToken.None);
        var saved = await app.Services.GetRequiredService<Database>().FirstOrDefaultAsync<byte[]>("select state from review_models where id = 1", null, CancellationToken.None);
        return saved is null ? new ReviewModels()
            : ReviewLearner.Read(saved) is { } models ? models
            : Refusal.Invalid("MODELS_UNREADABLE", "The saved models are of another version, or damaged.", "touchmark-vault models train makes them anew");
    }

    private static async Task<Outcome<ReviewModels>> TrainAsync(WebApplication app)
    {
        await Program.PrepareAsync(app);
        return await app.Services.GetRequiredService<ReviewLearner>().TrainAsync(CancellationToken.None);
    }

    private static async Task<Outcome<ReviewModels>> TrainAsync(WebApplication app, string archive)
    {
        var now = app.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        await using var file = File.OpenRead(archive);
        if (app.Configuration["root-pin"] is { Length: > 0 } text)
        {
            return RootPin.TryParse(text, out var pin, out var problem) ? await ArchiveTraining.TrainAsync(file, pin, TrustStore.Empty, now, CancellationToken.None)
                : Refusal.Invalid("NO_ROOT_PIN", $"This is no root pin: {problem}.", "copy it from the paper again");
        }

        if (!VaultIdentity.TryLoad(app.Services.GetRequiredService<VaultOptions>().Data, now, out var identity, out var missing))
        {
            return Refusal.Invalid("NO_CERTIFICATE", $"Nothing says which root to believe: {missing}.", "say a vault's folder with --data, or the root's pin with --root-pin");
        }

        await Program.PrepareAsync(app);
        var trained = await ArchiveTraining.TrainAsync(file, null, identity.Trust, now, CancellationToken.None);
        if (trained.Has(out var models, out _))
        {
            await app.Services.GetRequiredService<ReviewLearner>().UseAsync(models, CancellationToken.None);
        }

        return trained;
    }

    private static async Task<int> FailAsync(string problem, string fix)
    {
        await Console.Error.WriteLineAsync($"error: {problem}\nhint: {fix}");
        return 1;
    }
}
