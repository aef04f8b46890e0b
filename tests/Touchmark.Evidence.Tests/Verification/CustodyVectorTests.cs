using System.Text.Json;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

/// <summary>Histories written by spec/vectors/custody/generate.py, which shares no code with the verifier.</summary>
public sealed class CustodyVectorTests
{
    private static readonly JsonElement Chains = Vectors.Json("custody/chains.json");

    public static TheoryData<string> Good { get; } = Names(isGood: true);

    public static TheoryData<string> Bad { get; } = Names(isGood: false);

    [Theory]
    [MemberData(nameof(Good))]
    public void Good_history_is_valid_and_says_who_has_the_part(string name)
    {
        var expected = Case(name);
        var verdict = Verify(name);
        Assert.True(verdict.IsValid, Failures(verdict));
        Assert.Equal(expected.GetProperty("holder").GetString(), verdict.Record.Holder?.Pseudonym);
        Assert.Equal(expected.GetProperty("standing").GetString(), verdict.Record.State switch
        {
            { IsScrapped: true } => "scrapped",
            { IsRecalled: true } => "recalled",
            { InstalledInto: not null } => "installed",
            { Holder: not null } => "held",
            _ => "unknown",
        });
        Assert.Equal(verdict.Record.Events.Count, verdict.Record.State!.Number);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void Bad_history_fails_the_named_check(string name)
    {
        var verdict = Verify(name);
        Assert.False(verdict.IsValid);
        Assert.Contains(verdict.Verdict.Checks, check => check.Outcome == CheckOutcome.Failed && check.Id == Case(name).GetProperty("fails").GetString());
    }

    [Theory]
    [InlineData("the first signature altered", "event-5.signature,event-5.shadow-signature")]
    [InlineData("the second signature altered", "event-5.shadow-signature")]
    [InlineData("an event left out of the middle", "custody.chain,event-5.link")]
    [InlineData("admitted after the event", "event-5.custodian")]
    [InlineData("manufactured by a dealer", "event-1.rules")]
    [InlineData("time goes back", "event-6.link")]
    [InlineData("installed while it is recalled", "event-10.rules")]
    [InlineData("recalled, and the history does not say so", "custody.recall")]
    [InlineData("events of a print that was not completed", "custody.part")]
    public void Nothing_fails_but_what_is_wrong(string name, string failing) =>
        Assert.Equal(failing.Split(','), Verify(name).Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => check.Id));

    [Theory]
    [InlineData("sold", "05DAW7HKMKRXGSV9 (operator in FR) has the part.")]
    [InlineData("offered and not yet received", "4E61VVSEA1C3A40Y (dealer in FR) has the part, and has offered it to 05DAW7HKMKRXGSV9, who has not received it yet.")]
    [InlineData("inspected and installed", "05DAW7HKMKRXGSV9 (operator in FR) has the part, built into Scanner 4, gantry.")]
    [InlineData("recalled", "The part was recalled and has passed no inspection since: do not use it.")]
    [InlineData("scrapped", "The part was scrapped.")]
    [InlineData("time goes back", "Who has the part cannot be said, because its history breaks.")]
    public void Where_the_history_leads_is_said_in_words(string name, string words) =>
        Assert.StartsWith(words, Verify(name).Verdict.Checks.Single(check => check.Id == "custody.holder").Words, StringComparison.Ordinal);

    [Fact]
    public void Order_of_the_statements_in_a_file_is_of_no_consequence()
    {
        var (certificate, statement, parts) = Read("recalled, inspected and in use again");
        var forwards = Verify(certificate, statement, parts);
        var backwards = Verify(certificate, statement, [.. parts.Reverse()]);
        Assert.True(backwards.IsValid, Failures(backwards));
        Assert.Equal(forwards.Record.Events.Select(step => step.Event.Number), backwards.Record.Events.Select(step => step.Event.Number));
        Assert.Equal(forwards.Record.Holder!.Pseudonym, backwards.Record.Holder!.Pseudonym);
    }

    [Fact]
    public void Altered_byte_in_any_field_of_any_statement_is_noticed()
    {
        var (certificate, statement, parts) = Read("recalled, inspected and in use again");
        var altered = new HashSet<(string Type, string Field)>();
        foreach (var (index, part) in parts.Index())
        {
            foreach (var (type, field, at) in Fields(part.Envelope).Where(field => altered.Add((field.Type, field.Name))))
            {
                var envelope = part.Envelope.ToArray();
                envelope[at] ^= 1;
                var verdict = Verify(certificate, statement, [.. parts.Take(index), new StatementPart(envelope, null), .. parts.Skip(index + 1)]);
                Assert.False(verdict.IsValid, $"{type}, {field}");
            }
        }
        Assert.Equal([(CustodianAdmission.ContentType, 8), (CustodyEvent.ContentType, 13), (Recall.ContentType, 10)],
            altered.GroupBy(field => field.Type).Select(fields => (fields.Key, fields.Count())));
    }

