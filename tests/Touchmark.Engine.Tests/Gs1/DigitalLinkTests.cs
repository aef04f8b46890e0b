using FsCheck;
using FsCheck.Fluent;
using Touchmark.Engine.Gs1;
using Touchmark.Evidence.Parts;

namespace Touchmark.Engine.Tests.Gs1;

/// <summary>The links and what comes of them are those of the Digital Link standard's text and of GS1's syntax engine, where it and we ask the same (it refuses a slash at the end and attributes that are no identifiers).</summary>
public sealed class DigitalLinkTests
{
    [Theory]
    [InlineData("https://id.gs1.org/01/09520123456788", "/01/09520123456788")]
    [InlineData("HTTPS://ID.GS1.ORG/01/09520123456788/22/2A", "/01/09520123456788/22/2A")]
    [InlineData("https://id.gs1.org/01/09520123456788/10/ABC123", "/01/09520123456788/10/ABC123")]
    [InlineData("https://id.gs1.org/01/09520123456788/10/ABC1/21/12345?17=180426", "/01/09520123456788/10/ABC1/21/12345")]
    [InlineData("https://example.com/01/09520123456788?3103=000195&3922=0299&17=201225", "/01/09520123456788")]
    [InlineData("https://a/01/12312312312333/22/TEST/10/ABC/21/XYZ", "/01/12312312312333/22/TEST/10/ABC/21/XYZ")]
    [InlineData("https://a/01/12312312312333/235/TEST", "/01/12312312312333/235/TEST")]
    [InlineData("https://id.gs1.org/01/09520123456788/235/XYZ?10=ABC123", "/01/09520123456788/235/XYZ")]
    [InlineData("https://id.gs1.org/414/9520123456788/254/32a%2Fb", "/414/9520123456788/254/32a%2Fb")]
    [InlineData("https://a/253/1231231231232TEST5678901234567", "/253/1231231231232TEST5678901234567")]
    [InlineData("https://a/8018/123456789012345675/8019/123", "/8018/123456789012345675/8019/123")]
    [InlineData("https://example.com/8004/9520614141234567?01=09520123456788", "/8004/9520614141234567")]
    [InlineData("https://a/more/stem/00/006141411234567890", "/00/006141411234567890")]
    [InlineData("https://a/00/faux/00/006141411234567890", "/00/006141411234567890")]
    [InlineData("https://[2001:db8::1]:8443/01/12312312312333", "/01/12312312312333")]
    [InlineData("https://a/01/12312312312333?&&&99=ABC&&&unknown=6+66&singleton&98=XYZ%2f987&&&", "/01/12312312312333")]
    [InlineData("https://a/01/12312312312333/22/test/10/abc/21/xyz#fragment", "/01/12312312312333/22/test/10/abc/21/xyz")]
    [InlineData("/01/09520123456788/21/PPG0A0EV8ZB4ERYQ/", "/01/09520123456788/21/PPG0A0EV8ZB4ERYQ")]
    public void A_link_of_the_standard_is_read(string text, string path)
    {
        Assert.True(DigitalLink.Parse(text).Has(out var link, out var refusal), refusal?.Text);
        Assert.Equal(path, link.Path);
    }

