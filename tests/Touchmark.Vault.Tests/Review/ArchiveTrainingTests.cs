using Microsoft.Extensions.DependencyInjection;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;
using Touchmark.Vault.Export;
using Touchmark.Vault.Review;
using Touchmark.Vault.Tests.Bundles;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Review;

/// <summary>Models out of an exported archive, by the command that makes them.</summary>
public sealed class ArchiveTrainingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("touchmark-training-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task An_archive_alone_makes_the_models_whose_hashes_the_next_bundle_names()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var archive = await ExportAsync(server, caller);
        var next = await SigningTests.BundleAsync(caller, (await SignAsync(caller, 12)).BundleId);
        var output = Path.Combine(folder, "models.cbor");

        var pin = RootPin.Of(server.Customer.Trust, Issuers.OfCustomer(Customer.Id))!.ToString();
        Assert.Equal(0, await ModelsCommand.RunAsync(["train", "--archive", archive, "--root-pin", pin, "--data", Path.Combine(folder, "none"), "--output", output]));

        Assert.Equal(Hashes(next), Read(output).Describe().Select(model => Convert.ToHexStringLower(model.Sha256.Span)));
    }

    [Fact]
    public async Task A_vault_that_is_given_an_archive_names_what_was_trained_and_learns_on()
    {
        await using var server = await VaultServer.StartAsync();
        string archive;
        using (var caller = server.Local())
        {
            archive = await ExportAsync(server, caller);
            await SignAsync(caller, 12, material: "ABS");
        }

        await server.StopAsync();
        var output = Path.Combine(folder, "models.cbor");
        Assert.Equal(0, await ModelsCommand.RunAsync(["train", "--archive", archive, "--data", server.Data, "--output", output]));
        await server.StartAsync();
        using var again = server.Local();
        var first = await SigningTests.BundleAsync(again, (await SignAsync(again, 13)).BundleId);
        var second = await SigningTests.BundleAsync(again, (await SignAsync(again, 14)).BundleId);

        Assert.Equal(Read(output).Describe().Select(model => Convert.ToHexStringLower(model.Sha256.Span)), Hashes(first));
        Assert.NotEqual(Hashes(first), Hashes(second));
    }

    [Fact]
    public async Task Nothing_is_learned_from_an_archive_that_was_altered_or_is_anothers()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var archive = await ExportAsync(server, caller);
        var output = Path.Combine(folder, "models.cbor");
        using var stranger = new Touchmark.Cryptography.Ed25519Signer(new byte[32]);
        var name = Issuers.OfCustomer(Customer.Id);
        var pin = RootPin.Of(server.Customer.Trust, name)!.ToString();
        var other = RootPin.Of(new TrustStore([new(name, stranger.Algorithm, stranger.PublicKey, DateTimeOffset.UnixEpoch, null), server.Customer.Trust.Keys[1]]), name)!.ToString();

        Assert.Equal(1, await ModelsCommand.RunAsync(["train", "--archive", archive, "--root-pin", other, "--data", folder, "--output", output]));
        Assert.Equal(1, await ModelsCommand.RunAsync(["train", "--archive", archive, "--data", folder, "--output", output]));
        var bytes = await File.ReadAllBytesAsync(archive);
        bytes[bytes.AsSpan().IndexOf("job 3"u8)] ^= 1;
        await File.WriteAllBytesAsync(archive, bytes);
        Assert.Equal(1, await ModelsCommand.RunAsync(["train", "--archive", archive, "--root-pin", pin, "--data", folder, "--output", output]));

        Assert.False(File.Exists(output));
    }

    private async Task<string> ExportAsync(VaultServer server, Caller caller)
    {
        for (var job = 0; job < 12; job++)
        {
            await SignAsync(caller, job);
        }

        var file = Path.Combine(folder, "archive.zip");
        await using var output = File.Create(file);
        await server.Services.GetRequiredService<ArchiveExport>().WriteAsync(output, server.Customer.Trust, CancellationToken.None);
        return file;
    }

    // Without toolpath and series, so that all that is looked at is in the bundle.
    private static async Task<Answer> SignAsync(Caller caller, int job, string material = "PLA") => (await caller.PostAsync("/v3/bundles", Caller.Json(new
    {
        job_id = $"job {job}", material, gcode_sha256 = new string('a', 64), gcode_bytes = 1000,
        sensors = new Dictionary<string, object> { ["chamber"] = new { min = 20 + (job % 3), max = 40.5 + (job % 3), mean = 31.25, unit = "°C", samples = 100 } },
    }))).IsGood();

    private static ReviewModels Read(string file) => ReviewLearner.Read(File.ReadAllBytes(file))!;

    private static IEnumerable<string> Hashes(EvidenceBundle bundle) =>
        bundle.Models.Where(model => model.Name != Signals.Completeness).Select(model => Convert.ToHexStringLower(model.Sha256.Span));
}
