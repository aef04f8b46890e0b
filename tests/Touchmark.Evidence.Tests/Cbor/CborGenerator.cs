using FsCheck;
using FsCheck.Fluent;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Tests.Cbor;

/// <summary>Arbitrary values of the subset, up to four levels deep, with keys that differ.</summary>
internal static class CborGenerator
{
    public static Arbitrary<CborValue> Values { get; } = Value(4).ToArbitrary();

    private static Gen<CborValue> Leaf() => Gen.OneOf(
        ArbMap.Default.GeneratorFor<long>().Select(value => (CborValue)value),
        ArbMap.Default.GeneratorFor<ulong>().Select(value => (CborValue)value),
        ArbMap.Default.GeneratorFor<double>().Select(value => (CborValue)value),
        ArbMap.Default.GeneratorFor<bool>().Select(value => (CborValue)value),
        ArbMap.Default.GeneratorFor<byte[]>().Select(value => (CborValue)value),
        ArbMap.Default.GeneratorFor<NonNull<string>>().Select(value => (CborValue)Valid(value.Get)),
        Gen.Constant<CborValue>(CborNull.Instance));

    private static Gen<CborValue> Value(int depth) => depth == 0 ? Leaf() : Gen.Frequency(
        (4, Leaf()),
        (1, Value(depth - 1).ListOf().Select(items => (CborValue)CborArray.Of([.. items]))),
        (1, Leaf().Zip(Value(depth - 1)).ListOf().Select(Map)),
        (1, ArbMap.Default.GeneratorFor<ulong>().Zip(Value(depth - 1)).Select(tagged => (CborValue)new CborTagged(tagged.Item1, tagged.Item2))));

    private static CborValue Map(IEnumerable<(CborValue Key, CborValue Value)> entries) =>
        new CborMap([.. entries.DistinctBy(entry => Convert.ToHexString(DeterministicCbor.Encode(entry.Key))).Select(entry => KeyValuePair.Create(entry.Key, entry.Value))]);

    private static string Valid(string text) => string.Concat(text.Where(character => !char.IsSurrogate(character)));
}
