using System.Text;
using System.Text.Json;
using Touchmark.Engine.Marketplace;
using Touchmark.Engine.Tests.Designs;

namespace Touchmark.Engine.Tests.Marketplace;

public sealed class ExternalLicenceTests : MirrorBench
{
    [Fact]
    public async Task Wallet_that_holds_the_serial_number_may()
    {
        Mirror.Mint("0.0.1234", 7, "0.0.9");
        Assert.Null(await CheckAsync("0.0.9", "0.0.1234/7"));
    }

    [Fact]
    public async Task Wallet_is_named_by_its_evm_address_as_well()
    {
        Mirror.Mint("0.0.1234", 7, "0.0.9");
        Mirror.Open(Evm, "0.0.9");
        Assert.Null(await CheckAsync(Evm, "0.0.1234/7"));
        Assert.Equal("EXTERNAL_LICENCE_NOT_HELD", await CodeAsync("0x" + new string('1', 40), "0.0.1234/7"));
    }

    [Fact]
    public async Task Wallet_that_holds_some_of_a_token_may()
    {
        Mirror.Give("0.0.9", "0.0.555", 1);
        Mirror.Give("0.0.8", "0.0.555", 0);
        Assert.Null(await CheckAsync("0.0.9", "0.0.555"));
        Assert.Equal("EXTERNAL_LICENCE_NOT_HELD", await CodeAsync("0.0.8", "0.0.555"));
        Assert.Equal("EXTERNAL_LICENCE_NOT_HELD", await CodeAsync("0.0.7", "0.0.555"));
    }

    [Theory]
    [InlineData("0.0.8", 7, false)]
    [InlineData("0.0.9", 7, true)]
    [InlineData("0.0.9", 8, false)]
    [InlineData(null, 7, false)]
    public async Task Wallet_that_does_not_hold_the_serial_number_is_refused(string? holder, long serial, bool deleted)
    {
        Mirror.Mint("0.0.1234", serial, holder, deleted: deleted);
        var refusal = await CheckAsync("0.0.9", "0.0.1234/7");
        Assert.Equal(("EXTERNAL_LICENCE_NOT_HELD", 403), (refusal!.Code, refusal.Status));
        Assert.Equal("0.0.1234/7", refusal.Figures["token"]);
    }

    [Theory]
    [InlineData("0.0.9", null)]
    [InlineData(null, "0.0.1234/7")]
    [InlineData("0.0.9", "7")]
    public async Task Reference_that_cannot_be_looked_up_is_not_let_through(string? wallet, string? token) => Assert.Equal("EXTERNAL_LICENCE_INCOMPLETE", await CodeAsync(wallet, token));

    [Fact]
    public async Task Without_a_mirror_node_nothing_is_looked_up()
    {
        using var kept = new ExternalLicences(new EngineOptions { Data = "", Log = "" }, mirror: null);
        Assert.False(kept.Looks);
        Assert.Null(await kept.CheckAsync(Reference("0.0.9", "0.0.1234/7", null), CancellationToken.None));
        Assert.Equal("MIRROR_NODE_MISSING", (await kept.ResolveAsync(Uri("hedera://0.0.1234/7"), CancellationToken.None)).Refusal?.Code);
        Assert.Empty(Mirror.Asked);
    }

    [Fact]
    public async Task Uri_of_another_network_is_refused()
    {
        Assert.Equal("HEDERA_NETWORK", (await Licences.CheckAsync(Reference("0.0.9", null, "hedera://testnet/0.0.1234/7"), CancellationToken.None))?.Code);
        Assert.Equal("HEDERA_NETWORK", await ResolveCodeAsync("hedera://previewnet/0.0.1234"));
        Assert.Empty(Mirror.Asked);
    }

