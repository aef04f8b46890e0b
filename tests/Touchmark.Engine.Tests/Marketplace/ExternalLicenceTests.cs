using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Touchmark.Engine.Marketplace;
using Touchmark.Engine.Tests.Designs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming.Files;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Tests.Marketplace;

/// <summary>Against a stand-in of the mirror node that follows its OpenAPI.</summary>
public sealed class ExternalLicenceTests : IAsyncLifetime
{
    private const string Evm = "0xac384c53f03855fa1b3616052f8ba32c6c2a2fec";
    private readonly FakeTime time = new();
    private StandInMirror mirror = null!;
    private ExternalLicences licences = null!;

    public async ValueTask InitializeAsync()
    {
        mirror = await StandInMirror.StartAsync();
        licences = new ExternalLicences(new EngineOptions { Data = "", Log = "" }, new MirrorNode(mirror.Address, time));
    }

    public ValueTask DisposeAsync()
    {
        licences.Dispose();
        return mirror.DisposeAsync();
    }

    [Fact]
    public async Task Wallet_that_holds_the_serial_number_may()
    {
        mirror.Mint("0.0.1234", 7, "0.0.9");
        Assert.Null(await CheckAsync("0.0.9", "0.0.1234/7"));
    }

    [Fact]
    public async Task Wallet_is_named_by_its_evm_address_as_well()
    {
        mirror.Mint("0.0.1234", 7, "0.0.9");
        mirror.Open(Evm, "0.0.9");
        Assert.Null(await CheckAsync(Evm, "0.0.1234/7"));
        Assert.Equal("EXTERNAL_LICENCE_NOT_HELD", await CodeAsync("0x" + new string('1', 40), "0.0.1234/7"));
    }

    [Fact]
    public async Task Wallet_that_holds_some_of_a_token_may()
    {
        mirror.Give("0.0.9", "0.0.555", 1);
        mirror.Give("0.0.8", "0.0.555", 0);
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
        mirror.Mint("0.0.1234", serial, holder, deleted: deleted);
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
        Assert.Empty(mirror.Asked);
    }

    [Fact]
    public async Task Uri_of_another_network_is_refused()
    {
        Assert.Equal("HEDERA_NETWORK", (await licences.CheckAsync(Reference("0.0.9", null, "hedera://testnet/0.0.1234/7"), CancellationToken.None))?.Code);
        Assert.Equal("HEDERA_NETWORK", await ResolveCodeAsync("hedera://previewnet/0.0.1234"));
        Assert.Empty(mirror.Asked);
    }

    [Fact]
    public async Task Model_is_found_from_a_serial_number_over_its_metadata()
    {
        var model = Models.BinaryStl();
        mirror.Mint("0.0.1234", 7, "0.0.9", "hcs://1/0.0.70");
        mirror.PutFile("0.0.70", Metadata("hcs://1/0.0.71"), "application/json");
        mirror.PutFile("0.0.71", model);

        Assert.Equal(model, await ResolveAsync("hedera://mainnet/0.0.1234/7"));
        Assert.Equal(model, await ResolveAsync("hcs://1/0.0.71"));
    }

    [Theory]
    [InlineData("hcs://1/0.0.71", "")]
    [InlineData("", "hcs://1/0.0.71")]
    public async Task Model_is_found_from_a_token_over_its_metadata_or_its_memo(string metadata, string memo)
    {
        var model = Models.BinaryStl();
        mirror.Create("0.0.1234", metadata, memo);
        mirror.PutFile("0.0.71", model, "model/stl");
        Assert.Equal(model, await ResolveAsync("hedera://0.0.1234"));
    }

    [Fact]
    public async Task Large_file_comes_in_pages_and_the_page_s_own_link_is_not_followed()
    {
        var model = new byte[300_000];
        System.Security.Cryptography.RandomNumberGenerator.Fill(model);
        mirror.PutFile("0.0.71", model);

        Assert.Equal(model, await ResolveAsync("hcs://1/0.0.71"));
        Assert.True(mirror.Asked.Count > 5, $"{mirror.Asked.Count} requests");
    }

