using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

/// <summary>Print certificates of printers beside which a vault stands.</summary>
public sealed class EndorsementTests : IDisposable
{
    private readonly VaultWorkshop _vault = new();
    private readonly Workshop _workshop = new();

    public static TheoryData<string> Names { get; } = [.. VaultWorkshop.Endorsements.Keys];

    public void Dispose()
    {
        _vault.Dispose();
        _workshop.Dispose();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Certificate_of_a_printer_with_a_vault_is_what_its_endorsement_makes_of_it(string what)
    {
        var verdict = Verify(what);
        var failed = verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => check.Id).ToList();
        if (VaultWorkshop.Endorsements[what] is { } expected)
        {
            Assert.Contains(expected, failed);
        }
        else
        {
            Assert.Empty(failed);
            Assert.True(verdict.IsValid);
        }
    }

    [Theory]
    [InlineData("a print without a vault", "No vault stood beside the printer")]
    [InlineData("a certificate that names a bundle, and no endorsement", "does not hold the vault's endorsement")]
    [InlineData("an endorsement by a vault whose root is not pinned", "customer/falkner.example are not pinned here")]
    public void What_no_vault_bears_out_is_said_in_words(string what, string words) =>
        Assert.Contains(Verify(what).Checks, check => check is { Id: "certificate.vault", Outcome: CheckOutcome.NotChecked } && check.Words.Contains(words, StringComparison.Ordinal));

    private Verdict Verify(string what) => EvidenceVerifier.Verify(_vault.Endorsed(what, _workshop).Encode(), _vault.TrustOf(what, _workshop), Workshop.Now).Verdict;
}
