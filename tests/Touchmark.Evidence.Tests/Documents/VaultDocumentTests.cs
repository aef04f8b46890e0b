using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;

namespace Touchmark.Evidence.Tests.Documents;

public sealed class VaultDocumentTests : IDisposable
{
    private readonly VaultWorkshop _vault = new();

    public void Dispose() => _vault.Dispose();

    private EvidenceBundle Twinned => _vault.Bundle with { TwinCertRef = new(Workshop.Id(48), Workshop.Bytes("draft")) };

    private static TwinCertificate Completion => VaultWorkshop.Completion(Workshop.Bytes("draft"), Workshop.Bytes("bundle"));

    [Fact]
    public void What_was_encoded_is_decoded()
    {
        AssertSame(_vault.Bundle);
        AssertSame(Twinned with { DegradedReasons = ["The token was slow."], OperatorBinding = null, StartedAt = null, Previous = null, SensorEnvelope = new Dictionary<string, SensorRange>() });
        AssertSame(_vault.Request with { Replaces = Workshop.Bytes("old certificate") });
        AssertSame(_vault.Certificate with { ValidUntil = Workshop.Now });
        AssertSame(_vault.AppointmentOfAnna);
        AssertSame(_vault.Revocation);
        AssertSame(_vault.Ceremony);
        AssertSame(VaultWorkshop.SlicerManifest);
        AssertSame(VaultWorkshop.Approval);
        AssertSame(VaultWorkshop.Draft);
        AssertSame(Completion);
        AssertSame(VaultWorkshop.Review);
        AssertSame(VaultWorkshop.Endorsement);
    }

