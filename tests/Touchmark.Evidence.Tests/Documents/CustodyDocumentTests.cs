using FsCheck;
using FsCheck.Fluent;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Evidence.Tests.Documents;

public sealed class CustodyDocumentTests : IDisposable
{
    private static readonly PartId Part = PartId.Create();
    private readonly CustodianKeys _keys = CustodianKeys.Derive(Workshop.Bytes("root"), Part);

    public void Dispose() => _keys.Dispose();

    private CustodianAdmission Admission => new()
    {
        PartId = Part,
        Pseudonym = _keys.Pseudonym,
        Role = CustodianRole.Dealer,
        Region = "FR",
        Ed25519Key = _keys.Ed25519Key,
        MlDsa65Key = _keys.MlDsa65Key,
        AdmittedAt = Workshop.Issued,
        SealedIdentity = [new(Workshop.Bytes("regulator"), Workshop.Bytes("identity"))],
    };

    private CustodyEvent Inspection => new()
    {
        EventId = Workshop.Id(20),
        PartId = Part,
        Number = 6,
        Kind = CustodyEventKind.Inspected,
        At = Workshop.Issued,
        Previous = Workshop.Bytes("event 5"),
        Custodian = _keys.Pseudonym,
        Outcome = InspectionOutcome.Passed,
        Note = "Every year.",
    };

    private static Recall Recall { get; } = new()
    {
        RecallId = Workshop.Id(21),
        By = "Falkner Aerospace",
        At = Workshop.Issued,
        Reason = "The material may be brittle.",
        PrinterId = Workshop.Id(3),
        PrintedFrom = Workshop.Started.AddMinutes(31),
        PrintedTo = Workshop.Started,
        Material = "petg",
    };

    [Fact]
    public void What_was_encoded_is_decoded()
    {
        AssertSame(Admission);
        AssertSame(Inspection);
        AssertSame(Recall with { PrintedTo = Workshop.Started.AddHours(1) });
    }

