using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Engine.Marketplace;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.Tests.Marketplace;

public sealed class ExternalReferenceTests
{
    [Theory]
    [InlineData("hedera://0.0.1234", "0.0.1234", null)]
    [InlineData("hedera://0.0.1234/7", "0.0.1234/7", null)]
    [InlineData("HEDERA://0.0.1234", "0.0.1234", null)]
    [InlineData("hedera://testnet/0.0.1234/7", "0.0.1234/7", "testnet")]
    public void Uri_of_a_token_is_read(string uri, string token, string? network)
    {
        Assert.True(HederaUri.Parse(uri).Has(out var read, out _));
        Assert.Equal((token, network, null), (read.Token!.ToString(), read.Network, read.Topic));
    }

    [Fact]
    public void Uri_of_a_topic_is_read()
    {
        Assert.True(HederaUri.Parse("hcs://1/0.0.77").Has(out var read, out _));
        Assert.Equal(("0.0.77", null), (read.Topic.ToString(), read.Token));
    }

    [Theory]
    [InlineData("hedera://")]
    [InlineData("hedera:0.0.1234")]
    [InlineData("hedera://1234")]
    [InlineData("hedera://0.0")]
    [InlineData("hedera://0.0.1234.5")]
    [InlineData("hedera://0.0.01234")]
    [InlineData("hedera://0.0.-1")]
    [InlineData("hedera://0.0.12345678901")]
    [InlineData("hedera://0.0.1234-vfmkw")]
    [InlineData("hedera://0.0.1234/")]
    [InlineData("hedera://0.0.1234/0")]
    [InlineData("hedera://0.0.1234/07")]
    [InlineData("hedera://0.0.1234/7/8")]
    [InlineData("hedera://0.0.1234/9223372036854775808")]
    [InlineData("hedera://0.0.1234/7?x=1")]
    [InlineData("hedera://0.0.1234/7#x")]
    [InlineData("hedera://mars/0.0.1234")]
    [InlineData("hedera://mainnet")]
    [InlineData("hedera://mainnet/mainnet/0.0.1234")]
    [InlineData("hedera://user@0.0.1234")]
    [InlineData("hedera://0.0.1234:443")]
    [InlineData("hedera://../0.0.1234")]
    [InlineData("hedera://0.0.1234/../../accounts/0.0.2")]
    [InlineData("hedera://0.0.１２３４")]
    [InlineData("hedera://0.0.1234/7\n")]
    [InlineData("hedera:// 0.0.1234")]
    [InlineData("hcs://2/0.0.77")]
    [InlineData("hcs://1/")]
    [InlineData("hcs://0.0.77")]
    [InlineData("https://example.com")]
    [InlineData("")]
    public void Malformed_uri_is_refused(string uri) => Assert.Equal("HEDERA_URI_INVALID", HederaUri.Parse(uri).Refusal?.Code);

    [Fact]
    public void Any_text_is_read_or_refused_and_what_is_read_is_digits_and_dots() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            var read = HederaUri.Parse("hedera://" + text.Get);
            return !read.Has(out var uri, out _) || uri.Token!.ToString().All(c => char.IsAsciiDigit(c) || c is '.' or '/');
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("0.0.9", "0.0.1234/7", null, null, "0.0.1234/7")]
    [InlineData("0.0.9", "7", "0.0.1234", null, "0.0.1234/7")]
    [InlineData("0.0.9", "7", "0x00000000000000000000000000000000000004D2", null, "0.0.1234/7")]
    [InlineData("0.0.9", "0.0.1234", "0.0.1234", "hedera://0.0.1234/7", "0.0.1234/7")]
    [InlineData("0xac384c53f03855fa1b3616052f8ba32c6c2a2fec", null, "0.0.1234", null, "0.0.1234")]
    [InlineData(null, null, null, "hedera://0.0.1234", "0.0.1234")]
    [InlineData("0.0.9", "115792089237316195423570985008687907853269984665640564039457584007913129639935", "0xac384c53f03855fa1b3616052f8ba32c6c2a2fec", "https://shop.example/7", null)]
    public void Token_is_named_in_the_ways_that_marketplaces_have(string? wallet, string? token, string? contract, string? uri, string? named)
    {
        Assert.True(ExternalReference.Read(new ExternalLicence(uri, wallet, token, contract)).Has(out var reference, out _));
        Assert.Equal(named, reference!.Token?.ToString());
        Assert.Equal(new ExternalLicence(uri, wallet, token, contract), reference.Licence);
    }

    [Fact]
    public void No_field_is_no_reference()
    {
        Assert.True(ExternalReference.Read(new ExternalLicence(null, null, null, null)).Has(out var reference, out _));
        Assert.Null(reference);
    }

    [Theory]
    [InlineData("wallet_address", "")]
    [InlineData("wallet_address", "0.0.9/../../tokens")]
    [InlineData("wallet_address", "0.0.9?limit=100")]
    [InlineData("wallet_address", "0xac384c53f03855fa1b3616052f8ba32c6c2a2f")]
    [InlineData("wallet_address", "Robert'); drop table jobs; --")]
    [InlineData("wallet_address", "0.0.9\r\nHost: evil")]
    [InlineData("token_id", "-1")]
    [InlineData("token_id", "0.0.1234/x")]
    [InlineData("token_id", "1e9")]
    [InlineData("token_id", "1157920892373161954235709850086879078532699846656405640394575840079131296399350")]
    [InlineData("contract_address", "contract")]
    [InlineData("contract_address", "0xzz384c53f03855fa1b3616052f8ba32c6c2a2fec")]
    [InlineData("uri", "file:///etc/passwd")]
    [InlineData("uri", "http://169.254.169.254/")]
    [InlineData("uri", "javascript:alert(1)")]
    [InlineData("uri", "https://example.com/<script>")]
    [InlineData("uri", "https://example.com/\u202Egpj")]
    [InlineData("uri", "not a uri")]
    public void Field_of_another_form_is_refused_by_name(string field, string text)
    {
        var refusal = ExternalReference.Read(new ExternalLicence(Of("uri"), Of("wallet_address"), Of("token_id"), Of("contract_address"))).Refusal!;
        Assert.Equal(("EXTERNAL_LICENCE_INVALID", (object)field), (refusal.Code, refusal.Figures["field"]));

        string? Of(string name) => name == field ? text : null;
    }

    [Fact]
    public void Uri_that_is_too_long_is_refused() => Assert.Equal(
        "EXTERNAL_LICENCE_INVALID", ExternalReference.Read(new ExternalLicence("https://example.com/" + new string('a', 1010), null, null, null)).Refusal?.Code);

    [Theory]
    [InlineData("0.0.1234/7", null, "hedera://0.0.1234/8")]
    [InlineData("0.0.1234", null, "hedera://0.0.1235")]
    [InlineData("0.0.1234", "0.0.1235", null)]
    public void Fields_that_name_different_tokens_are_refused(string token, string? contract, string? uri)
    {
        var refusal = ExternalReference.Read(new ExternalLicence(uri, "0.0.9", token, contract)).Refusal!;
        Assert.Equal(("EXTERNAL_LICENCE_CONTRADICTS", (int)HttpStatusCode.BadRequest), (refusal.Code, refusal.Status));
    }
}