    [Fact]
    public void Altered_encoding_never_throws_and_never_decodes_to_the_same_document()
    {
        Func<int, byte, bool>[] altered =
        [
            Alter(Twinned), Alter(_vault.Request), Alter(_vault.Certificate), Alter(_vault.AppointmentOfBert), Alter(_vault.Revocation), Alter(_vault.Ceremony),
            Alter(VaultWorkshop.SlicerManifest), Alter(VaultWorkshop.Approval), Alter(Completion), Alter(VaultWorkshop.Review), Alter(VaultWorkshop.Endorsement),
        ];
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(ArbMap.Default.ArbFor<PositiveInt>(), ArbMap.Default.ArbFor<byte>(), (at, mask) =>
            altered.All(differs => differs(at.Get, mask))));
    }

    [Theory]
    [InlineData("a customer in capitals", "customer_id: not 1 to 128 of a-z")]
    [InlineData("counter 0", "machine_counter: outside 1 to")]
    [InlineData("a first bundle with one before it", "previous: there although")]
    [InlineData("approved firmware with one approval", "firmware.approvals: firmware is approved by two officers")]
    [InlineData("approved firmware without a hash", "firmware_sha256: the firmware is unknown exactly")]
    [InlineData("unapproved firmware in normal mode", "mode: normal although")]
    [InlineData("an attested slicer without a manifest", "slicer_attest.manifest_sha256: an attested slicer")]
    [InlineData("an attested slicer without a build", "slicer_attest.name: an attested slicer")]
    [InlineData("a self-identified slicer without a name", "slicer_attest.name: an attested slicer")]
    [InlineData("a mean beside its range", "sensor_envelope.chamber.mean: not between")]
    [InlineData("a range that is no number", "sensor_envelope.chamber.max: outside")]
    [InlineData("a channel without samples", "sensor_envelope.chamber.samples: outside 1 to")]
    [InlineData("a channel without a name", "sensor_envelope: a name in it")]
    [InlineData("too many channels", "sensor_envelope: more than 64 entries")]
    [InlineData("a score above one", "signals.score: outside 0 to 1")]
    [InlineData("a job without end", "job_id: longer than 128")]
    [InlineData("an end before the start", "ended_at: before started_at")]
    public void Bundle_that_breaks_a_rule_is_refused(string fault, string problem)
    {
        var bundle = _vault.Bundle;
        var degraded = bundle with { DegradedReasons = ["The firmware is not approved."] };
        var chamber = bundle.SensorEnvelope["chamber"];
        AssertRefused(fault switch
        {
            "a customer in capitals" => bundle with { CustomerId = "Falkner" },
            "counter 0" => bundle with { MachineCounter = 0 },
            "a first bundle with one before it" => bundle with { MachineCounter = 1 },
            "approved firmware with one approval" => bundle with { Firmware = bundle.Firmware with { Approvals = [Workshop.Bytes("approval 1")] } },
            "approved firmware without a hash" => bundle with { FirmwareSha256 = null },
            "unapproved firmware in normal mode" => bundle with { Firmware = new(FirmwareState.Unapproved, [], "Nobody approved it.") },
            "an attested slicer without a manifest" => bundle with { SlicerAttest = bundle.SlicerAttest with { ManifestSha256 = null } },
            "an attested slicer without a build" => bundle with { SlicerAttest = bundle.SlicerAttest with { BuildSha256 = null } },
            "a self-identified slicer without a name" => bundle with { SlicerAttest = new(SlicerLevel.SelfIdentified, "It says so.") },
            "a mean beside its range" => With(chamber with { Mean = 50 }),
            "a range that is no number" => With(chamber with { Max = double.PositiveInfinity }),
            "a channel without samples" => With(chamber with { Samples = 0 }),
            "a channel without a name" => bundle with { SensorEnvelope = new Dictionary<string, SensorRange> { [""] = chamber } },
            "too many channels" => bundle with { SensorEnvelope = Enumerable.Range(0, 65).ToDictionary(i => $"probe {i}", _ => chamber) },
            "a score above one" => bundle with { Signals = [bundle.Signals[0] with { Score = 1.5 }] },
            "a job without end" => bundle with { JobId = new('j', 129) },
            _ => bundle with { EndedAt = bundle.StartedAt!.Value.AddSeconds(-1) },
        }, problem);
        AssertSame(degraded with { FirmwareSha256 = null, Firmware = new(FirmwareState.Unknown, [], "The printer did not say.") });

        EvidenceBundle With(SensorRange range) => bundle with { SensorEnvelope = new Dictionary<string, SensorRange> { ["chamber"] = range } };
    }

    [Fact]
    public void Papers_that_break_a_rule_are_refused()
    {
        AssertRefused(_vault.Certificate with { ValidUntil = _vault.Certificate.ValidFrom }, "valid_until: not after valid_from");
        AssertRefused(_vault.Certificate with { Keys = _vault.Keys with { Primary = _vault.Keys.Shadow } }, "keys.primary: statements are signed by");
        AssertRefused(_vault.Certificate with { Keys = _vault.Keys with { ManifestEd25519 = _vault.Keys.Shadow } }, "keys.manifest_ed25519: checkpoints are signed by");
        AssertRefused(_vault.Certificate with { Keys = _vault.Keys with { Primary = _vault.Keys.Primary with { Algorithm = SignatureAlgorithm.Es256 } } }, "keys.primary.public_key: not 65 bytes");
        AssertRefused(_vault.AppointmentOfAnna with { Roles = [] }, "roles: not one or more");
        AssertRefused(_vault.AppointmentOfAnna with { Roles = [OfficerRole.Witness, OfficerRole.Witness] }, "roles: not one or more");
        AssertRefused(_vault.AppointmentOfAnna with { ValidUntil = Workshop.Started.AddDays(-10) }, "valid_until: not after valid_from");
        AssertRefused(_vault.Ceremony with { Witness = _vault.Ceremony.Custodian }, "witness: the custodian");
        AssertRefused(VaultWorkshop.SlicerManifest with { Files = [] }, "files: empty");
        AssertRefused(Completion with { AsSliced = null }, "as_sliced: missing");
        AssertRefused(Completion with { AsBuilt = null }, "state: a completion has");
        AssertRefused(Completion with { DraftSha256 = null }, "state: a completion has");
    }

    [Fact]
    public void Firmware_approval_covers_the_printers_that_it_names_and_all_where_it_names_none()
    {
        var (image, printer, other) = (Workshop.Bytes("firmware"), Workshop.Id(3), Workshop.Id(99));
        Assert.True(VaultWorkshop.Approval.Covers(image, printer));
        Assert.False(VaultWorkshop.Approval.Covers(image, other));
        Assert.False(VaultWorkshop.Approval.Covers(Workshop.Bytes("other firmware"), printer));
        Assert.True((VaultWorkshop.Approval with { PrinterIds = [] }).Covers(image, other));
    }

    private static void AssertSame<T>(T document)
        where T : class, IDocument<T>
    {
        var encoding = Document.Encode(document);
        Assert.True(Document.TryDecode<T>(encoding, out var decoded, out var problem), problem);
        Assert.Equal(encoding, Document.Encode(decoded));
        Assert.Equal(document.Subject, decoded.Subject);
    }

    private static void AssertRefused<T>(T document, string expected)
        where T : class, IDocument<T>
    {
        Assert.False(Document.TryDecode<T>(Document.Encode(document), out _, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    private static Func<int, byte, bool> Alter<T>(T document)
        where T : class, IDocument<T>
    {
        var encoding = Document.Encode(document);
        return (at, mask) =>
        {
            var altered = encoding.ToArray();
            // Over the whole encoding, keys of two thousand bytes and all.
            altered[(int)(at * 2_654_435_761L % altered.Length)] ^= (byte)(mask | 1);
            return !Document.TryDecode<T>(altered, out var decoded, out _) || !encoding.AsSpan().SequenceEqual(Document.Encode(decoded));
        };
    }
}