    [Fact]
    public async Task Model_is_found_from_a_serial_number_over_its_metadata()
    {
        var model = Models.BinaryStl();
        Mirror.Mint("0.0.1234", 7, "0.0.9", "hcs://1/0.0.70");
        Mirror.PutFile("0.0.70", Metadata("hcs://1/0.0.71"), "application/json");
        Mirror.PutFile("0.0.71", model);

        Assert.Equal(model, await ResolveAsync("hedera://mainnet/0.0.1234/7"));
        Assert.Equal(model, await ResolveAsync("hcs://1/0.0.71"));
    }

    [Theory]
    [InlineData("hcs://1/0.0.71", "")]
    [InlineData("", "hcs://1/0.0.71")]
    public async Task Model_is_found_from_a_token_over_its_metadata_or_its_memo(string metadata, string memo)
    {
        var model = Models.BinaryStl();
        Mirror.Create("0.0.1234", metadata, memo);
        Mirror.PutFile("0.0.71", model, "model/stl");
        Assert.Equal(model, await ResolveAsync("hedera://0.0.1234"));
    }

    [Fact]
    public async Task Large_file_comes_in_pages_and_the_page_s_own_link_is_not_followed()
    {
        var model = new byte[300_000];
        System.Security.Cryptography.RandomNumberGenerator.Fill(model);
        Mirror.PutFile("0.0.71", model);

        Assert.Equal(model, await ResolveAsync("hcs://1/0.0.71"));
        Assert.True(Mirror.Asked.Count > 5, $"{Mirror.Asked.Count} requests");
    }