    [Theory]
    [InlineData("ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("hedera://0.0.1234/7")]
    [InlineData("hcs://1/../accounts")]
    [InlineData("")]
    public async Task Metadata_that_leads_elsewhere_is_not_followed(string pointer)
    {
        mirror.Mint("0.0.1234", 7, "0.0.9", pointer);
        Assert.Equal("URI_WITHOUT_MODEL", await ResolveCodeAsync("hedera://0.0.1234/7"));
        Assert.Single(mirror.Asked);
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
        mirror.PutFile("0.0.70", Encoding.UTF8.GetBytes(metadata), "application/json");
        Assert.Equal("URI_WITHOUT_MODEL", await ResolveCodeAsync("hcs://1/0.0.70"));
    }

    [Fact]
    public async Task Metadata_that_names_itself_ends()
    {
        mirror.PutFile("0.0.70", Metadata("hcs://1/0.0.70"), "application/json");
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
        mirror.Put("0.0.71", topic with { Memo = new string('0', 64) + ":brotli:base64" });
        Assert.Equal("TOPIC_FILE_INVALID", await ResolveCodeAsync("hcs://1/0.0.71"));
    }

    [Fact]
    public async Task Topic_that_others_may_write_or_its_maker_may_take_back_is_refused()
    {
        var topic = StandInTopic.Of(Models.BinaryStl(), "model/stl");
        mirror.Put("0.0.71", topic with { HasSubmitKey = false });
        mirror.Put("0.0.72", topic with { HasAdminKey = true });
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
        mirror.Put("0.0.71", StandInTopic.OfMessages(new string('0', 64) + ":brotli:base64", messages));
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
        mirror.Put("0.0.71", StandInTopic.OfMessages(memo));
        Assert.Equal("TOPIC_FILE_INVALID", await ResolveCodeAsync("hcs://1/0.0.71"));
    }

    [Fact]
    public async Task Brotli_bomb_is_refused_at_the_limit()
    {
        mirror.PutFile("0.0.71", new byte[TopicFile.MaxBytes + 1]);
        Assert.Equal("TOPIC_FILE_TOO_LARGE", await ResolveCodeAsync("hcs://1/0.0.71"));
    }

    [Fact]
    public async Task Mirror_node_that_is_slow_is_given_up()
    {
        using var asked = new SemaphoreSlim(0);
        mirror.Instead = async context =>
        {
            asked.Release();
            await HangAsync(context);
        };
        var check = CheckAsync("0.0.9", "0.0.1234/7");
        await asked.WaitAsync();
        time.Advance(TimeSpan.FromSeconds(11));

        var refusal = await check;
        Assert.Equal(("MIRROR_NODE_UNREACHABLE", 503), (refusal!.Code, refusal.Status));
        Assert.Equal(10d, refusal.Figures["limit_s"]);
    }

    [Fact]
    public async Task Mirror_node_that_begins_an_answer_and_does_not_end_it_is_given_up()
    {
        using var begun = new SemaphoreSlim(0);
        mirror.Instead = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"account_id\":");
            await context.Response.Body.FlushAsync();
            begun.Release();
            await HangAsync(context);
        };
        var check = CheckAsync("0.0.9", "0.0.1234/7");
        await begun.WaitAsync();
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("MIRROR_NODE_UNREACHABLE", (await check)?.Code);
    }

    [Fact]
    public async Task Mirror_node_that_is_away_is_said()
    {
        await mirror.DisposeAsync();
        Assert.Equal("MIRROR_NODE_UNREACHABLE", await CodeAsync("0.0.9", "0.0.1234/7"));
    }

    [Fact]
    public async Task Mirror_node_that_breaks_off_is_said()
    {
        mirror.Instead = async context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("{");
            await context.Response.Body.FlushAsync();
            context.Abort();
        };
        Assert.Equal("MIRROR_NODE_UNREACHABLE", await CodeAsync("0.0.9", "0.0.1234/7"));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Mirror_node_in_trouble_is_said(int status)
    {
        mirror.Instead = context => Results.Json(new { _status = new { messages = Array.Empty<object>() } }, statusCode: status).ExecuteAsync(context);
        Assert.Equal("MIRROR_NODE_UNREACHABLE", await CodeAsync("0.0.9", "0.0.1234/7"));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirect_is_not_followed(int status)
    {
        mirror.Mint("0.0.1234", 7, "0.0.9");
        var own = true;
        mirror.Instead = context =>
        {
            Assert.True(own);
            own = false;
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/api/v1/tokens/0.0.1234/nfts/7?again";
            return Task.CompletedTask;
        };
        Assert.Equal("MIRROR_NODE_WRONG", await CodeAsync("0.0.9", "0.0.1234/7"));
        Assert.Single(mirror.Asked);
    }

    [Theory]
    [InlineData("text/html", """{"account_id":"0.0.9","deleted":false,"serial_number":7,"token_id":"0.0.1234","metadata":""}""")]
    [InlineData("application/json", "<html><body>Welcome</body></html>")]
    [InlineData("application/json", "")]
    [InlineData("application/json", "[]")]
    [InlineData("application/json", "null")]
    [InlineData("application/json", """{"account_id":"0.0.9","deleted":false,"serial_number":7,"token_id":"0.0.1235","metadata":""}""")]
    [InlineData("application/json", """{"account_id":"0.0.9","deleted":false,"serial_number":8,"token_id":"0.0.1234","metadata":""}""")]
    [InlineData("application/json", """{"account_id":"0.0.9","deleted":false,"serial_number":"7","token_id":"0.0.1234","metadata":""}""")]
    [InlineData("application/json", """{"account_id":"0.0.8","account_id":"0.0.9","deleted":false,"serial_number":7,"token_id":"0.0.1234","metadata":""}""")]
    [InlineData("application/json", """{"account_id":"0.0.9","deleted":false,"serial_number":7,"token_id":"0.0.1234","metadata":"%"}""")]
    [InlineData("application/json", """{"account_id":"0.0.9\ud800","token_id":"\ud800"}""")]
    public async Task Answer_that_the_api_does_not_promise_is_said(string type, string body)
    {
        mirror.Instead = context => Results.Text(body, type).ExecuteAsync(context);
        var refusal = await CheckAsync("0.0.9", "0.0.1234/7");
        Assert.Equal(("MIRROR_NODE_WRONG", 502), (refusal!.Code, refusal.Status));
    }

    [Fact]
    public async Task Huge_answer_is_not_read_to_its_end()
    {
        var sent = 0L;
        mirror.Instead = async context =>
        {
            context.Response.ContentType = "application/json";
            var blanks = new byte[65536];
            Array.Fill(blanks, (byte)' ');
            while (!context.RequestAborted.IsCancellationRequested && sent < 1L << 30)
            {
                await context.Response.Body.WriteAsync(blanks, context.RequestAborted).AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                sent += blanks.Length;
            }
        };
        Assert.Equal("MIRROR_NODE_WRONG", await CodeAsync("0.0.9", "0.0.1234/7"));
        Assert.True(sent < 1L << 30, $"{sent} bytes were sent");
    }

    [Fact]
    public async Task Packed_answer_is_not_unpacked()
    {
        mirror.Instead = context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return Results.Text("{}", "application/json").ExecuteAsync(context);
        };
        Assert.Equal("MIRROR_NODE_WRONG", await CodeAsync("0.0.9", "0.0.1234/7"));
    }

