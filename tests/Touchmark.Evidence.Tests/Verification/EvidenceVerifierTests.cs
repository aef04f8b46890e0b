using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

public sealed class EvidenceVerifierTests : IDisposable
{
    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    private EvidenceVerdict Verify(EvidenceFile file) => EvidenceVerifier.Verify(file.Encode(), _workshop.Trust, Workshop.Now);

    private static LicenceGrant Terms { get; } = Workshop.Licence with { MaxSlowdownPercent = 20, MaxTemperatureTrimC = 5 };

    private EvidenceFile Adjusted(LicenceGrant licence, params (string What, double From, double To, string By)[] changes) =>
        _workshop.File(certificate => certificate with { Adjustments = [.. changes.Select(change => new Adjustment(Workshop.Started, change.What, change.From, change.To, change.By))] }, _ => licence);

    private static IEnumerable<string> Failed(EvidenceVerdict verdict) =>
        verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => check.Id);

    [Fact]
    public void Certificate_with_everything_in_order_is_valid()
    {
        var verdict = Verify(_workshop.File());
        Assert.Empty(Failed(verdict));
        Assert.True(verdict.IsValid);
        Assert.Equal("Bracket", verdict.Certificate!.PartName);
        Assert.Equal(3, verdict.Licence!.Prints);
    }

    [Fact]
    public void Long_certificate_behind_a_hash_envelope_is_valid()
    {
        var file = _workshop.File(segments: 2000);
        Assert.NotNull(file.Subject.Document);
        var verdict = Verify(file);
        Assert.Empty(Failed(verdict).Select(id => verdict.Verdict.Checks.First(check => check.Id == id).Words));
        Assert.True(verdict.IsValid);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2000)]
    public void Altering_any_byte_of_a_certificate_file_is_noticed(int segments)
    {
        var bytes = _workshop.File(segments: segments).Encode();
        // The bytes of the envelope are all altered in StatementVerifierTests; here every part of the file has its turn.
        for (var at = 0; at < bytes.Length; at += at < 64 ? 1 : 37)
        {
            var altered = bytes.ToArray();
            altered[at] ^= (byte)(1 << (at % 8));
            Assert.False(EvidenceVerifier.Verify(altered, _workshop.Trust, Workshop.Now).IsValid, $"byte {at}");
        }
    }

    public static TheoryData<string, string> Deviations { get; } = new()
    {
        { "print beyond the licence", "licence.print-number" },
        { "another design", "licence.design" },
        { "another manufacturer", "licence.printer" },
        { "after the licence expired", "licence.period" },
        { "another material", "licence.material" },
        { "too much exposed", "licence.exposure" },
        { "slowed where nothing may be", "licence.adjustments" },
        { "slowed too much", "licence.adjustments" },
        { "trimmed too much, step by step", "licence.adjustments" },
        { "another machine", "enrolment.machine" },
        { "another toolpath", "slice.toolpath" },
        { "a licence that it does not name", "licence.reference" },
    };

    [Theory]
    [MemberData(nameof(Deviations))]
    public void Print_that_did_not_keep_to_its_papers_is_not_valid_and_the_check_is_named(string deviation, string check)
    {
        var file = deviation switch
        {
            "print beyond the licence" => _workshop.File(certificate => certificate with { PrintNumber = 4 }),
            "another design" => _workshop.File(licence: licence => licence with { DesignSha256 = Workshop.Bytes("another design") }),
            "another manufacturer" => _workshop.File(licence: licence => licence with { Manufacturers = ["Werk Süd"] }),
            "after the licence expired" => _workshop.File(licence: licence => licence with { ExpiresAt = Workshop.Started }),
            "another material" => _workshop.File(licence: licence => licence with { Materials = ["PA-CF"] }),
            "too much exposed" => _workshop.File(certificate => certificate with { Exposure = new(3.01, 5) }),
            "slowed where nothing may be" => Adjusted(Terms with { MaxSlowdownPercent = null }, ("speed_factor", 1, 0.95, "engine")),
            "slowed too much" => Adjusted(Terms, ("speed_factor", 1, 0.9, "engine"), ("speed_factor", 0.9, 0.79, "engine")),
            "trimmed too much, step by step" => Adjusted(Terms, ("nozzle_target_c", 210, 207.5, "engine"), ("nozzle_target_c", 207.5, 205, "engine"), ("nozzle_target_c", 205, 204, "engine")),
            "another machine" => _workshop.File(enrolment: enrolment => enrolment with { MachineId = Workshop.Bytes("another machine") }),
            "another toolpath" => _workshop.File(slice: slice => slice with { SliceSha256 = Workshop.Bytes("another toolpath") }),
            _ => _workshop.File(certificate => certificate with { LicenceStatement = Workshop.Bytes("another licence") }),
        };
        var verdict = Verify(file);
        Assert.Equal(VerdictKind.Invalid, verdict.Verdict.Kind);
        Assert.Contains(check, Failed(verdict));
    }

    [Fact]
    public void Adjustments_within_the_licence_and_changes_by_others_are_valid()
    {
        var file = Adjusted(Terms,
            ("speed_factor", 1, 0.9, "engine"), ("speed_factor", 0.9, 0.8, "engine"), ("speed_factor", 0.8, 1, "engine"), ("speed_factor", 1, 0.5, "printer"),
            ("nozzle_target_c", 215, 210, "engine"), ("nozzle_target_c", 210, 210, "toolpath"), ("nozzle_target_c", 210, 205, "engine"), ("nozzle_target_c", 205, 210, "engine"),
            ("bed_target_c", 60, 55, "engine"), ("bed_target_c", 55, 20, "printer"));
        Assert.Empty(Failed(Verify(file)));
    }

    [Fact]
    public void File_without_a_paper_that_the_certificate_names_is_not_valid()
    {
        var file = _workshop.File();
        Assert.Equal(["slice.reference"], Failed(Verify(file with { Related = [file.Related[0], file.Related[1]] })));
    }

    [Fact]
    public void Statement_that_nothing_refers_to_is_refused()
    {
        var file = _workshop.File();
        var stray = _workshop.Signer.Sign(Workshop.Slice with { SliceId = Workshop.Id(99) }, Workshop.Issued);
        Assert.Equal(["file.related"], Failed(Verify(file with { Related = [.. file.Related, stray.ToPart()] })));
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(1, true)]
    public void Revocation_counts_when_it_came_before_the_print(int minutesAfterStart, bool valid)
    {
        var file = _workshop.File();
        var licence = _workshop.Signer.Sign(Workshop.Licence, Workshop.Licence.GrantedAt);
        file = _workshop.File(certificate => certificate with { LicenceStatement = licence.Sha256 });
        var revocation = _workshop.Signer.Sign(
            new LicenceRevocation { LicenceId = Workshop.Licence.LicenceId, LicenceStatement = licence.Sha256, RevokedAt = Workshop.Started.AddMinutes(minutesAfterStart), Reason = "recalled" },
            Workshop.Issued);
        var verdict = Verify(file with { Related = [licence.ToPart(), .. file.Related.Skip(1), revocation.ToPart()] });
        Assert.Equal(valid ? [] : ["licence.revocation"], Failed(verdict));
    }

    [Fact]
    public void File_that_nobody_can_read_is_told_apart_from_one_that_is_wrong() =>
        Assert.Equal(VerdictKind.Unreadable, EvidenceVerifier.Verify(new byte[] { 1, 2, 3 }, _workshop.Trust, Workshop.Now).Verdict.Kind);

    [Fact]
    public void Absent_byte_array_beside_an_envelope_is_no_document()
    {
        byte[]? absent = null;
        var file = _workshop.File();
        var part = new StatementPart(file.Subject.Envelope, absent);
        Assert.Null(part.Document);
        Assert.Equal(file.Encode(), (file with { Subject = part }).Encode());
    }

    [Fact]
    public void Json_shows_every_field_of_every_document()
    {
        var file = _workshop.File();
        using var json = System.Text.Json.JsonDocument.Parse(EvidenceJson.Write(file));
        var document = json.RootElement.GetProperty("certificate").GetProperty("document");
        Assert.True(Statement.TryParse(file.Subject.Envelope, out var statement, out _));
        Assert.True(Evidence.Cbor.DeterministicCbor.TryDecode(statement.Payload, out var payload, out _));
        var fields = ((Evidence.Cbor.CborMap)payload).Entries.Select(entry => ((Evidence.Cbor.CborText)entry.Key).Value);
        Assert.Equal(fields, document.EnumerateObject().Select(member => member.Name));
        Assert.Equal(3, document.GetProperty("segment_ivs").GetArrayLength());
        Assert.Equal(Workshop.Started, document.GetProperty("started_at").GetDateTimeOffset());
        Assert.Equal(Workshop.Id(5), document.GetProperty("certificate_id").GetGuid());
        Assert.Equal(3, json.RootElement.GetProperty("related").GetArrayLength());
    }
}