    [Theory]
    [InlineData("ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("hedera://0.0.1234/7")]
    [InlineData("hcs://1/../accounts")]
    [InlineData("")]
    public async Task Metadata_that_leads_elsewhere_is_not_followed(string pointer)
    {
        Mirror.Mint("0.0.1234", 7, "0.0.9", pointer);
        Assert.Equal("URI_WITHOUT_MODEL", await ResolveCodeAsync("hedera://0.0.1234/7"));
        Assert.Single(Mirror.Asked);
    }

    [Theory]
    [InlineData("""{"files":[{"type":"image/png","uri":"hcs://1/0.0.71"}]}""")]
    [InlineData("""{"files":[{"type":"model/stl","uri":7}]}""")]
    [InlineData("""{"files":{"type":"model/stl"}}""")]
    [InlineData("""{"files":[],"files":[{"type":"model/stl","uri":"hcs://1/0.0.71"}]}""")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]")]
    [InlineData("\"hcs://1/0.0.71\"")]
    [InlineData("no JSON")]
    public async Task Metadata_without_a_model_is_refused(string metadata)
    {
        Mirror.PutFile("0.0.70", Encoding.UTF8.GetBytes(metadata), "application/json");
        Assert.Equal("URI_WITHOUT_MODEL", await ResolveCodeAsync("hcs://1/0.0.70"));
    }

    [Fact]
    public async Task Metadata_that_names_itself_ends()
    {
        Mirror.PutFile("0.0.70", Metadata("hcs://1/0.0.70"), "application/json");
        Assert.Equal("URI_WITHOUT_MODEL", await ResolveCodeAsync("hcs://1/0.0.70"));
    }

    [Theory]
    [InlineData("hedera://0.0.1234/7")]
    [InlineData("hedera://0.0.1234")]
    [InlineData("hcs://1/0.0.71")]
    public async Task What_is_not_there_is_not_found(string uri) => Assert.Equal("URI_NOT_FOUND", await ResolveCodeAsync(uri));

    [Fact]
    public async Task File_with_another_hash_than_its_memo_says_is_refused()
    {
        var topic = StandInTopic.Of(Models.BinaryStl(), "model/stl");
        Mirror.Put("0.0.71", topic with { Memo = new string('0', 64) + ":brotli:base64" });
        Assert.Equal("TOPIC_FILE_INVALID", await ResolveCodeAsync("hcs://1/0.0.71"));
    }

    [Fact]
    public async Task Topic_that_others_may_write_or_its_maker_may_take_back_is_refused()
    {
        var topic = StandInTopic.Of(Models.BinaryStl(), "model/stl");
        Mirror.Put("0.0.71", topic with { HasSubmitKey = false });
        Mirror.Put("0.0.72", topic with { HasAdminKey = true });
        Assert.Equal("TOPIC_FILE_INVALID", await ResolveCodeAsync("hcs://1/0.0.71"));
        Assert.Equal("TOPIC_FILE_INVALID", await ResolveCodeAsync("hcs://1/0.0.72"));
    }

    [Theory]
    [InlineData("""{"o":0,"c":"data:model/stl;base64,AAAA"}""", """{"o":2,"c":"AAAA"}""")]
    [InlineData("""{"o":0,"c":"data:model/stl;base64,AAAA"}""", """{"o":0,"c":"data:model/stl;base64,BBBB"}""")]
    [InlineData("""{"o":-1,"c":"data:model/stl;base64,AAAA"}""")]
    [InlineData("""{"o":1e300,"c":"data:model/stl;base64,AAAA"}""")]
    [InlineData("""{"o":0,"c":["data:model/stl;base64,AAAA"]}""")]
    [InlineData("""{"o":0,"c":"data:model/stl;base64,AAAA","o":1}""")]
    [InlineData("""{"o":0,"c":"data:model/stl;base64,\ud800"}""")]
    [InlineData("""{"o":0,"c":"AAAA"}""")]
    [InlineData("""{"o":0,"c":"data:model/stl;base64,%%%%"}""")]
    [InlineData("""{"o":0,"c":"data:model/stl;base64,AAAA"}""")]
    [InlineData("[]")]
    [InlineData("hello")]
    public async Task Messages_that_make_no_file_are_refused(params string[] messages)
    {
        Mirror.Put("0.0.71", StandInTopic.OfMessages(new string('0', 64) + ":brotli:base64", messages));
        Assert.Equal("TOPIC_FILE_INVALID", await ResolveCodeAsync("hcs://1/0.0.71"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a topic about brackets")]
    [InlineData("zz00000000000000000000000000000000000000000000000000000000000000:brotli:base64")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000:zstd:base64")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000:brotli:base64:x")]
    public async Task Topic_with_another_memo_is_refused(string memo)
    {
        Mirror.Put("0.0.71", StandInTopic.OfMessages(memo));
        Assert.Equal("TOPIC_FILE_INVALID", await ResolveCodeAsync("hcs://1/0.0.71"));
    }

    [Fact]
    public async Task Brotli_bomb_is_refused_at_the_limit()
    {
        Mirror.PutFile("0.0.71", new byte[TopicFile.MaxBytes + 1]);
        Assert.Equal("TOPIC_FILE_TOO_LARGE", await ResolveCodeAsync("hcs://1/0.0.71"));
    }

    [Fact]
    public async Task Addresses_are_those_of_the_api()
    {
        Mirror.Mint("0.0.1234", 7, "0.0.9");
        Mirror.Open(Evm, "0.0.9");
        await CheckAsync(Evm, "0.0.1234/7");
        await CheckAsync("0.0.9", "0.0.555");
        await ResolveAsync("hcs://1/0.0.71", found: false);
        Mirror.PutFile("0.0.71", [1]);
        await ResolveAsync("hcs://1/0.0.71");
        Assert.Equal(
            [
                "/api/v1/tokens/0.0.1234/nfts/7", $"/api/v1/accounts/{Evm}?transactions=false&limit=1", "/api/v1/accounts/0.0.9/tokens?token.id=0.0.555&limit=1",
                "/api/v1/topics/0.0.71", "/api/v1/topics/0.0.71", "/api/v1/topics/0.0.71/messages?order=asc&limit=100",
            ], Mirror.Asked);
    }

    private static byte[] Metadata(string model) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        name = "Bracket", creator = "Maker of designs", format = "HIP412@2.0.0",
        files = new object[] { new { uri = "ipfs://picture", type = "image/png" }, new { uri = model, type = "model/stl", is_default_file = true } },
    });
}
