using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Tests.Bundles;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Manifest;

/// <summary>What goes wrong under a vault: the HSM, the token's counter, the disk, the database, a second process.</summary>
public sealed class TroubleTests
{
    [Fact]
    public async Task An_hsm_that_is_lost_is_told_and_the_vault_goes_on_when_it_is_back()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        (server.Hsm.Broken, server.Hsm.MayReturn) = ("somebody pulled the token.", false);
        var refused = (await caller.SignAsync(new { job_id = "job 2" })).IsRefused(HttpStatusCode.ServiceUnavailable, "HSM_NOT_READY");
        Assert.Contains("somebody pulled the token", refused["detail"].GetString(), StringComparison.Ordinal);
        var posture = (await caller.GetAsync("/v3/posture")).IsGood();
        Assert.Equal(("absent", "degraded", false), (posture["hsm_state"].GetString(), posture["mode"].GetString(), posture["signs"].GetBoolean()));
        // What was signed is still found, and handed out.
        Assert.Equal(HttpStatusCode.OK, (await caller.SignAsync(new { job_id = "job 1" })).Status);

        server.Hsm.Broken = null;
        var signed = (await caller.SignAsync(new { job_id = "job 2" })).IsGood();
        Assert.Equal(2, signed["machine_counter"].GetInt64());
        Assert.True((await caller.GetAsync("/v3/posture"))["signs"].GetBoolean());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task An_hsm_that_fails_within_a_signature_uses_no_value_twice_and_loses_no_answer(int call)
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        // Counter, two signatures of the statement, two of the checkpoint.
        server.Hsm.BreaksAfter = call - 1;
        var refused = await caller.SignAsync(new { job_id = "job 2" });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        server.Hsm.Broken = null;
        var signed = (await caller.SignAsync(new { job_id = "job 2" })).IsGood();

