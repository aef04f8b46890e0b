using FsCheck;
using FsCheck.Fluent;
using Touchmark.Engine.Gs1;

namespace Touchmark.Engine.Tests.Gs1;

public sealed class GtinTests
{
    private static Gen<string> Numbers => Gen.Elements(8, 12, 13, 14).SelectMany(length => Gen.Choose('1', '9').Select(digit => (char)digit).ArrayOf(length - 1))
        .Select(digits => new string(digits) + CheckDigit.Of(digits));

    /// <summary>Numbers from GS1's own documents: General Specifications, Digital Link URI Syntax, and its resolver's test data.</summary>
    [Theory]
    [InlineData("09520123456788")]
    [InlineData("9520123456788")]
    [InlineData("09506000134352")]
    [InlineData("614141123452")]
    [InlineData("416000336108")]
    [InlineData("2112345678900")]
    [InlineData("02345673")]
    [InlineData("96385074")]
    public void A_number_with_its_check_digit_is_read_and_has_fourteen_digits(string text)
    {
        Assert.True(Gtin.Parse(text).Has(out var gtin, out _));
        Assert.Equal(text.PadLeft(14, '0'), gtin.Value);
        Assert.Equal(gtin, Read(gtin.Value));
    }

    [Theory]
    [InlineData("", "GTIN_LENGTH")]
    [InlineData(null, "GTIN_LENGTH")]
    [InlineData("952012345678", "GTIN_CHECK")]
    [InlineData("95201234567888888", "GTIN_LENGTH")]
    [InlineData("952012345678X", "GTIN_CHARACTER")]
    [InlineData("952012345678\u0668", "GTIN_CHARACTER")]
    [InlineData("+520123456788", "GTIN_CHARACTER")]
    [InlineData("9520 12345678", "GTIN_CHARACTER")]
    [InlineData("00000000", "GTIN_ZEROS")]
    public void What_is_no_number_is_refused_with_what_is_wrong(string? text, string code) => Assert.Equal(code, Gtin.Parse(text).Refusal?.Code);

    [Fact]
    public void A_wrong_check_digit_is_refused_with_what_was_likely_meant()
    {
        var refusal = Gtin.Parse("9502123456788").Refusal!;

        Assert.Equal("GTIN_CHECK", refusal.Code);
        Assert.Contains("9520123456788", Assert.IsType<List<string>>(refusal.Figures["likely"]));
    }

    [Fact]
    public void Every_single_wrong_digit_is_seen_and_every_exchange_that_the_rule_can_see_is_repaired()
    {
        var slips = Numbers.SelectMany(number => Gen.Choose(0, number.Length - 2).SelectMany(at => Gen.Choose(1, 9).Select(step => (number, at, step))));
        Check.QuickThrowOnFailure(Prop.ForAll(slips.ToArbitrary(), slip =>
        {
            var (number, at, step) = slip;
            Assert.Equal(number.PadLeft(14, '0'), Read(number).Value);

            var wrong = number.ToCharArray();
            wrong[at] = (char)('0' + (wrong[at] - '0' + step) % 10);
            Assert.False(CheckDigit.IsRight(wrong));

            var exchanged = number.ToCharArray();
            (exchanged[at], exchanged[at + 1]) = (exchanged[at + 1], exchanged[at]);
            // Digits that are equal or five apart count the same either way round.
            if (Math.Abs(exchanged[at] - exchanged[at + 1]) % 5 != 0)
            {
                Assert.Contains(number, Assert.IsType<List<string>>(Gtin.Parse(new string(exchanged)).Refusal!.Figures["likely"]));
            }
        }));
    }

    private static Gtin Read(string text)
    {
        Assert.True(Gtin.Parse(text).Has(out var gtin, out _));
        return gtin;
    }
}