    [Fact]
    public void History_of_more_events_than_the_limit_is_refused_before_a_signature_is_checked()
    {
        var (certificate, statement, parts) = Read("sold");
        var link = parts.First(part => Statement.TryParse(part.Envelope, out var parsed, out _) && parsed.ContentType == CustodyEvent.ContentType);
        var tooLong = Verify(certificate, statement, [.. Enumerable.Repeat(link, CustodyEvent.MaxNumber + 1)]);
        Assert.Equal(["custody.length"], tooLong.Verdict.Checks.Select(check => check.Id));
        var farTooLong = Verify(certificate, statement, [.. Enumerable.Repeat(link, CustodyVerifier.MaxStatements + 1)]);
        Assert.Equal(["custody.length"], farTooLong.Verdict.Checks.Select(check => check.Id));
        Assert.Contains("12289 statements", farTooLong.Verdict.Checks[0].Words, StringComparison.Ordinal);
    }

    [Fact]
    public void Statement_that_cannot_be_read_makes_the_history_unreadable()
    {
        var (certificate, statement, parts) = Read("sold");
        Assert.Equal(VerdictKind.Unreadable, Verify(certificate, statement, [.. parts, new StatementPart(new byte[] { 1, 2, 3 }, null)]).Verdict.Kind);
    }

    [Fact]
    public void Registry_that_is_not_pinned_makes_nothing_valid()
    {
        var (certificate, statement, parts) = Read("sold");
        Assert.Equal(VerdictKind.UntrustedKey, CustodyVerifier.Verify(certificate, statement, parts, TrustStore.Empty, Workshop.Now).Verdict.Kind);
    }

    [Fact]
    public void Json_shows_the_fields_of_events_admissions_and_recalls_with_their_times()
    {
        var (_, _, parts) = Read("recalled");
        var documents = parts.Select(part => JsonDocument.Parse(EvidenceJson.Write(part)).RootElement.GetProperty("document")).ToList();
        var admission = documents.First(document => document.TryGetProperty("role", out _));
        Assert.Equal("manufacturer", admission.GetProperty("role").GetString());
        Assert.Equal(1952 * 2, admission.GetProperty("ml_dsa_65_key").GetString()!.Length);
        var link = documents.First(document => document.TryGetProperty("into", out _));
        Assert.Equal(("installed", "Scanner 4, gantry", 7), (link.GetProperty("kind").GetString(), link.GetProperty("into").GetString(), link.GetProperty("number").GetInt32()));
        var recall = documents.First(document => document.TryGetProperty("recall_id", out _));
        Assert.Equal(Workshop.Started.AddHours(-1), recall.GetProperty("printed_from").GetDateTimeOffset());
    }

    private static CustodyVerdict Verify(string name)
    {
        var (certificate, statement, parts) = Read(name);
        return Verify(certificate, statement, parts);
    }

    private static CustodyVerdict Verify(PrintCertificate certificate, Statement statement, IReadOnlyList<StatementPart> parts) =>
        CustodyVerifier.Verify(certificate, statement, parts, VectorTests.Trust("custody"), Workshop.Now);

    private static (PrintCertificate Certificate, Statement Statement, IReadOnlyList<StatementPart> Parts) Read(string name)
    {
        var chain = Case(name);
        var certificate = Part(chain.GetProperty("certificate"));
        Assert.True(StatementVerifier.Verify<PrintCertificate>(certificate, VectorTests.Trust("custody"), Workshop.Now, out var document).IsValid, name);
        Assert.True(Statement.TryParse(certificate.Envelope, out var statement, out _), name);
        return (document!, statement, [.. chain.GetProperty("statements").EnumerateArray().Select(Part)]);
    }

    private static StatementPart Part(JsonElement name) => new(Chains.GetProperty("statements").GetProperty(name.GetString()!).GetBytesFromBase64(), null);

    private static JsonElement Case(string name) => Chains.GetProperty("cases").EnumerateArray().Single(chain => chain.GetProperty("name").GetString() == name);

    private static TheoryData<string> Names(bool isGood) => [.. Chains.GetProperty("cases").EnumerateArray()
        .Where(chain => chain.TryGetProperty("fails", out _) != isGood).Select(chain => chain.GetProperty("name").GetString()!)];

    /// <summary>Where the last byte of each field's value stands in an envelope.</summary>
    private static IEnumerable<(string Type, string Name, int At)> Fields(ReadOnlyMemory<byte> envelope)
    {
        Assert.True(Statement.TryParse(envelope, out var statement, out _));
        Assert.True(Evidence.Cbor.DeterministicCbor.TryDecode(statement.Payload, out var payload, out _));
        foreach (var (key, value) in ((Evidence.Cbor.CborMap)payload).Entries)
        {
            byte[] field = [.. Evidence.Cbor.DeterministicCbor.Encode(key), .. Evidence.Cbor.DeterministicCbor.Encode(value)];
            yield return (statement.ContentType, ((Evidence.Cbor.CborText)key).Value, envelope.Span.IndexOf(field) + field.Length - 1);
        }
    }

    private static string Failures(CustodyVerdict verdict) =>
        string.Join('\n', verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => $"{check.Id}: {check.Words}"));
}
