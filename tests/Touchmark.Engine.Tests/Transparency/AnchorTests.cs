using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Tests.Transparency;

/// <summary>Fixed points in time: checkpoints that are statements of the log themselves.</summary>
public sealed class AnchorTests
{
    [Theory]
    [InlineData(StorageKind.Sqlite)]
    [InlineData(StorageKind.Postgres)]
    public async Task Every_week_a_checkpoint_is_entered_in_the_log_with_the_stamp_of_an_authority(StorageKind storage)
    {
        await using var authority = await StampingAuthority.StartAsync();
        await using var server = await ServerFactory.StartAsync(storage, arguments: ["--time-stamp-authority", authority.Address]);
        using var stranger = server.Stranger();
        Assert.Empty((await stranger.GetAsync("/api/log/anchors")).IsGood().Body.EnumerateArray());

        server.Time.Advance(TimeSpan.FromDays(7));
        await server.Log.SeenAsync("The log was anchored");
        var listed = Assert.Single((await stranger.GetAsync("/api/log/anchors")).IsGood().Body.EnumerateArray().ToList());
        var file = await stranger.Http.GetByteArrayAsync(new Uri($"/api/log/anchors/{listed.GetProperty("id").GetGuid()}", UriKind.Relative));
        Assert.True(TrustStore.TryParse(await stranger.Http.GetByteArrayAsync(new Uri("/api/trust", UriKind.Relative)), out var trust, out var problem), problem);

        var verdict = EvidenceVerifier.Verify(file, trust, server.Time.GetUtcNow()).Verdict;
        Assert.Equal(VerdictKind.Valid, verdict.Kind);
        Assert.Equal(CheckOutcome.NotChecked, Assert.Single(verdict.Checks, check => check.Id.EndsWith(".time-stamp", StringComparison.Ordinal)).Outcome);
        Assert.True(EvidenceFile.TryDecode(file, out var evidence, out problem), problem);
        Assert.True(Statement.TryParse(evidence.Subject.Envelope, out var statement, out problem), problem);
        Assert.True(Document.TryDecode<LogAnchor>(statement.Payload, out var anchor, out problem), problem);
        // It is in the log behind what it anchors.
        Assert.Equal((listed.GetProperty("size").GetInt64(), evidence.Subject.Proof!.Index), (anchor.Size, anchor.Size));
        Assert.True(Rfc3161TimestampToken.TryDecode(anchor.TimeStamp!.Value, out var token, out _));
        Assert.True(token.VerifySignatureForData(anchor.Anchored, out var signer));
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(authority.CertificateFile);
        Assert.Equal(certificate.Thumbprint, signer.Thumbprint);
        Assert.False(token.VerifySignatureForData((anchor with { Size = anchor.Size + 1 }).Anchored, out _));
    }

    [Fact]
    public async Task What_is_no_time_stamp_anchors_nothing()
    {
        await using var authority = await StampingAuthority.StartAsync(nonsense: [0x30, 0x03, 0x02, 0x01, 0x00]);
        await using var server = await ServerFactory.StartAsync(arguments: ["--time-stamp-authority", authority.Address]);
        using var stranger = server.Stranger();

        server.Time.Advance(TimeSpan.FromDays(8));
        await server.Log.SeenAsync("The log was not anchored");

        Assert.Empty((await stranger.GetAsync("/api/log/anchors")).IsGood().Body.EnumerateArray());
    }
}
