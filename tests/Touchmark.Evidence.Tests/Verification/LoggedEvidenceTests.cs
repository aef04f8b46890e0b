using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

/// <summary>Evidence files whose statements are in a log, or should be.</summary>
public sealed class LoggedEvidenceTests : IDisposable
{
    private readonly Workshop _workshop = new();
    private readonly LogBook _log = new();

    public void Dispose()
    {
        _workshop.Dispose();
        _log.Dispose();
    }

    private EvidenceVerdict Verify(EvidenceFile file, TimeSpan? maximumAge = null) =>
        EvidenceVerifier.Verify(file.Encode(), _log.Trust(_workshop.Trust), Workshop.Now, maximumAge);

    private static IEnumerable<string> Failed(EvidenceVerdict verdict) =>
        verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => check.Id);

    [Fact]
    public void File_whose_statements_are_all_in_the_log_is_valid()
    {
        var verdict = Verify(_log.Enter(_workshop.File()), TimeSpan.FromMinutes(1));
        Assert.Empty(Failed(verdict));
        Assert.Contains(verdict.Verdict.Checks, check => check is { Id: "log.inclusion", Outcome: CheckOutcome.Passed } && check.Words.Contains("4 of 4", StringComparison.Ordinal));
        Assert.Single(verdict.Verdict.Checks, check => check.Id == "log.shadow-signature");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_a_log_in_the_trust_proofs_are_not_checked_and_may_be_absent(bool logged)
    {
        using var other = new LogBook("other log");
        var file = logged ? other.Enter(_workshop.File()) : _workshop.File();
        var verdict = EvidenceVerifier.Verify(file.Encode(), _workshop.Trust, Workshop.Now);
        Assert.True(verdict.IsValid);
        Assert.Contains(verdict.Verdict.Checks, check => check is { Id: "log.inclusion", Outcome: CheckOutcome.NotChecked });
    }

    public static TheoryData<string, string> Faults { get; } = new()
    {
        { "no checkpoint and no proofs", "log.inclusion" },
        { "a checkpoint and no proofs", "log.inclusion" },
        { "one proof left out", "log.inclusion" },
        { "two proofs swapped", "log.inclusion" },
        { "a proof of another log", "log.inclusion" },
        { "a hash altered", "log.inclusion" },
        { "an index altered", "log.inclusion" },
        { "everything from another log", "log.origin" },
        { "another log under this log's name", "log.signature" },
        { "a checkpoint with another size", "log.signature" },
        { "a checkpoint with another root", "log.shadow-signature" },
        { "a checkpoint with only the Ed25519 signature", "log.shadow-signature" },
        { "a checkpoint with only the ML-DSA-65 signature", "log.signature" },
        { "a checkpoint that no witness saw", "log.witnesses" },
        { "a stale checkpoint", "log.age" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void File_that_the_log_does_not_bear_out_is_not_valid_and_the_check_is_named(string fault, string check)
    {
        var verdict = Verify(Spoil(_log.Enter(_workshop.File()), fault), fault == "a stale checkpoint" ? TimeSpan.FromSeconds(59) : null);
        Assert.Equal(VerdictKind.Invalid, verdict.Verdict.Kind);
        Assert.Contains(check, Failed(verdict));
    }

    private EvidenceFile Spoil(EvidenceFile file, string fault)
    {
        using var other = new LogBook("other log", fault == "another log under this log's name" ? _log.Origin : "other.example/log");
        var subject = file.Subject;
        var head = file.Checkpoint!.Checkpoint;
        // A part of another log has a proof of the same length, for another tree.
        var elsewhere = other.Enter(new(file.Related[0], [subject, file.Related[1], file.Related[2]]));
        return fault switch
        {
            "no checkpoint and no proofs" => _workshop.File(),
            "a checkpoint and no proofs" => _workshop.File() with { Checkpoint = file.Checkpoint },
            "one proof left out" => file with { Related = [file.Related[0] with { Proof = null }, file.Related[1], file.Related[2]] },
            "two proofs swapped" => file with { Subject = subject with { Proof = file.Related[0].Proof }, Related = [file.Related[0] with { Proof = subject.Proof }, file.Related[1], file.Related[2]] },
            "a proof of another log" => file with { Subject = subject with { Proof = elsewhere.Related[0].Proof } },
            "a hash altered" => file with { Subject = subject with { Proof = subject.Proof! with { Hashes = [head.Root, .. subject.Proof.Hashes.Skip(1)] } } },
            "an index altered" => file with { Subject = subject with { Proof = subject.Proof! with { Index = 2 } } },
            "everything from another log" or "another log under this log's name" => other.Enter(_workshop.File()),
            "a checkpoint with another size" => file with { Checkpoint = file.Checkpoint with { Note = file.Checkpoint.Note with { Text = (head with { Size = 10 }).Text } } },
            "a checkpoint with another root" => file with { Checkpoint = file.Checkpoint with { Note = file.Checkpoint.Note with { Text = (head with { Root = subject.Proof!.Hashes[0] }).Text } } },
            "a checkpoint with only the Ed25519 signature" => file with { Checkpoint = _log.Sign(head, shadow: false) },
            "a checkpoint with only the ML-DSA-65 signature" => file with { Checkpoint = _log.Sign(head, primary: false) },
            "a checkpoint that no witness saw" => file with { Checkpoint = _log.Sign(head, witness: false) },
            _ => file,
        };
    }

    [Fact]
    public void File_of_a_single_statement_is_valid_and_says_nothing_of_a_certificate()
    {
        var grant = _workshop.Signer.Sign(Workshop.Licence, Workshop.Licence.GrantedAt).ToPart();
        var verdict = Verify(_log.Enter(new(grant, [])));
        Assert.True(verdict.IsValid);
        Assert.Null(verdict.Certificate);
        Assert.Contains(verdict.Verdict.Checks, check => check is { Id: "statement.document", Outcome: CheckOutcome.Passed });
    }

    [Fact]
    public void Single_statement_with_another_beside_it_is_refused()
    {
        var file = _workshop.File();
        Assert.Equal(["file.related"], Failed(Verify(_log.Enter(new(file.Related[0], [file.Related[1]])))));
    }

    [Fact]
    public void Statement_that_stands_there_twice_is_refused()
    {
        var file = _workshop.File();
        Assert.Equal(["file.related"], Failed(Verify(_log.Enter(file with { Related = [.. file.Related, file.Related[0]] }))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Statement_of_a_type_that_nobody_knows_is_refused_in_words(bool subject)
    {
        var forge = new EnvelopeForge(_workshop);
        var unknown = forge.Make([.. forge.Header().Select(entry => entry.Key == 3 ? (entry.Key, "application/vnd.example.unknown+cbor") : entry)]);
        var file = _workshop.File();
        var verdict = Verify(_log.Enter(subject ? new(unknown, []) : file with { Related = [.. file.Related, unknown] }));
        Assert.Equal([subject ? "statement.document" : "file.related"], Failed(verdict));
        Assert.Contains(verdict.Verdict.Checks, check => check.Figures.Values.Any(value => value.Contains("vnd.example.unknown", StringComparison.Ordinal)));
    }

    [Fact]
    public void Json_shows_the_checkpoint_and_where_each_statement_is_in_the_log()
    {
        var file = _log.Enter(_workshop.File());
        using var json = System.Text.Json.JsonDocument.Parse(EvidenceJson.Write(file));
        Assert.StartsWith("engine.example/log\n9\n", json.RootElement.GetProperty("checkpoint").GetString(), StringComparison.Ordinal);
        var proof = json.RootElement.GetProperty("related")[0].GetProperty("proof");
        Assert.Equal((3, 4), (proof.GetProperty("index").GetInt32(), proof.GetProperty("hashes").GetArrayLength()));
    }
}
