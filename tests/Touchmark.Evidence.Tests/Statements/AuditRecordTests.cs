using Touchmark.Evidence.Documents;

namespace Touchmark.Evidence.Tests.Statements;

public sealed class AuditRecordTests
{
    private static readonly AuditRecord Second = new()
    {
        RecordId = Workshop.Id(8),
        Number = 2,
        At = Workshop.Issued,
        Actor = "account/01934a00-0000-7000-8000-000000000009",
        Act = "printer.revoked",
        AboutWhat = "printer/01934a00-0000-7000-8000-000000000003",
        Outcome = AuditOutcome.Refused,
        RefusalCode = "OWN_ACCOUNT",
        Previous = Workshop.Bytes("record 1"),
    };

    [Fact]
    public void What_was_encoded_is_decoded()
    {
        Assert.True(Document.TryDecode<AuditRecord>(Document.Encode(Second), out var decoded, out var problem), problem);
        Assert.Equal(Document.Encode(Second), Document.Encode(decoded));
        Assert.Equal((Second.Actor, Second.AboutWhat, AuditOutcome.Refused, "OWN_ACCOUNT"), (decoded.Actor, decoded.AboutWhat, decoded.Outcome, decoded.RefusalCode));
    }

    [Theory]
    [InlineData("a first record with one before it", "previous")]
    [InlineData("a later record with none before it", "previous")]
    [InlineData("number 0", "number")]
    [InlineData("a text that is too long", "details.value")]
    [InlineData("too many details", "details")]
    public void Record_that_breaks_a_rule_is_refused(string fault, string field)
    {
        var record = fault switch
        {
            "a first record with one before it" => Second with { Number = 1 },
            "a later record with none before it" => Second with { Previous = null },
            "number 0" => Second with { Number = 0 },
            "a text that is too long" => Second with { Details = [new("reason", new string('x', AuditRecord.MaxValue + 1))] },
            _ => Second with { Details = [.. Enumerable.Repeat(new AuditDetail("a", "b"), 33)] },
        };
        Assert.False(Document.TryDecode<AuditRecord>(Document.Encode(record), out _, out var problem));
        Assert.Contains(field, problem, StringComparison.Ordinal);
    }
}