    [Fact]
    public void Altered_encoding_never_throws_and_never_decodes_to_the_same_document()
    {
        var (admission, inspection, recall) = (Document.Encode(Admission), Document.Encode(Inspection), Document.Encode(Recall with { PrintedTo = null }));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(ArbMap.Default.ArbFor<PositiveInt>(), ArbMap.Default.ArbFor<byte>(), (at, mask) =>
            IsOther<CustodianAdmission>(admission, at.Get, mask) && IsOther<CustodyEvent>(inspection, at.Get, mask) && IsOther<Recall>(recall, at.Get, mask)));
    }

    [Theory]
    [InlineData("a region in lower case", "region: not two capital letters")]
    [InlineData("somebody else's pseudonym", "pseudonym: not that of the keys")]
    [InlineData("no pseudonym", "pseudonym: not a pseudonym")]
    [InlineData("a key that is too short", "ed25519_key: not 32 bytes")]
    [InlineData("a regulator that is no hash", "sealed_identity.regulator: not 32 bytes")]
    [InlineData("an empty sealed identity", "sealed_identity.sealed: not 1 to 4096 bytes")]
    [InlineData("too many regulators", "sealed_identity: more than 16 items")]
    public void Admission_that_breaks_a_rule_is_refused(string fault, string problem) => AssertRefused(fault switch
    {
        "a region in lower case" => Admission with { Region = "fr" },
        "somebody else's pseudonym" => Admission with { Pseudonym = new('A', Pseudonym.Length) },
        "no pseudonym" => Admission with { Pseudonym = Pseudonym.Registry },
        "a key that is too short" => Admission with { Ed25519Key = _keys.Ed25519Key[1..] },
        "a regulator that is no hash" => Admission with { SealedIdentity = [new(new byte[31], new byte[1])] },
        "an empty sealed identity" => Admission with { SealedIdentity = [new(new byte[32], ReadOnlyMemory<byte>.Empty)] },
        _ => Admission with { SealedIdentity = [.. Enumerable.Repeat(Admission.SealedIdentity[0], 17)] },
    }, problem);

    [Theory]
    [InlineData("a receiver of an inspection", "to: has no place")]
    [InlineData("an installation of an inspection", "into: has no place")]
    [InlineData("a recall of an inspection", "recall: has no place")]
    [InlineData("a reason of an inspection", "reason: has no place")]
    [InlineData("no outcome", "outcome: missing")]
    [InlineData("the registry as custodian", "custodian: not a pseudonym")]
    [InlineData("a recall by a custodian", "custodian: only REGISTRY recalls")]
    [InlineData("number 0", "number: outside 1 to 4096")]
    [InlineData("a number beyond the limit", "number: outside 1 to 4096")]
    [InlineData("a note that is too long", "note: longer than 1024 characters")]
    public void Event_that_breaks_a_rule_is_refused(string fault, string problem) => AssertRefused(fault switch
    {
        "a receiver of an inspection" => Inspection with { To = _keys.Pseudonym },
        "an installation of an inspection" => Inspection with { Into = "Scanner 4" },
        "a recall of an inspection" => Inspection with { Recall = Workshop.Bytes("recall") },
        "a reason of an inspection" => Inspection with { Reason = "Worn." },
        "no outcome" => Inspection with { Outcome = null },
        "the registry as custodian" => Inspection with { Custodian = Pseudonym.Registry },
        "a recall by a custodian" => Inspection with { Kind = CustodyEventKind.Recalled, Outcome = null, Recall = Workshop.Bytes("recall") },
        "number 0" => Inspection with { Number = 0 },
        "a number beyond the limit" => Inspection with { Number = CustodyEvent.MaxNumber + 1 },
        _ => Inspection with { Note = new('x', CustodyEvent.MaxText + 1) },
    }, problem);

    [Fact]
    public void Recall_that_covers_nothing_in_particular_or_a_time_that_ends_before_it_begins_is_refused()
    {
        AssertRefused(Recall with { PrinterId = null, PrintedFrom = null, PrintedTo = null, Material = null }, "names nothing that it covers");
        AssertRefused(Recall, "printed_to: before printed_from");
    }

    [Theory]
    [InlineData("all that it names", true)]
    [InlineData("the last moment of the print", true)]
    [InlineData("its first moment", true)]
    [InlineData("another design", false)]
    [InlineData("another batch", false)]
    [InlineData("another printer", false)]
    [InlineData("another material", false)]
    [InlineData("prints after it", false)]
    [InlineData("prints before it", false)]
    public void Recall_covers_the_parts_that_fit_all_of_what_it_names(string named, bool covers)
    {
        using var workshop = new Workshop();
        var paper = workshop.Signer.Sign(Workshop.Slice, Workshop.Issued);
        var certificate = Workshop.Certificate(paper, paper, paper);
        var all = Recall with { DesignId = certificate.DesignId, LicenceId = certificate.LicenceId, PrintedFrom = certificate.StartedAt, PrintedTo = certificate.EndedAt };
        var recall = named switch
        {
            "all that it names" => all,
            "the last moment of the print" => all with { PrintedFrom = certificate.EndedAt },
            "its first moment" => all with { PrintedTo = certificate.StartedAt },
            "another design" => all with { DesignId = Workshop.Id(99) },
            "another batch" => all with { LicenceId = Workshop.Id(99) },
            "another printer" => all with { PrinterId = Workshop.Id(99) },
            "another material" => all with { Material = "PA-CF" },
            "prints after it" => all with { PrintedFrom = certificate.EndedAt.AddMicroseconds(1) },
            _ => all with { PrintedTo = certificate.StartedAt.AddMicroseconds(-1) },
        };
        Assert.Equal(covers, recall.Covers(certificate));
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

    private static bool IsOther<T>(byte[] encoding, int at, byte mask)
        where T : class, IDocument<T>
    {
        var altered = encoding.ToArray();
        altered[at % altered.Length] ^= (byte)(mask | 1);
        return !Document.TryDecode<T>(altered, out var decoded, out _) || !encoding.AsSpan().SequenceEqual(Document.Encode(decoded));
    }
}
