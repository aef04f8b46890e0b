using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Parts;

public sealed class RootPinTests
{
    // Worked out by a program of its own.
    private const string Printed = "1W0Q-9R72-WB2F-2CMY-0F49-F6YF-8M44-P4F0-EJB0-7HPA-H29T-7YSG-XTW0-F";

    private static readonly byte[] Ed25519Key = [.. Enumerable.Range(0, 32).Select(at => (byte)at)];
    private static readonly byte[] MlDsa65Key = [.. Enumerable.Repeat((byte)7, 1952)];

    [Fact]
    public void Pin_of_two_keys_is_printed_in_groups_of_four() => Assert.Equal(Printed, RootPin.Of(Ed25519Key, MlDsa65Key).ToString());

    [Theory]
    [InlineData("1w0q 9r72 wb2f 2cmy 0f49 f6yf 8m44 p4f0 ejb0 7hpa h29t 7ysg xtw0 f")]
    [InlineData("LWOQ9R72WB2F2CMYOF49F6YF8M44P4F0EJB07HPAH29T7YSGXTW0F")]
    [InlineData(" 1W0Q–9R72–WB2F–2CMY–0F49–F6YF–8M44–P4F0–EJB0–7HPA–H29T–7YSG–XTW0–F ")]
    public void Pin_is_read_however_a_person_copies_it(string written)
    {
        Assert.True(RootPin.TryParse(written, out var pin, out var problem), problem);
        Assert.Equal(RootPin.Of(Ed25519Key, MlDsa65Key), pin);
    }

    [Fact]
    public void Every_replaced_character_is_noticed() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.Choose(0, RootPin.Length - 1).Zip(Gen.Elements("0123456789ABCDEFGHJKMNPQRSTVWXYZ".ToCharArray())).ToArbitrary(), change =>
        {
            var value = RootPin.Of(Ed25519Key, MlDsa65Key).Value.ToCharArray();
            var same = value[change.Item1] == change.Item2;
            value[change.Item1] = change.Item2;
            return RootPin.TryParse(new string(value), out _, out var problem) == same && problem is null == same;
        }));

    [Theory]
    [InlineData(null, "has 53 characters")]
    [InlineData("", "has 53 characters")]
    [InlineData("1W0Q", "this one has 4")]
    [InlineData("1W0Q9R72WB2F2CMY0F49F6YF8M44P4F0EJB07HPAH29T7YSGXTW0FF", "this one has 54")]
    [InlineData("UW0Q9R72WB2F2CMY0F49F6YF8M44P4F0EJB07HPAH29T7YSGXTW0F", "Character 1")]
    [InlineData("W10Q9R72WB2F2CMY0F49F6YF8M44P4F0EJB07HPAH29T7YSGXTW0F", "check character")]
    public void What_is_no_pin_is_refused_with_a_sentence(string? written, string expected)
    {
        Assert.False(RootPin.TryParse(written, out _, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Pin_of_a_trust_store_is_that_of_the_two_keys_under_the_name()
    {
        TrustedKey Key(string name, SignatureAlgorithm algorithm, byte[] key) => new(name, algorithm, key, DateTimeOffset.UnixEpoch, null);
        TrustStore trust = new([Key("customer/acme", SignatureAlgorithm.MlDsa65, MlDsa65Key), Key("customer/acme", SignatureAlgorithm.Ed25519, Ed25519Key), Key("engine", SignatureAlgorithm.Ed25519, MlDsa65Key[..32])]);
        Assert.Equal(Printed, RootPin.Of(trust, "customer/acme")?.ToString());
        Assert.Null(RootPin.Of(trust, "engine"));
        Assert.Null(RootPin.Of(trust, "customer/other"));
    }
}
