using System.Globalization;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

/// <summary>The files under spec/vectors, which any implementation can run.</summary>
public sealed class VectorTests
{
    public static TheoryData<string, string, string> RefusedStatements { get; } = Refused("statement/refused.txt");

    public static TheoryData<string, string, string> RefusedCertificates { get; } = Refused("certificate/refused.txt");

    public static TheoryData<string, string, string, string> RefusedByTheLog { get; } =
        [.. Vectors.Lines("certificate/refused-log.txt").Select(line => (line[0], line[1], line[2], line[3]))];

    [Fact]
    public void Grant_of_before_there_were_terms_is_valid_and_allows_nothing_more()
    {
        var grant = Grant("statement/licence-grant.hex");
        Assert.Equal((null, null, null, null, null), (grant.RevocationPolicy, grant.AllowScriptStore, grant.AllowNoDeadMan, grant.MaxSlowdownPercent, grant.MaxTemperatureTrimC));
    }

    [Fact]
    public void Grant_with_terms_is_valid_and_says_them()
    {
        var grant = Grant("statement/licence-grant-terms.hex");
        Assert.Equal((RevocationPolicy.AfterPrint, true, false, 20.0, 7.5), (grant.RevocationPolicy, grant.AllowScriptStore, grant.AllowNoDeadMan, grant.MaxSlowdownPercent, grant.MaxTemperatureTrimC));
    }

    [Fact]
    public void Audit_record_is_valid_and_says_who_did_what_to_what()
    {
        var verdict = StatementVerifier.Verify<AuditRecord>(new StatementPart(Read("statement/audit-record.hex"), null), Trust("statement"), Workshop.Now, out var record);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Checks.Select(check => check.Words)));
        Assert.Equal((2, "oem", "licence.revoked", AuditOutcome.Done), (record!.Number, record.ActorRole, record.Act, record.Outcome));
        Assert.Equal([new("policy", "at_once"), new("reason", "The bracket was recalled.")], record.Details);
    }

    [Theory]
    [MemberData(nameof(RefusedStatements))]
    public void Bad_statement_is_refused_for_its_reason(string name, string reason, string hex)
    {
        var verdict = Verify(Convert.FromHexString(hex));
        Assert.False(verdict.IsValid, name);
        Assert.Contains(verdict.Checks, check => check.Outcome == CheckOutcome.Failed && check.Words.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public void Valid_certificate_file_is_valid()
    {
        var verdict = EvidenceVerifier.Verify(Read("certificate/valid.hex"), Trust("certificate"), Workshop.Now);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Verdict.Checks.Select(check => check.Words)));
    }

    [Theory]
    [MemberData(nameof(RefusedCertificates))]
    public void Bad_certificate_file_fails_the_named_check(string name, string failing, string hex)
    {
        var verdict = EvidenceVerifier.Verify(Convert.FromHexString(hex), Trust("certificate"), Workshop.Now);
        Assert.False(verdict.IsValid, name);
        Assert.Contains(verdict.Verdict.Checks, check => check.Outcome == CheckOutcome.Failed && check.Id == failing);
    }

    [Fact]
    public void Evidence_file_in_the_log_is_valid()
    {
        var verdict = EvidenceVerifier.Verify(Read("certificate/logged.hex"), Trust("certificate", "trust-log.json"), Workshop.Now, TimeSpan.FromDays(1));
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Verdict.Checks.Select(check => check.Words)));
        Assert.Contains(verdict.Verdict.Checks, check => check is { Id: "log.inclusion", Outcome: CheckOutcome.Passed });
    }

    [Theory]
    [MemberData(nameof(RefusedByTheLog))]
    public void Evidence_file_that_the_log_does_not_bear_out_fails_the_named_check(string name, string failing, string age, string hex)
    {
        TimeSpan? limit = age == "-" ? null : TimeSpan.FromSeconds(int.Parse(age, CultureInfo.InvariantCulture));
        var verdict = EvidenceVerifier.Verify(Convert.FromHexString(hex), Trust("certificate", "trust-log.json"), Workshop.Now, limit);
        Assert.False(verdict.IsValid, name);
        Assert.Contains(verdict.Verdict.Checks, check => check.Outcome == CheckOutcome.Failed && check.Id == failing);
    }

    private static LicenceGrant Grant(string file)
    {
        var verdict = StatementVerifier.Verify<LicenceGrant>(new StatementPart(Read(file), null), Trust("statement"), Workshop.Now, out var grant);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Checks.Select(check => check.Words)));
        return grant!;
    }

    private static Verdict Verify(byte[] envelope) => StatementVerifier.Verify<LicenceGrant>(new StatementPart(envelope, null), Trust("statement"), Workshop.Now, out _);

    internal static TrustStore Trust(string folder, string file = "trust.json") =>
        TrustStore.TryParse(File.ReadAllBytes(Path.Combine(Vectors.Folder, folder, file)), out var trust, out var problem) ? trust : throw new InvalidDataException(problem);

    private static byte[] Read(string file) => Convert.FromHexString(string.Concat(Vectors.Lines(file).Select(line => line[0])));

    private static TheoryData<string, string, string> Refused(string file) => [.. Vectors.Lines(file).Select(line => (line[0], line[1], line[2]))];
}