    [Theory]
    [InlineData("", "DIGITAL_LINK_FORM")]
    [InlineData("ftp://a/01/12312312312333", "DIGITAL_LINK_FORM")]
    [InlineData("HtTp://a/00/006141411234567890", "DIGITAL_LINK_FORM")]
    [InlineData("http://", "DIGITAL_LINK_HOST")]
    [InlineData("http:///01/12312312312333", "DIGITAL_LINK_HOST")]
    [InlineData("https://a$/01/12312312312333", "DIGITAL_LINK_HOST")]
    [InlineData("https://user@a/01/12312312312333", "DIGITAL_LINK_HOST")]
    [InlineData("https://[fe80::1%25lo]/01/12312312312333", "DIGITAL_LINK_HOST")]
    [InlineData("http://a", "DIGITAL_LINK_FORM")]
    [InlineData("http://a/", "DIGITAL_LINK_KEY")]
    [InlineData("https://00/006141411234567890", "DIGITAL_LINK_KEY")]
    [InlineData("https://a/01//12312312312333", "DIGITAL_LINK_KEY")]
    [InlineData("https://a/01/12312312312333/10/", "DIGITAL_LINK_KEY")]
    [InlineData("https://a/01/12312312312333<bad", "DIGITAL_LINK_CHARACTER")]
    [InlineData("https://a/01/12312312312333\\bad", "DIGITAL_LINK_CHARACTER")]
    [InlineData("https://a/01/12312312312333/21/\u0661", "DIGITAL_LINK_CHARACTER")]
    [InlineData("https://a/01/12312312312334", "DIGITAL_LINK_VALUE")]
    [InlineData("https://a/01/2112345678900", "DIGITAL_LINK_VALUE")]
    [InlineData("https://a/253/1231231231232TEST56789012345678", "DIGITAL_LINK_VALUE")]
    [InlineData("https://a/01/12312312312333/21/ABCDEFGHIJKLMNOPQRSTU", "DIGITAL_LINK_VALUE")]
    [InlineData("https://a/8004/PPG0A0EV8ZB4ERYQ", "DIGITAL_LINK_VALUE")]
    [InlineData("https://a/01/12312312312333/10/ABC%23", "DIGITAL_LINK_VALUE")]
    [InlineData("https://a/01/12312312312333/21/A/10/B", "DIGITAL_LINK_QUALIFIER")]
    [InlineData("https://a/01/12312312312333/10/A/10/B", "DIGITAL_LINK_QUALIFIER")]
    [InlineData("https://a/01/12312312312333/235/A/10/B", "DIGITAL_LINK_QUALIFIER")]
    [InlineData("https://a/01/12312312312333/99/ABC", "DIGITAL_LINK_QUALIFIER")]
    [InlineData("https://a/01/1231231231233%003", "DIGITAL_LINK_ENCODING")]
    [InlineData("https://a/01/12312312312333/10/A%2", "DIGITAL_LINK_ENCODING")]
    [InlineData("https://a/01/12312312312333/10/A%zz", "DIGITAL_LINK_ENCODING")]
    [InlineData("https://a/01/12312312312333/10/A%20B", "DIGITAL_LINK_ENCODING")]
    [InlineData("https://a/01/12312312312333?99=ABC%00DEF", "DIGITAL_LINK_ATTRIBUTE")]
    [InlineData("https://a/01/12312312312333?99=", "DIGITAL_LINK_ATTRIBUTE")]
    [InlineData("https://a/01/12312312312333?98=XYZ+987", "DIGITAL_LINK_ATTRIBUTE")]
    [InlineData("https://a/01/12312312312333?99999=X", "DIGITAL_LINK_ATTRIBUTE")]
    [InlineData("https://example.com/01/09520123456788?10=ABC123", "DIGITAL_LINK_ATTRIBUTE")]
    [InlineData("https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&99=XYZ789", "DIGITAL_LINK_ATTRIBUTE")]
    [InlineData("https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&01=09520123456788", "DIGITAL_LINK_ATTRIBUTE")]
    public void What_is_no_link_of_the_standard_is_refused_with_what_is_wrong(string text, string code) => Assert.Equal(code, DigitalLink.Parse(text).Refusal?.Code);

    [Theory]
    [InlineData("https://a/gtin/12312312312333", "01")]
    [InlineData("https://a/gtin/12312312312333/ser/ABC123", "01")]
    [InlineData("https://a/01/12312312312333/ser/ABC123", null)]
    public void The_words_of_old_links_are_refused_with_the_code_that_stands_for_them(string text, string? code)
    {
        var refusal = DigitalLink.Parse(text).Refusal!;

        Assert.Equal(code is null ? "DIGITAL_LINK_QUALIFIER" : "DIGITAL_LINK_ALPHA", refusal.Code);
        Assert.Equal(code, refusal.Figures.GetValueOrDefault("code"));
    }

