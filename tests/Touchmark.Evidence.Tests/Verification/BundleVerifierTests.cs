using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

public sealed class BundleVerifierTests : IDisposable
{
    /// <summary>A manifest that was published within a day of the verification.</summary>
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly VaultWorkshop _vault = new();

    public static TheoryData<string> Good { get; } = [.. VaultWorkshop.Good.Keys];

    public static TheoryData<string> Bad { get; } = [.. VaultWorkshop.Bad.Keys];

    public void Dispose() => _vault.Dispose();

    [Theory]
    [MemberData(nameof(Good))]
    public void Bundle_in_order_is_valid_with_nothing_pinned_but_the_root(string what)
    {
        var verdict = Verify(_vault.File(VaultWorkshop.Good[what]));
        Assert.Empty(verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => $"{check.Id}: {check.Words}"));
        Assert.True(verdict.IsValid);
        Assert.Equal(("werk-nord/2026-0417", VaultWorkshop.VaultId), (verdict.Bundle!.JobId, verdict.Vault!.VaultId));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void Bundle_with_a_fault_is_not_valid_and_the_check_is_named(string what)
    {
        var (check, scene) = VaultWorkshop.Bad[what];
        var verdict = Verify(_vault.File(scene));
        Assert.False(verdict.IsValid);
        Assert.Contains(check, verdict.Verdict.Checks.Where(made => made.Outcome == CheckOutcome.Failed).Select(made => made.Id));
    }

    [Fact]
    public void Bundle_whose_root_is_not_pinned_is_of_an_untrusted_key_and_nothing_else_is_wrong() =>
        Assert.Equal(VerdictKind.UntrustedKey, EvidenceVerifier.Verify(_vault.File().Encode(), TrustStore.Empty, Workshop.Now, Day).Verdict.Kind);

    [Fact]
    public void Pinned_key_of_the_vault_itself_makes_nothing_valid()
    {
        var trust = new TrustStore([Workshop.Key(_vault.Primary, _vault.Vault.Issuer), Workshop.Key(_vault.Shadow, _vault.Vault.Issuer)]);
        Assert.Equal(VerdictKind.UntrustedKey, EvidenceVerifier.Verify(_vault.File().Encode(), trust, Workshop.Now, Day).Verdict.Kind);
    }

    [Theory]
    [InlineData("in degraded mode, as nobody approved the firmware", "bundle.mode", "DEGRADED mode: The firmware is not approved.")]
    [InlineData("in degraded mode, as nobody approved the firmware", "bundle.firmware", "NOT APPROVED by two officers. Nobody approved it.")]
    [InlineData("of a slicer that says its name itself", "bundle.slicer", "Cura made it, and nobody vouches")]
    [InlineData("with a signal that finds something odd", "bundle.signals", "The chamber was cold.). That decides nothing")]
    [InlineData("signed without an operator", "bundle.operator", "No operator's session")]
    public void What_is_weak_is_said_in_words_and_makes_nothing_invalid(string what, string id, string words)
    {
        var verdict = Verify(_vault.File(VaultWorkshop.Good[what]));
        Assert.True(verdict.IsValid);
        Assert.Contains(verdict.Verdict.Checks, check => check.Id == id && check.Outcome == CheckOutcome.NotChecked && check.Words.Contains(words, StringComparison.Ordinal));
    }

    [Fact]
    public void Key_that_software_holds_is_said_in_words() =>
        Assert.Contains(Verify(_vault.File()).Verdict.Checks, check => check.Id == "bundle.custody" && check.Words.Contains("ML-DSA-65 key is held by software", StringComparison.Ordinal));

    [Fact]
    public void Bundle_that_was_entered_behind_the_revocation_of_its_keys_does_not_count_though_it_claims_an_earlier_time()
    {
        // The entries are numbered in the order of the file, so the subject has to change places with the revocation.
        var file = _vault.File(new() { Revocation = revocation => revocation with { RevokedAt = VaultWorkshop.Signed.AddHours(1) } });
        var revocation = file.Related[^1];
        file = file with { Subject = file.Subject with { Proof = file.Subject.Proof! with { Index = revocation.Proof!.Index + 2 } } };
        Assert.Contains(Verify(file).Verdict.Checks, check => check is { Id: "bundle.revocation", Outcome: CheckOutcome.Failed });
    }

    [Fact]
    public void Revocation_that_the_manifest_does_not_hold_counts_as_well()
    {
        var file = _vault.File(new() { Revocation = revocation => revocation with { RevokedAt = VaultWorkshop.Signed.AddMinutes(-1) } });
        file = file with { Related = [.. file.Related.SkipLast(1), file.Related[^1] with { Proof = null }] };
        Assert.Equal(["bundle.signature", "bundle.shadow-signature", "bundle.revocation"],
            Verify(file).Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed && check.Id.StartsWith("bundle", StringComparison.Ordinal)).Select(check => check.Id));
    }

    [Fact]
    public void Bundle_signed_with_a_key_of_a_tpm_is_valid()
    {
        using var key = P256.GenerateKey();
        var tpm = new Es256Signer(key);
        using var shadow = new MlDsa65Signer(Workshop.Bytes("shadow key of vault"));
        var signer = new StatementSigner(tpm, shadow, _vault.Vault.Issuer);
        var signature = new byte[64];
        tpm.Sign(OperatorBinding.Message(_vault.Bundle.OperatorBinding!.TokenSha256.Span, _vault.Bundle.BundleId), signature);
        var file = _vault.File(new()
        {
            Certificate = certificate => certificate with { Keys = certificate.Keys with { Primary = new(tpm.Algorithm, tpm.PublicKey, KeyCustody.Token) } },
            Bundle = bundle => bundle with { OperatorBinding = bundle.OperatorBinding! with { Signature = signature }, TwinCertRef = null },
            Signer = (_, what) => what is "bundle" or "anchor" ? signer : null,
            Without = ["draft", "completion", "review"],
        });
        var verdict = Verify(file);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => check.Words)));
        Assert.Contains(verdict.Verdict.Checks, check => check.Id == "bundle.custody" && check.Words.StartsWith("The ES256 key never left its token", StringComparison.Ordinal));
    }

    [Fact]
    public void Any_altered_byte_is_noticed()
    {
        var bytes = _vault.File().Encode();
        for (var at = 0; at < bytes.Length; at += 509)
        {
            var altered = bytes.ToArray();
            altered[at] ^= (byte)(1 << at % 8);
            Assert.False(EvidenceVerifier.Verify(altered, _vault.Trust, Workshop.Now, Day).IsValid, $"byte {at}");
        }
    }

    private EvidenceVerdict Verify(EvidenceFile file) => EvidenceVerifier.Verify(file.Encode(), _vault.Trust, Workshop.Now, Day);
}
