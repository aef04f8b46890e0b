using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Tests.Cbor;

public sealed class CborFieldsTests
{
    private sealed record Sample(string Name, long Count, double Ratio, DateTimeOffset At, Guid Id, string? Note, IReadOnlyList<string> Tags);

    private static readonly Guid SomeId = new("0192f1d0-0000-7000-8000-000000000001");

    private static (CborValue Key, CborValue? Value)[] Good =>
        [("name", "bracket"), ("count", 3), ("ratio", 0.5), ("at", 1_000_000), ("id", SomeId.ToByteArray(bigEndian: true)), ("tags", CborArray.Of("a", "b"))];

    private static Sample? Decode(CborValue value, out string? problem) => CborFields.Decode(value, "sample",
        fields => new Sample(fields.Text("name", 10), fields.Integer("count", 1, 5), fields.Number("ratio", 0, 1), fields.Time("at"), fields.Id("id"), fields.OptionalText("note"), fields.Texts("tags", 2)),
        out problem);

    [Fact]
    public void Fields_are_read_with_their_types()
    {
        var sample = Decode(CborMap.Of(Good), out var problem);
        Assert.Null(problem);
        Assert.Equal(("bracket", 3, 0.5, SomeId, null), (sample!.Name, sample.Count, sample.Ratio, sample.Id, sample.Note));
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(1), sample.At);
        Assert.Equal(["a", "b"], sample.Tags);
    }

    [Theory]
    [InlineData("name", "sample.name: longer than 10 characters")]
    [InlineData("count", "sample.count: outside 1 to 5")]
    [InlineData("ratio", "sample.ratio: outside 0 to 1")]
    [InlineData("at", "sample.at: not an integer")]
    [InlineData("id", "sample.id: not 16 bytes")]
    [InlineData("tags", "sample.tags: more than 2 items")]
    [InlineData("surprise", "sample: unknown field surprise")]
    public void Wrong_field_is_named_with_the_reason(string field, string expected)
    {
        CborValue wrong = field switch
        {
            "name" => "a name that is too long",
            "count" => 6,
            "ratio" => double.NaN,
            "at" => "yesterday",
            "id" => new byte[15],
            "tags" => CborArray.Of("a", "b", "c"),
            _ => true,
        };
        var entries = Good.Where(entry => entry.Key != (CborValue)field).Append((field, wrong)).ToArray();
        Assert.Null(Decode(CborMap.Of(entries), out var problem));
        Assert.Equal(expected, problem);
    }

    [Theory]
    [InlineData("name")]
    [InlineData("count")]
    [InlineData("ratio")]
    [InlineData("at")]
    [InlineData("id")]
    [InlineData("tags")]
    public void Missing_field_is_named(string field)
    {
        Assert.Null(Decode(CborMap.Of(Good.Where(entry => entry.Key != (CborValue)field).ToArray()), out var problem));
        Assert.Equal($"sample.{field}: missing", problem);
    }

    [Fact]
    public void What_is_not_a_map_is_refused()
    {
        Assert.Null(Decode(7, out var problem));
        Assert.Equal("sample: not a map", problem);
    }
}
