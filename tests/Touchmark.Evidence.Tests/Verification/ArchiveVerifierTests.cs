using FsCheck;
using FsCheck.Fluent;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;
using Touchmark.Evidence.Verification.Archives;

namespace Touchmark.Evidence.Tests.Verification;

public sealed class ArchiveVerifierTests : IDisposable
{
    private readonly VaultWorkshop _vault = new();

    public static TheoryData<string> Good { get; } = [.. ArchiveFaults.Good.Keys];

    public static TheoryData<string> Bad { get; } = [.. ArchiveFaults.Bad.Keys];

    public void Dispose() => _vault.Dispose();

    [Theory]
    [MemberData(nameof(Good))]
    public async Task Archive_in_order_is_valid_with_nothing_but_the_pin(string what)
    {
        var scene = ArchiveFaults.Good[what];
        var verdict = await VerifyAsync(_vault.Archive(scene), scene.Pin(_vault.Pin));
        Assert.Empty(verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => $"{check.Id}: {check.Words}"));
        Assert.Equal((true, VaultWorkshop.CustomerId, 2L, _vault.Pin), (verdict.IsValid, verdict.CustomerId, verdict.Bundles, verdict.Pin));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Archive_with_a_fault_is_not_valid_and_the_check_is_named(string what)
    {
        var (check, scene) = ArchiveFaults.Bad[what];
        var verdict = await VerifyAsync(_vault.Archive(scene), scene.Pin(_vault.Pin));
        Assert.False(verdict.IsValid);
        Assert.Contains(check, verdict.Verdict.Checks.Where(made => made.Outcome == CheckOutcome.Failed).Select(made => made.Id));
    }

    [Fact]
    public async Task Values_of_the_counter_that_no_bundle_has_are_told_and_make_nothing_invalid()
    {
        var verdict = await VerifyAsync(_vault.Archive(), _vault.Pin.ToString());
        Assert.Contains(verdict.Verdict.Checks, check => check is { Id: "archive.counter", Outcome: CheckOutcome.NotChecked } && check.Words.StartsWith("1 counter values were taken and no bundle has them: 2 to 2.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Archive_without_a_pin_whose_root_is_not_pinned_is_of_an_untrusted_key_and_tells_its_pin()
    {
        var verdict = await ArchiveVerifier.VerifyAsync(new MemoryStream(_vault.Archive()), null, TrustStore.Empty, Workshop.Now, null, TestContext.Current.CancellationToken);
        Assert.Equal((VerdictKind.UntrustedKey, _vault.Pin), (verdict.Verdict.Kind, verdict.Pin));
    }

    [Fact]
    public async Task Nothing_behind_a_pin_that_does_not_match_is_looked_at()
    {
        var scene = ArchiveFaults.Bad["another pin"].Scene;
        var verdict = await VerifyAsync(_vault.Archive(), scene.Pin(_vault.Pin));
        Assert.Equal(["archive.format", "archive.root-pin"], verdict.Verdict.Checks.Select(check => check.Id));
    }

    [Fact]
    public void Any_altered_byte_leads_to_a_verdict_and_never_to_an_exception()
    {
        var archive = _vault.Archive();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), Prop.ForAll(ArbMap.Default.ArbFor<PositiveInt>(), ArbMap.Default.ArbFor<byte>(), (at, mask) =>
        {
            var altered = archive.ToArray();
            altered[(int)(at.Get * 2_654_435_761L % altered.Length)] ^= (byte)(mask | 1);
            var verdict = Verify(altered);
            // What lies in README.txt, and ZIP's own checksums and times, are nobody's word.
            return verdict.IsValid || verdict.Verdict.Checks.Any(check => check.Outcome == CheckOutcome.Failed);
        }));
    }

    [Fact]
    public void Archive_that_is_cut_off_anywhere_is_refused_in_words()
    {
        var archive = _vault.Archive();
        for (var length = 0; length < archive.Length; length += 4001)
        {
            Assert.Equal(VerdictKind.Unreadable, Verify(archive[..length]).Verdict.Kind);
        }
    }

    private ArchiveVerdict Verify(byte[] archive) => VerifyAsync(archive, _vault.Pin.ToString()).GetAwaiter().GetResult();

    private Task<ArchiveVerdict> VerifyAsync(byte[] archive, string? pin) => ArchiveVerifier.VerifyAsync(
        new MemoryStream(archive), pin is null ? null : RootPin.TryParse(pin, out var read, out var problem) ? read : throw new InvalidDataException(problem),
        _vault.Trust, Workshop.Now, TimeSpan.FromDays(1), TestContext.Current.CancellationToken);
}
