using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

/// <summary>A part's history inside an evidence file; CustodyVectorTests say what a history has to be.</summary>
public sealed class CustodyEvidenceTests : IDisposable
{
    private readonly Workshop _workshop = new();
    private readonly LogBook _log = new();
    private readonly PartId _part = PartId.TryParse("PPG0-A0EV-8ZB4-ERYQ", out var part, out _) ? part : throw new InvalidDataException();
    private readonly CustodianKeys _maker;

    public CustodyEvidenceTests() => _maker = CustodianKeys.Derive(Workshop.Bytes("root of the maker"), _part);

    public void Dispose()
    {
        _workshop.Dispose();
        _log.Dispose();
        _maker.Dispose();
    }

    [Fact]
    public void History_of_the_part_is_replayed_with_the_file()
    {
        var verdict = Verify(WithHistory());
        Assert.Empty(verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => $"{check.Id}: {check.Words}"));
        Assert.Equal((_maker.Pseudonym, CustodyEventKind.Manufactured), (verdict.Custody!.Holder!.Pseudonym, Assert.Single(verdict.Custody.Events).Event.Kind));
    }

    [Fact]
    public void History_that_breaks_makes_the_file_invalid()
    {
        var file = WithHistory();
        var verdict = Verify(file with { Related = [.. file.Related.Where((_, at) => at != 3)] });
        Assert.Contains(verdict.Verdict.Checks, check => check is { Id: "event-1.custodian", Outcome: CheckOutcome.Failed });
        Assert.False(verdict.IsValid);
    }

    [Fact]
    public void History_beside_a_certificate_that_names_no_part_is_refused()
    {
        var history = WithHistory().Related.Skip(3);
        var file = _workshop.File();
        Assert.Contains(Verify(file with { Related = [.. file.Related, .. history] }).Verdict.Checks, check => check is { Id: "custody.part", Outcome: CheckOutcome.Failed });
    }

    private EvidenceVerdict Verify(EvidenceFile file) => EvidenceVerifier.Verify(_log.Enter(file).Encode(), _log.Trust(_workshop.Trust), Workshop.Now);

    /// <summary>A certificate with its three papers, the admission of its manufacturer, and that it was manufactured.</summary>
    private EvidenceFile WithHistory()
    {
        var file = _workshop.File(certificate => certificate with { PartId = _part });
        Assert.True(Statement.TryParse(file.Subject.Envelope, out var certificate, out var problem), problem);
        var admission = _workshop.Signer.Sign(
            new CustodianAdmission
            {
                PartId = _part,
                Pseudonym = _maker.Pseudonym,
                Role = CustodianRole.Manufacturer,
                Region = "DE",
                Ed25519Key = _maker.Ed25519Key,
                MlDsa65Key = _maker.MlDsa65Key,
                AdmittedAt = Workshop.Issued,
            },
            Workshop.Issued);
        var manufactured = _maker.Signer.Sign(
            new CustodyEvent
            {
                EventId = Workshop.Id(20),
                PartId = _part,
                Number = 1,
                Kind = CustodyEventKind.Manufactured,
                At = Workshop.Issued.AddMinutes(1),
                Previous = certificate.Sha256,
                Custodian = _maker.Pseudonym,
            },
            Workshop.Issued.AddMinutes(1));
        return file with { Related = [.. file.Related, admission.ToPart(), manufactured.ToPart()] };
    }
}
