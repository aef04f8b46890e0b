using System.Buffers.Text;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography;
using Touchmark.Engine.PrinterTokens;

namespace Touchmark.Engine.Tests.PrinterTokens;

public sealed class JwtTests
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    [Fact]
    public void The_header_is_the_one_that_names_ES256() => Assert.Equal("""{"alg":"ES256","typ":"JWT"}"""u8.ToArray(), Base64Url.DecodeFromChars(Jwt.Header));

    [Fact]
    public void Whatever_is_signed_is_read_back_by_its_key_and_by_no_other()
    {
        using var key = P256PrivateKey.Generate();
        using var other = P256PrivateKey.Generate();
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>().Filter(bytes => bytes is { Length: > 0 and < 2000 }), claims =>
        {
            var token = Jwt.Sign(key, claims);
            Assert.Equal(claims, Jwt.TryOpen(token, key.PublicKey.Span));
            Assert.Null(Jwt.TryOpen(token, other.PublicKey.Span));
        }));
    }

    [Fact]
    public void A_token_with_any_character_changed_added_or_taken_out_is_none()
    {
        using var key = P256PrivateKey.Generate();
        var token = Jwt.Sign(key, Encoding.UTF8.GetBytes("""{"iss":"touchmark-engine","sub":"0198a5f3-0000-7000-8000-000000000001"}"""));
        var changes =
            from kind in Gen.Choose(0, 2)
            from at in Gen.Choose(0, token.Length - 1)
            from put in Gen.Elements((Alphabet + ".=+/ \t\n\0é").ToCharArray())
            select kind switch { 0 => token[..at] + put + token[(at + 1)..], 1 => token[..at] + put + token[at..], _ => token.Remove(at, 1) };
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(changes.ToArbitrary(), changed => changed == token || Jwt.TryOpen(changed, key.PublicKey.Span) is null));
    }

    [Fact]
    public void The_last_character_has_one_spelling()
    {
        using var key = P256PrivateKey.Generate();
        var token = Jwt.Sign(key, "{}"u8);

        Assert.Equal(token[^1..], string.Concat(Alphabet.Where(last => Jwt.TryOpen(token[..^1] + last, key.PublicKey.Span) is not null)));
    }

    [Fact]
    public void No_text_makes_the_reader_throw()
    {
        using var key = P256PrivateKey.Generate();
        var parts = Gen.OneOf(Gen.Elements(Jwt.Header, "", "e30", "=", "a"), ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""));
        Check.QuickThrowOnFailure(Prop.ForAll(parts.ListOf().Select(list => string.Join('.', list)).ToArbitrary(), text => Jwt.TryOpen(text, key.PublicKey.Span) is null));
    }
}
