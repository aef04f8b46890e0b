using System.Net;
using System.Net.Sockets;
using System.Text;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Web;

/// <summary>The limits of docs/operations.md: each is hit once.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class LimitTests
{
    [Fact]
    public async Task An_address_that_floods_the_engine_is_refused_with_the_time_to_wait()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--requests-per-second", "1", "--request-burst", "20"]);
        using var stranger = server.Stranger();

        var refused = await UntilRefusedAsync(() => stranger.Http.GetAsync(new Uri("/api/trust", UriKind.Relative)));

        var problem = await Answer.ReadAsync(refused);
        problem.IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_REQUESTS");
        Assert.Equal((1, 20), (problem["figures"].GetProperty("requests_per_second").GetInt32(), problem["figures"].GetProperty("burst").GetInt32()));
        Assert.NotNull(refused.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task An_account_has_its_own_limit_wherever_it_asks_from()
    {
        // Each address may send as much as the account, so an account that asks from two addresses meets its own limit first.
        await using var server = await ServerFactory.StartAsync(arguments: ["--requests-per-second", "1", "--request-burst", "40", "--proxies", "127.0.0.1"]);
        using var auditor = await server.JoinAsync(Role.Auditor, "Watchers");
        var sent = 0;

        await UntilRefusedAsync(() => auditor.Http.SendAsync(From($"203.0.113.{sent++ % 200}", "/api/me")));

        using var other = server.Stranger();
        Assert.Equal(HttpStatusCode.OK, (await other.Http.SendAsync(From("203.0.113.250", "/api/trust"))).StatusCode);
    }

    [Fact]
    public async Task Where_a_request_comes_from_is_believed_of_no_proxy_that_was_not_named()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--requests-per-second", "1", "--request-burst", "20"]);
        using var stranger = server.Stranger();
        var sent = 0;

        await UntilRefusedAsync(() => stranger.Http.SendAsync(From($"203.0.113.{sent++ % 200}", "/api/trust")));
    }

    [Fact]
    public async Task An_address_behind_a_named_proxy_has_its_own_limit()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--requests-per-second", "1", "--request-burst", "20", "--proxies", "10.0.0.0/8, 127.0.0.1"]);
        using var stranger = server.Stranger();

        await UntilRefusedAsync(() => stranger.Http.SendAsync(From("203.0.113.1", "/api/trust")));

        Assert.Equal(HttpStatusCode.OK, (await stranger.Http.SendAsync(From("203.0.113.2", "/api/trust"))).StatusCode);
    }

    [Theory]
    [InlineData("--request-burst", "0")]
    [InlineData("--uploads-per-day", "many")]
    [InlineData("--organisation-bytes", "-1")]
    [InlineData("--proxies", "proxy.example.com")]
    public async Task An_option_that_makes_no_sense_stops_the_start(string option, string value)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ServerFactory.StartAsync(arguments: [option, value]));
        Assert.Contains(option, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_does_not_come_to_its_end_is_given_up()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--request-seconds", "1"]);

        var answer = await RawAsync(server, "POST /api/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{");

        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.Contains("TOO_SLOW", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /health?LONG HTTP/1.1\r\nHost: x\r\n\r\n", "414")]
    [InlineData("GET /health HTTP/1.1\r\nHost: x\r\nX: LONG\r\nY: LONG\r\n\r\n", "431")]
    [InlineData("GET /health HTTP/1.1\r\nHost: x\r\nMANY\r\n", "431")]
    public async Task Request_lines_and_headers_are_bounded(string request, string status)
    {
        await using var server = await ServerFactory.StartAsync();
        var many = string.Concat(Enumerable.Range(0, 70).Select(i => $"H{i}: x\r\n"));

        var answer = await RawAsync(server, request.Replace("LONG", new string('a', 9000), StringComparison.Ordinal).Replace("MANY\r\n", many, StringComparison.Ordinal));

        Assert.StartsWith($"HTTP/1.1 {status}", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(17, 1)]
    [InlineData(1, 9000)]
    [InlineData(3, 8000)]
    public async Task A_form_that_no_page_of_ours_sends_is_refused(int fields, int length)
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();
        using var form = new FormUrlEncodedContent(Enumerable.Range(0, fields).Select(i => KeyValuePair.Create($"field{i}", new string('x', length))));

        using var answer = await stranger.Http.PostAsync(new Uri("/sign-in", UriKind.Relative), form);

        Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.BadRequest, HttpStatusCode.RequestEntityTooLarge });
    }

    [Fact]
    public async Task A_connection_more_than_there_may_be_is_closed()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--connections", "2"]);
        using var one = await ConnectAsync(server);
        using var other = await ConnectAsync(server);
        using var third = await ConnectAsync(server);

        // The first two wait for their requests; the third is closed at once, which reads as an end or a reset.
        var read = 0;
        try
        {
            read = await third.GetStream().ReadAsync(new byte[1]);
        }
        catch (IOException)
        {
        }

        Assert.Equal(0, read);
    }

    [Fact]
    public async Task A_reader_that_does_not_read_is_dropped()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--request-burst", "1000000"]);
        using var client = await ConnectAsync(server);
        client.ReceiveBufferSize = 4096;
        var requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET /openapi/v1.json HTTP/1.1\r\nHost: x\r\n\r\n", 100)));

        // Answers pile up until the engine can write no more; then it takes no more, and at last it gives the connection up, which ends the writing here.
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            for (var sent = 0; sent < 100_000; sent++)
            {
                await client.GetStream().WriteAsync(requests);
            }
        });
    }

    [Fact]
    public async Task An_account_holds_only_so_many_event_streams_open()
    {
        await using var shop = await Jobs.PrintShop.OpenAsync();
        var job = (await shop.OrderAsync()).IsGood().Id;
        var streams = new List<HttpResponseMessage>();
        for (var i = 0; i < 32; i++)
        {
            var stream = await shop.Maker.Http.GetAsync(new Uri($"/api/jobs/{job}/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
            streams.Add(stream);
        }

        (await shop.Maker.GetAsync($"/api/jobs/{job}/events")).IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_STREAMS");
        streams.ForEach(stream => stream.Dispose());
    }

    private static HttpRequestMessage From(string address, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.Add("X-Forwarded-For", address);
        return request;
    }

    private static async Task<HttpResponseMessage> UntilRefusedAsync(Func<Task<HttpResponseMessage>> send)
    {
        for (var sent = 0; sent < 2000; sent++)
        {
            var answer = await send();
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                return answer;
            }

            answer.Dispose();
        }

        throw new InvalidOperationException("Two thousand requests were answered.");
    }

    private static async Task<TcpClient> ConnectAsync(ServerFactory server)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        return client;
    }

    private static async Task<string> RawAsync(ServerFactory server, string request)
    {
        using var client = await ConnectAsync(server);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var all = new MemoryStream();
        var buffer = new byte[4096];
        // Until the connection ends, or the last chunk of an answer whose connection stays open.
        for (int read; !Encoding.ASCII.GetString(all.ToArray()).EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal) && (read = await ReadAsync(stream, buffer)) > 0;)
        {
            all.Write(buffer, 0, read);
        }

        return Encoding.ASCII.GetString(all.ToArray());
    }

    private static async Task<int> ReadAsync(NetworkStream stream, byte[] buffer)
    {
        try
        {
            return await stream.ReadAsync(buffer);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
