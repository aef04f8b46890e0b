using Microsoft.AspNetCore.Http;
using Touchmark.Engine.Tests.Designs;

namespace Touchmark.Engine.Tests.Marketplace;

/// <summary>A mirror node that is slow, wrong, huge, away, or lies.</summary>
public sealed class MirrorNodeTests : MirrorBench
{
    [Fact]
    public async Task Mirror_node_that_is_slow_is_given_up()
    {
        using var asked = new SemaphoreSlim(0);
        Mirror.Instead = async context =>
        {
            asked.Release();
            await HangAsync(context);
        };
        var check = CheckAsync("0.0.9", "0.0.1234/7");
        await asked.WaitAsync();
        Clock.Advance(TimeSpan.FromSeconds(11));

        var refusal = await check;
        Assert.Equal(("MIRROR_NODE_UNREACHABLE", 503), (refusal!.Code, refusal.Status));
        Assert.Equal(10d, refusal.Figures["limit_s"]);
    }

    [Fact]
    public async Task Mirror_node_that_begins_an_answer_and_does_not_end_it_is_given_up()
    {
        using var begun = new SemaphoreSlim(0);
        Mirror.Instead = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"account_id\":");
            await context.Response.Body.FlushAsync();
            begun.Release();
            await HangAsync(context);
        };
        var check = CheckAsync("0.0.9", "0.0.1234/7");
        await begun.WaitAsync();
        Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("MIRROR_NODE_UNREACHABLE", (await check)?.Code);
    }

    [Fact]
    public async Task Mirror_node_that_is_away_is_said()
    {
        await Mirror.DisposeAsync();
        Assert.Equal("MIRROR_NODE_UNREACHABLE", await CodeAsync("0.0.9", "0.0.1234/7"));
    }

    [Fact]
    public async Task Mirror_node_that_breaks_off_is_said()
    {
        Mirror.Instead = async context =>
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
        Mirror.Instead = context => Results.Json(new { _status = new { messages = Array.Empty<object>() } }, statusCode: status).ExecuteAsync(context);
        Assert.Equal("MIRROR_NODE_UNREACHABLE", await CodeAsync("0.0.9", "0.0.1234/7"));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirect_is_not_followed(int status)
    {
        Mirror.Mint("0.0.1234", 7, "0.0.9");
        var own = true;
        Mirror.Instead = context =>
        {
            Assert.True(own);
            own = false;
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/api/v1/tokens/0.0.1234/nfts/7?again";
            return Task.CompletedTask;
        };
        Assert.Equal("MIRROR_NODE_WRONG", await CodeAsync("0.0.9", "0.0.1234/7"));
        Assert.Single(Mirror.Asked);
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
        Mirror.Instead = context => Results.Text(body, type).ExecuteAsync(context);
        var refusal = await CheckAsync("0.0.9", "0.0.1234/7");
        Assert.Equal(("MIRROR_NODE_WRONG", 502), (refusal!.Code, refusal.Status));
    }

    [Fact]
    public async Task Huge_answer_is_not_read_to_its_end()
    {
        var sent = 0L;
        Mirror.Instead = async context =>
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
        Mirror.Instead = context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return Results.Text("{}", "application/json").ExecuteAsync(context);
        };
        Assert.Equal("MIRROR_NODE_WRONG", await CodeAsync("0.0.9", "0.0.1234/7"));
    }

    [Fact]
    public async Task Pages_that_come_again_and_again_end()
    {
        Mirror.PutFile("0.0.71", Models.BinaryStl());
        Mirror.Instead = context => context.Request.Path.Value!.EndsWith("/messages", StringComparison.Ordinal)
            ? Results.Text("""{"messages":[{"chunk_info":null,"consensus_timestamp":"1700000000.000000001","message":"eyJvIjowLCJjIjoiIn0="}],"links":{"next":"/again"}}""", "application/json").ExecuteAsync(context)
            : Results.Json(new { topic_id = "0.0.71", memo = new string('0', 64) + ":brotli:base64", admin_key = (object?)null, submit_key = new { } }).ExecuteAsync(context);
        Assert.Equal("MIRROR_NODE_WRONG", await ResolveCodeAsync("hcs://1/0.0.71"));
        Assert.Equal(3, Mirror.Asked.Count);
    }

    private static async Task HangAsync(HttpContext context)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var aborted = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    }
}
