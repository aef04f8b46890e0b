using FsCheck;
using FsCheck.Fluent;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Tests.Cbor;

public sealed class DeterministicCborTests
{
    public static TheoryData<string, string> Accepted { get; } = [.. Vectors.Lines("cbor/accepted.txt").Select(line => (line[0], line[1]))];

    public static TheoryData<string, string, string> Refused { get; } = [.. Vectors.Lines("cbor/refused.txt").Select(line => (line[0], line[1], line[2]))];

    [Theory]
    [MemberData(nameof(Accepted))]
    public void Deterministic_encoding_is_decoded_and_encodes_to_itself(string hex, string diagnostic)
    {
        var bytes = Convert.FromHexString(hex);
        Assert.True(DeterministicCbor.TryDecode(bytes, out var value, out var problem), $"{diagnostic}: {problem}");
        Assert.Equal(bytes, DeterministicCbor.Encode(value));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Other_encoding_is_refused_with_its_reason(string hex, string reason, string what)
    {
        Assert.False(DeterministicCbor.TryDecode(Convert.FromHexString(hex), out _, out var problem), what);
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_encoded_decodes_to_the_same_bytes() => Check.QuickThrowOnFailure(Prop.ForAll(CborGenerator.Values, value =>
    {
        var encoding = DeterministicCbor.Encode(value);
        return DeterministicCbor.TryDecode(encoding, out var decoded, out _) && encoding.AsSpan().SequenceEqual(DeterministicCbor.Encode(decoded));
    }));

    [Fact]
    public void Arbitrary_bytes_never_throw_and_what_is_accepted_is_the_only_encoding() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
            DeterministicCbor.TryDecode(bytes, out var value, out var problem) ? bytes.AsSpan().SequenceEqual(DeterministicCbor.Encode(value)) : problem.Length > 0));

    [Fact]
    public void Altered_encoding_never_throws_and_never_decodes_to_the_same_value() => Check.QuickThrowOnFailure(Prop.ForAll(
        CborGenerator.Values, ArbMap.Default.ArbFor<PositiveInt>(), ArbMap.Default.ArbFor<byte>(), (value, at, mask) =>
        {
            var encoding = DeterministicCbor.Encode(value);
            var altered = encoding.ToArray();
            altered[at.Get % altered.Length] ^= (byte)(mask | 1);
            return !DeterministicCbor.TryDecode(altered, out var decoded, out _) || !encoding.AsSpan().SequenceEqual(DeterministicCbor.Encode(decoded));
        }));

    [Fact]
    public void Keys_are_ordered_bytewise_and_not_shorter_first() =>
        Assert.Equal("a218640120" + "02", Convert.ToHexStringLower(DeterministicCbor.Encode(CborMap.Of((-1, 2), (100, 1)))));

    [Fact]
    public void Absent_fields_of_a_map_are_left_out() => Assert.Equal([0xa1, 0x01, 0x02], DeterministicCbor.Encode(CborMap.Of((1, 2), (3, null))));

    [Fact]
    public void Encoding_that_is_too_long_is_refused_with_both_figures()
    {
        Assert.False(DeterministicCbor.TryDecode(new byte[101], out _, out var problem, new CborLimits(MaxBytes: 100)));
        Assert.Equal("101 bytes of CBOR, at most 100 are accepted", problem);
    }

    [Fact]
    public void More_items_than_the_limit_are_refused()
    {
        var encoding = DeterministicCbor.Encode(new CborArray([.. Enumerable.Repeat<CborValue>(0, 100)]));
        Assert.True(DeterministicCbor.TryDecode(encoding, out _, out _, new CborLimits(MaxItems: 101)));
        Assert.False(DeterministicCbor.TryDecode(encoding, out _, out var problem, new CborLimits(MaxItems: 100)));
        Assert.Equal("more than 100 CBOR items", problem);
    }

    [Fact]
    public void Same_key_twice_is_a_mistake_of_the_caller() => Assert.Throws<ArgumentException>(() => DeterministicCbor.Encode(CborMap.Of((1, 2), (1, 3))));

    [Theory]
    [InlineData("1B7FFFFFFFFFFFFFFF", long.MaxValue, "9223372036854775807")]
    [InlineData("1B8000000000000000", null, "9223372036854775808")]
    [InlineData("1BFFFFFFFFFFFFFFFF", null, "18446744073709551615")]
    [InlineData("3B7FFFFFFFFFFFFFFF", long.MinValue, "-9223372036854775808")]
    [InlineData("3B8000000000000000", null, "-9223372036854775809")]
    [InlineData("3BFFFFFFFFFFFFFFFF", null, "-18446744073709551616")]
    public void Integers_reach_beyond_64_bits_with_a_sign(string hex, long? value, string text)
    {
        var encoding = Convert.FromHexString(hex);
        Assert.True(DeterministicCbor.TryDecode(encoding, out var decoded, out _));
        var integer = Assert.IsType<CborInteger>(decoded);
        Assert.Equal((value, text), (integer.Value, integer.ToString()));
        Assert.Equal(encoding, DeterministicCbor.Encode(integer));
    }
}