        Assert.Equal(server.Hsm.Taken, server.Hsm.Taken.Distinct());
        Assert.Equal(server.Hsm.Taken[^1], signed["machine_counter"].GetInt64());
        Assert.Equal(2, (await caller.GetAsync("/v3/bundles")).IsGood()["bundles"].GetArrayLength());
    }

    [Fact]
    public async Task A_token_that_was_restored_from_a_copy_signs_nothing()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        (await caller.SignAsync(new { job_id = "job 1" })).IsGood();
        var copy = server.Hsm.Counter;
        (await caller.SignAsync(new { job_id = "job 2" })).IsGood();

        await server.StopAsync();
        server.Hsm.Counter = copy;
        await server.StartAsync();
        using var again = server.Local();

        (await again.SignAsync(new { job_id = "job 3" })).IsRefused(HttpStatusCode.ServiceUnavailable, "COUNTER_WENT_BACK");
        Assert.Equal("COUNTER_WENT_BACK", (await again.GetAsync("/v3/posture"))["problem"].GetString());
    }

    [Fact]
    public async Task A_data_folder_that_was_restored_from_a_copy_signs_nothing()
    {
        await using var server = await VaultServer.StartAsync();
        await server.StopAsync();
        using var copy = new Copy(server.Data);
        await server.StartAsync();
        using (var caller = server.Local())
        {
            (await caller.SignAsync(new { job_id = "job 1" })).IsGood();
            (await caller.SignAsync(new { job_id = "job 2" })).IsGood();
        }

        await server.StopAsync();
        copy.Restore();
        await server.StartAsync();
        using var again = server.Local();

        (await again.SignAsync(new { job_id = "job 3" })).IsRefused(HttpStatusCode.ServiceUnavailable, "MANIFEST_WENT_BACK");
        Assert.Equal(2, server.Hsm.Taken.Count);
    }

    [Fact]
    public async Task An_index_that_was_lost_is_made_anew_from_the_manifest()
    {
        await using var server = await VaultServer.StartAsync();
        using (var caller = server.Local())
        {
            (await caller.SignAsync(new { job_id = "job 1", material = "PLA" })).IsGood();
            (await caller.SignAsync(new { job_id = "job 2" })).IsGood();
        }

        await server.StopAsync();
        foreach (var file in Directory.GetFiles(server.Data, "touchmark.db*"))
        {
            File.Delete(file);
        }

        await server.StartAsync();
        using var again = server.Local();
        Assert.Equal(HttpStatusCode.OK, (await again.SignAsync(new { job_id = "job 1", material = "PLA" })).Status);
        var third = (await again.SignAsync(new { job_id = "job 3" })).IsGood();
        Assert.Equal(3, third["machine_counter"].GetInt64());
        (await again.GetAsync($"/v3/bundles/{third.BundleId}")).IsGood();
    }

    [Fact]
    public async Task An_index_that_cannot_be_written_refuses_and_the_bundle_is_found_once_it_can()
    {
        await using var server = await VaultServer.StartAsync(replace: services => services.AddSingleton<IManifestIndex, FullIndex>());
        using var caller = server.Local();
        var full = server.Services.GetServices<IManifestIndex>().OfType<FullIndex>().Single();

        full.IsFull = true;
        (await caller.SignAsync(new { job_id = "job 1" })).IsRefused(HttpStatusCode.InsufficientStorage, "STORAGE_FULL");
        full.IsFull = false;
        var found = (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        Assert.Equal((HttpStatusCode.OK, 1), (found.Status, found["machine_counter"].GetInt64()));
        Assert.Single(server.Hsm.Taken);
    }

    [Fact]
    public async Task A_second_vault_on_one_folder_is_kept_out()
    {
        await using var server = await VaultServer.StartAsync();
        await using var second = server.Create();

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Program.StartAsync(second));

        Assert.Contains(server.Data, refused.Message, StringComparison.Ordinal);
        using var caller = server.Local();
        (await caller.SignAsync(new { job_id = "job 1" })).IsGood();
    }

    [Fact]
    public async Task A_counter_that_somebody_else_takes_from_is_noticed()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        server.Hsm.Increment(server.Hsm.Counter.Mark!);
        (await caller.SignAsync(new { job_id = "job 2" })).IsRefused(HttpStatusCode.ServiceUnavailable, "TOKEN_SHARED");

        // From here on its values are known; the gap stays.
        Assert.Equal(4, (await caller.SignAsync(new { job_id = "job 2" })).IsGood()["machine_counter"].GetInt64());
    }

    [Fact]
    public async Task Without_a_certificate_nothing_is_signed_and_the_reason_is_said()
    {
        await using var server = await VaultServer.StartAsync();
        await server.StopAsync();
        Directory.GetFiles(server.Data, "certificate.cbor").ToList().ForEach(File.Delete);
        await server.StartAsync();
        using var caller = server.Local();

        (await caller.SignAsync(new { job_id = "job 1" })).IsRefused(HttpStatusCode.ServiceUnavailable, "NO_CERTIFICATE");
    }

    [Fact]
    public async Task A_clock_that_goes_back_is_said_in_the_bundle()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        server.Time.Advance(TimeSpan.FromHours(-3));
        var signed = (await caller.SignAsync(new { job_id = "job 2" })).IsGood();

        Assert.Equal("degraded", signed["mode"].GetString());
        Assert.Contains((await SigningTests.BundleAsync(caller, signed.BundleId)).DegradedReasons, reason => reason.StartsWith("The clock went back", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_manifest_is_anchored_at_the_start_and_every_hour()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var start = (await caller.SignAsync(new { job_id = "job 1" })).IsGood()["log_index"].GetInt64();

        server.Time.Advance(TimeSpan.FromMinutes(61));
        // The keeper takes its turn beside ours: whoever comes next stands behind it.
        while ((await caller.GetAsync("/v3/posture"))["manifest_rev"].GetInt64() < start + 2)
        {
            await Task.Yield();
        }

        var second = (await caller.SignAsync(new { job_id = "job 2" })).IsGood();
        Assert.Equal(start + 2, second["log_index"].GetInt64());
    }

    /// <summary>A database that has no room.</summary>
    private sealed class FullIndex : IManifestIndex
    {
        private const int Enospc = 28;

        public bool IsFull { get; set; }

        public IReadOnlyList<string> Tables => [];

        // The vault's own anchor, which may come before or after, is not what the test is about.
        public Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel) => IsFull && entry.Statement.ContentType == EvidenceBundle.ContentType ? throw new IOException("No space left on device", Enospc) : Task.CompletedTask;
    }

    /// <summary>A copy of a folder, and the way back to it.</summary>
    private sealed class Copy : IDisposable
    {
        private readonly string folder;
        private readonly string copy = Directory.CreateTempSubdirectory("touchmark-copy-").FullName;

        public Copy(string folder)
        {
            this.folder = folder;
            To(folder, copy);
        }

        public void Restore()
        {
            Directory.Delete(folder, recursive: true);
            Directory.CreateDirectory(folder);
            To(copy, folder);
        }

        public void Dispose() => Directory.Delete(copy, recursive: true);

        private static void To(string from, string to)
        {
            foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            {
                var target = Path.Combine(to, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }
    }
}