    [Fact]
    public async Task Pages_that_come_again_and_again_end()
    {
        mirror.PutFile("0.0.71", Models.BinaryStl());
        mirror.Instead = context => context.Request.Path.Value!.EndsWith("/messages", StringComparison.Ordinal)
            ? Results.Text("""{"messages":[{"chunk_info":null,"consensus_timestamp":"1700000000.000000001","message":"eyJvIjowLCJjIjoiIn0="}],"links":{"next":"/again"}}""", "application/json").ExecuteAsync(context)
            : Results.Json(new { topic_id = "0.0.71", memo = new string('0', 64) + ":brotli:base64", admin_key = (object?)null, submit_key = new { } }).ExecuteAsync(context);
        Assert.Equal("MIRROR_NODE_WRONG", await ResolveCodeAsync("hcs://1/0.0.71"));
        Assert.Equal(3, mirror.Asked.Count);
    }

    [Fact]
    public async Task Addresses_are_those_of_the_api()
    {
        mirror.Mint("0.0.1234", 7, "0.0.9");
        mirror.Open(Evm, "0.0.9");
        await CheckAsync(Evm, "0.0.1234/7");
        await CheckAsync("0.0.9", "0.0.555");
        await ResolveAsync("hcs://1/0.0.71", found: false);
        mirror.PutFile("0.0.71", [1]);
        await ResolveAsync("hcs://1/0.0.71");
        Assert.Equal(
            [
                "/api/v1/tokens/0.0.1234/nfts/7", $"/api/v1/accounts/{Evm}?transactions=false&limit=1", "/api/v1/accounts/0.0.9/tokens?token.id=0.0.555&limit=1",
                "/api/v1/topics/0.0.71", "/api/v1/topics/0.0.71", "/api/v1/topics/0.0.71/messages?order=asc&limit=100",
            ], mirror.Asked);
    }

    private static async Task HangAsync(HttpContext context)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var aborted = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    }

    private async Task<string?> CodeAsync(string? wallet, string? token) => (await CheckAsync(wallet, token))?.Code;

    private Task<Refusal?> CheckAsync(string? wallet, string? token) => licences.CheckAsync(Reference(wallet, token, null), CancellationToken.None);

    private async Task<string?> ResolveCodeAsync(string uri) => (await licences.ResolveAsync(Uri(uri), CancellationToken.None)).Refusal?.Code;

    private async Task<byte[]?> ResolveAsync(string uri, bool found = true)
    {
        var outcome = await licences.ResolveAsync(Uri(uri), CancellationToken.None);
        Assert.Equal(found, outcome.Has(out var model, out var refusal));
        Assert.True(found || refusal is not null);
        return model;
    }

    private static byte[] Metadata(string model) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        name = "Bracket", creator = "Maker of designs", format = "HIP412@2.0.0",
        files = new object[] { new { uri = "ipfs://picture", type = "image/png" }, new { uri = model, type = "model/stl", is_default_file = true } },
    });

    private static ExternalReference Reference(string? wallet, string? token, string? uri)
    {
        Assert.True(ExternalReference.Read(new ExternalLicence(uri, wallet, token, null)).Has(out var reference, out _));
        return reference!;
    }

    private static HederaUri Uri(string text)
    {
        Assert.True(HederaUri.Parse(text).Has(out var uri, out _));
        return uri;
    }
}
