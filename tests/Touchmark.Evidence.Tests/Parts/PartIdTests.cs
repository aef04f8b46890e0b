using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Evidence.Parts;

namespace Touchmark.Evidence.Tests.Parts;

public sealed class PartIdTests
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private static readonly JsonElement Vector = Vectors.Json("part-id/part-id.json");

    private static Arbitrary<PartId> Ids { get; } =
        Gen.Elements(Alphabet.ToCharArray()).ArrayOf(PartId.Length).Select(characters => Completed(new(characters), PartId.Length - 1)).ToArbitrary();

    public static TheoryData<string, string> Valid { get; } =
        [.. Vector.GetProperty("valid").EnumerateArray().Select(entry => (entry.GetProperty("written").GetString()!, entry.GetProperty("id").GetString()!))];

    public static TheoryData<string, string, string, string[]> Refused { get; } = [.. Vector.GetProperty("refused").EnumerateArray().Select(entry => (
        entry.GetProperty("what").GetString()!, entry.GetProperty("written").GetString()!, entry.GetProperty("code").GetString()!,
        entry.GetProperty("likely").EnumerateArray().Select(likely => likely.GetString()!).ToArray()))];

    [Theory]
    [MemberData(nameof(Valid))]
    public void Id_is_read_however_a_person_writes_it(string written, string id)
    {
        Assert.True(PartId.TryParse(written, out var read, out var problem), problem?.Text);
        Assert.Equal(id, read.Value);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_no_id_is_refused_with_the_ids_that_were_likely_meant(string what, string written, string code, string[] likely)
    {
        Assert.False(PartId.TryParse(written, out var read, out var problem), what);
        Assert.Null(read);
        Assert.Equal(code, problem.Code);
        Assert.Equal(likely, problem.Likely.Select(id => id.ToString()));
    }

    [Fact]
    public void What_is_shown_is_read_again() => Check.QuickThrowOnFailure(Prop.ForAll(Ids, id =>
        PartId.TryParse(id.ToString(), out var shown, out _) && shown == id
        && PartId.TryParse(id.Value, out var stored, out _) && stored == id
        && id.ToString().Replace("-", "", StringComparison.Ordinal) == id.Value));

    [Fact]
    public void Every_replaced_character_is_noticed_and_the_id_that_was_meant_is_among_the_likely_ones() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(20), Prop.ForAll(Ids, id => Enumerable.Range(0, PartId.Length).All(at => Alphabet.Where(other => other != id.Value[at])
            .All(other => IsNoticed(id, id.Value[..at] + other + id.Value[(at + 1)..])))));

    [Fact]
    public void Every_exchange_of_neighbours_is_noticed_but_that_of_0_and_Z()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(Ids, id => Enumerable.Range(0, PartId.Length - 1).All(at => IsExchangeNoticed(id, at))));
        Assert.Equal(["0Z"], Vector.GetProperty("unseen").GetProperty("exchanged_neighbours").EnumerateArray().Select(pair => pair.GetString()));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("Z")]
    [InlineData("0Z")]
    public void Exchange_of_0_and_Z_is_not_noticed_at_any_place(string characters)
    {
        for (var at = 0; at < PartId.Length - 1; at++)
        {
            var written = string.Concat(Enumerable.Range(0, PartId.Length).Select(place => characters[place % characters.Length]));
            Assert.True(IsExchangeNoticed(Completed(written[..at] + "0Z" + written[(at + 2)..], at == 0 ? PartId.Length - 1 : 0), at));
        }
    }

    [Fact]
    public void Arbitrary_text_never_throws_and_what_is_read_is_an_id() => Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<string?>(), text =>
        PartId.TryParse(text, out var id, out var problem) ? id.Value.Length == PartId.Length : problem.Text.Length > 0));

    [Fact]
    public void New_ids_differ()
    {
        var made = Enumerable.Range(0, 1000).Select(_ => PartId.Create()).ToList();
        Assert.Equal(made.Count, made.Distinct().Count());
        Assert.Equal(Alphabet, string.Concat(made.SelectMany(id => id.Value[..^1]).Distinct().Order()));
    }

    private static bool IsNoticed(PartId id, string changed) =>
        !PartId.TryParse(changed, out _, out var problem) && problem.Code == "PART_ID_CHECK" && problem.Likely.Contains(id);

    /// <summary>Whether the exchange has the outcome that the specification says: it is noticed, unless it is of equal characters or of 0 and Z.</summary>
    private static bool IsExchangeNoticed(PartId id, int at)
    {
        var (left, right) = (id.Value[at], id.Value[at + 1]);
        var exchanged = $"{id.Value[..at]}{right}{left}{id.Value[(at + 2)..]}";
        var isSeen = left != right && (left, right) is not ('0', 'Z') and not ('Z', '0');
        return isSeen ? IsNoticed(id, exchanged) : PartId.TryParse(exchanged, out _, out _);
    }

    /// <summary>The id that this text becomes when the character at this place is replaced by the one that fits.</summary>
    private static PartId Completed(string text, int place) =>
        Alphabet.Select(character => PartId.TryParse(text[..place] + character + text[(place + 1)..], out var id, out _) ? id : null).Single(id => id is not null)!;
}
