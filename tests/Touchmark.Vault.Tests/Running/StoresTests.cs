using System.Globalization;
using System.Net;
using Touchmark.Tests;
using Touchmark.Vault.Tests.Server;
using Touchmark.Vault.Tests.Storage;

namespace Touchmark.Vault.Tests.Running;

/// <summary>
/// The real process with each storage: what a program that was cut down may lack shows only when it runs. TOUCHMARK_VAULT_PROGRAM names another program than the one that was built beside the tests, such as
/// the published one.
/// </summary>
public sealed class StoresTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tmv-").FullName;

    private static string Program => Environment.GetEnvironmentVariable("TOUCHMARK_VAULT_PROGRAM") is { Length: > 0 } named ? named : Path.Combine(AppContext.BaseDirectory, "touchmark-vault");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(nameof(StorageKind.Folder))]
    [InlineData(nameof(StorageKind.Postgres))]
    [InlineData(nameof(StorageKind.S3))]
    public async Task What_was_signed_is_found_after_a_kill_and_after_a_stop(string storage)
    {
        using var vault = RunningVault.Prepare(folder, Program);
        vault.More = Enum.Parse<StorageKind>(storage) switch
        {
            StorageKind.Postgres => ["--database", await PostgresServer.NewDatabaseAsync()],
            StorageKind.S3 => (await SharedS3.GetAsync()).NewArguments(),
            _ => [],
        };
        var signed = new List<Answer>();
        for (var run = 0; run < 3; run++)
        {
            await vault.StartAsync();
            using var caller = new Caller(vault.Client());
            signed.Add((await caller.SignAsync(new { job_id = string.Create(CultureInfo.InvariantCulture, $"run {run}"), material = "PLA" })).IsGood());
            foreach (var earlier in signed)
            {
                (await caller.GetAsync($"/v3/bundles/{earlier.BundleId}")).IsGood();
            }

            Assert.Equal(run + 1, (await caller.GetAsync("/v3/bundles?material=PLA")).IsGood()["bundles"].GetArrayLength());
            Assert.Equal("ready", (await caller.GetAsync("/v3/posture")).IsGood()["hsm_state"].GetString());
            Assert.Equal(HttpStatusCode.OK, (await caller.SignAsync(new { job_id = "run 0", material = "PLA" })).Status);
            await (run == 0 ? vault.KillAsync() : vault.StopAsync());
        }

        Assert.Equal(signed.Count, signed.Select(answer => answer["machine_counter"].GetInt64()).Distinct().Count());
    }
}
