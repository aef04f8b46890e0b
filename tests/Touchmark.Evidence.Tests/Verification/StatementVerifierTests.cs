using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

public sealed class StatementVerifierTests : IDisposable
{
    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    private Verdict Verify(StatementPart part, TrustStore? trust = null, DateTimeOffset? now = null) =>
        StatementVerifier.Verify<LicenceGrant>(part, trust ?? _workshop.Trust, now ?? Workshop.Now, out _);

    private SignedStatement Licence() => _workshop.Signer.Sign(Workshop.Licence, Workshop.Licence.GrantedAt);

    private static VerificationCheck Failure(Verdict verdict) => verdict.Checks.First(check => check.Outcome == CheckOutcome.Failed);

    [Fact]
    public void Statement_of_a_pinned_issuer_is_valid_and_yields_its_document()
    {
        var verdict = StatementVerifier.Verify<LicenceGrant>(Licence().ToPart(), _workshop.Trust, Workshop.Now, out var document);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Checks.Select(check => check.Words)));
        Assert.Equal(Document.Encode(Workshop.Licence), Document.Encode(document!));
    }

    [Fact]
    public void No_byte_of_an_envelope_can_be_altered()
    {
        var envelope = Licence().Envelope.ToArray();
        for (var at = 0; at < envelope.Length; at++)
        {
            var altered = envelope.ToArray();
            altered[at] ^= (byte)(1 << (at % 8));
            Assert.False(Verify(new(altered, null)).IsValid, $"byte {at}");
        }
    }

    [Fact]
    public void Key_that_is_not_pinned_makes_nothing_valid()
    {
        Assert.Equal(VerdictKind.UntrustedKey, Verify(Licence().ToPart(), TrustStore.Empty).Kind);
        var onlyPrimary = new TrustStore([_workshop.Trust.Keys[0]]);
        Assert.Equal(VerdictKind.UntrustedKey, Verify(Licence().ToPart(), onlyPrimary).Kind);
        var onlyShadow = new TrustStore([_workshop.Trust.Keys[1]]);
        Assert.Equal(VerdictKind.UntrustedKey, Verify(Licence().ToPart(), onlyShadow).Kind);
    }

    [Fact]
    public void Key_of_another_issuer_is_refused()
    {
        var trust = new TrustStore([.. _workshop.Trust.Keys.Select(key => key with { Name = "other.example" })]);
        var verdict = Verify(Licence().ToPart(), trust);
        Assert.Equal(VerdictKind.Invalid, verdict.Kind);
        Assert.Contains("belongs to other.example", Failure(verdict).Words, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_that_was_not_in_use_at_the_time_is_refused()
    {
        var trust = new TrustStore([.. _workshop.Trust.Keys.Select(key => key with { ValidUntil = Workshop.Licence.GrantedAt })]);
        var verdict = Verify(Licence().ToPart(), trust);
        Assert.Equal(VerdictKind.Invalid, verdict.Kind);
        Assert.Contains("not in use", Failure(verdict).Words, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_may_sign_in_the_second_in_which_it_came_into_use()
    {
        var trust = new TrustStore([.. _workshop.Trust.Keys.Select(key => key with { ValidFrom = Workshop.Licence.GrantedAt.AddMilliseconds(500) })]);
        Assert.True(Verify(_workshop.Signer.Sign(Workshop.Licence, Workshop.Licence.GrantedAt.AddMilliseconds(700)).ToPart(), trust).IsValid);
    }

    [Fact]
    public void Statement_from_the_future_is_refused_beyond_the_tolerance_of_clocks()
    {
        var issued = Workshop.Licence.GrantedAt;
        Assert.True(Verify(Licence().ToPart(), now: issued - StatementVerifier.ClockTolerance).IsValid);
        var verdict = Verify(Licence().ToPart(), now: issued - StatementVerifier.ClockTolerance - TimeSpan.FromSeconds(1));
        Assert.Equal("statement.time", Failure(verdict).Id);
    }

    [Fact]
    public void Statement_of_another_type_is_refused() =>
        Assert.Equal("statement.document", Failure(Verify(_workshop.Signer.Sign(Workshop.Slice, Workshop.Issued).ToPart())).Id);

    [Fact]
    public void Gateway_may_sign_with_its_device_key()
    {
        using var device = P256PrivateKey.Generate();
        var gateway = new Es256Signer(device);
        using var shadow = new MlDsa65Signer(Workshop.Bytes("gateway shadow"));
        var signed = new StatementSigner(gateway, shadow, "gateway").Sign(Workshop.Licence, Workshop.Issued);
        Assert.True(Verify(signed.ToPart(), new([Workshop.Key(gateway, "gateway"), Workshop.Key(shadow, "gateway")])).IsValid);
    }

    [Fact]
    public void Former_id_of_Ed25519_is_accepted()
    {
        var forge = new EnvelopeForge(_workshop);
        var part = forge.Make(forge.Header(algorithm: -8));
        Assert.True(Statement.TryParse(part.Envelope, out var statement, out var problem), problem);
        Assert.Equal(SignatureAlgorithm.Ed25519, statement.Primary.Algorithm);
        Assert.True(Verify(part).IsValid);
    }

    [Fact]
    public void Hash_envelope_without_its_document_is_refused()
    {
        var signed = _workshop.Signer.Sign(Workshop.Licence with { Manufacturers = [.. Enumerable.Range(0, 900).Select(i => $"manufacturer number {i:D8}")] }, Workshop.Issued);
        Assert.True(signed.IsDetached);
        Assert.True(Verify(signed.ToPart()).IsValid);
        Assert.Contains("missing", Failure(Verify(new(signed.Envelope, null))).Words, StringComparison.Ordinal);
        Assert.Contains("hash differs", Failure(Verify(new(signed.Envelope, signed.Document[..^1]))).Words, StringComparison.Ordinal);
    }
}