    [Theory]
    [InlineData("https://a/../../etc/passwd/01/12312312312333", "DIGITAL_LINK_PATH")]
    [InlineData("https://a//01/12312312312333", "DIGITAL_LINK_PATH")]
    [InlineData("/01/12312312312333/21/..", null)]
    [InlineData("/01/12312312312333/21/..%2F..%2Fetc", null)]
    [InlineData("/01/12312312312333/../../21/A", "DIGITAL_LINK_QUALIFIER")]
    public void A_path_that_leads_elsewhere_is_text_or_nothing(string text, string? code)
    {
        var outcome = DigitalLink.Parse(text);

        Assert.Equal(code, outcome.Refusal?.Code);
        if (outcome.Has(out var link, out _))
        {
            Assert.StartsWith("..", link.Serial, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_encoded_twice_is_decoded_once()
    {
        Assert.True(DigitalLink.Parse("/01/12312312312333/21/%252F%2500").Has(out var link, out _));

        Assert.Equal("%2F%00", link.Serial);
        Assert.Equal("/01/12312312312333/21/%252F%2500", link.Path);
    }

    [Fact]
    public void A_link_longer_than_any_is_refused_before_it_is_looked_at() =>
        Assert.Equal("DIGITAL_LINK_LENGTH", DigitalLink.Parse("https://a/" + new string('/', 1_000_000)).Refusal?.Code);

    [Fact]
    public void What_is_built_is_read_back()
    {
        var values = Gen.Elements("!\"%&'()*+,-./0129:;<=>?AZ_az".ToCharArray()).NonEmptyListOf().Where(characters => characters.Count <= 20).Select(characters => new string([.. characters]));
        Check.QuickThrowOnFailure(Prop.ForAll(values.Two().ToArbitrary(), pair =>
        {
            var built = new DigitalLink("", new("01", "09520123456788"), [new("10", pair.Item1), new("21", pair.Item2)]);
            Assert.True(DigitalLink.Parse("https://example.com" + built.Path + "?linkType=linkset").Has(out var read, out var refusal), refusal?.Text);
            Assert.Equal((built.Key, built.Path, pair.Item2), (read.Key, read.Path, read.Serial));
        }));
    }

    [Fact]
    public void No_text_makes_the_reader_throw_and_what_it_reads_has_a_path_that_reads_the_same()
    {
        string[] pieces = ["/", "//", "01", "21", "10", "8004", "235", "09520123456788", "9520", "..", ".", "%", "%2", "%00", "%41", "%25", "?", "&", "=", "#", "+", "https://", "a", "gtin", "99", "[", "\u0000", "\ud800", "é"];
        var texts = Gen.Elements(pieces).ListOf().Select(some => string.Concat(some));
        Check.QuickThrowOnFailure(Prop.ForAll(texts.ToArbitrary(), text =>
        {
            if (DigitalLink.Parse(text).Has(out var link, out _))
            {
                Assert.True(DigitalLink.Parse(link.Path).Has(out var again, out _));
                Assert.Equal(link.Path, again.Path);
            }
        }));
    }

    [Fact]
    public void A_part_is_named_by_its_product_and_its_id_or_else_by_whose_asset_it_is()
    {
        var part = PartId.Create();
        Assert.True(Gtin.Parse("9520123456788").Has(out var gtin, out _));

        Assert.Equal($"/01/09520123456788/21/{part.Value}", DigitalLink.Of(gtin, part).Path);
        Assert.Equal($"/8004/9521234{part.Value}", DigitalLink.Of(CompanyPrefix.Parse("9521234")!, part).Path);
        Assert.True(DigitalLink.Parse(DigitalLink.Of(CompanyPrefix.Parse("952123456789")!, part).Path).Has(out _, out _));
    }

    [Theory]
    [InlineData("952")]
    [InlineData("9521234567890")]
    [InlineData("95212x4")]
    public void A_company_prefix_is_digits(string text) => Assert.Null(CompanyPrefix.Parse(text));
}
