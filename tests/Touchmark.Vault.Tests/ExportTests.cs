using Microsoft.Extensions.DependencyInjection;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;
using Touchmark.Evidence.Verification.Archives;
using Touchmark.Vault.Export;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests;

public sealed class ExportTests
{
    [Fact]
    public async Task An_archive_verifies_with_nothing_but_the_roots_pin()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        for (var job = 0; job < 3; job++)
        {
            (await caller.SignAsync(new { job_id = $"job {job}" })).IsGood();
        }

        // So many channels that the document goes beside its statement.
        (await caller.SignAsync(new { job_id = "wide", sensors = Enumerable.Range(0, 64).ToDictionary(n => $"channel {n} {new string('x', 40)}", _ => new SensorRange(0, 1, 0.5, "°C", 1000)), note = new string('n', 1000) })).IsGood();
        using var archive = new MemoryStream();

        var entries = await server.Services.GetRequiredService<ArchiveExport>().WriteAsync(archive, server.Customer.Trust, CancellationToken.None);

        var verdict = await VerifyAsync(server, archive.ToArray());
        Assert.True(verdict.Verdict.IsValid, string.Join('\n', verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => $"{check.Id}: {check.Words}")));
        Assert.Equal((4, entries - 1), (verdict.Bundles, verdict.Statements));
    }

    [Fact]
    public async Task An_archive_with_a_changed_byte_in_a_statement_does_not()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        (await caller.SignAsync(new { job_id = "a job to be found" })).IsGood();
        using var archive = new MemoryStream();
        await server.Services.GetRequiredService<ArchiveExport>().WriteAsync(archive, server.Customer.Trust, CancellationToken.None);
        var bytes = archive.ToArray();

        bytes[bytes.AsSpan().IndexOf("a job to be found"u8)] ^= 1;

        Assert.False((await VerifyAsync(server, bytes)).Verdict.IsValid);
    }

    private static Task<ArchiveVerdict> VerifyAsync(VaultServer server, byte[] archive) => ArchiveVerifier.VerifyAsync(
        new MemoryStream(archive), RootPin.Of(server.Customer.Trust, Issuers.OfCustomer(Customer.Id)), TrustStore.Empty, server.Time.GetUtcNow(), TimeSpan.FromHours(2), CancellationToken.None);
}
