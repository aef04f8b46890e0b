using System.Net;
using System.Net.Http.Headers;
using System.Runtime.Versioning;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Statements;

namespace Touchmark.Engine.Tests.Verification;

/// <summary>The engine verifies for whoever sends it a file, within bounds.</summary>
[SupportedOSPlatform("linux")]
public sealed class VerifyTests
{
    [Fact]
    public async Task Anybody_may_have_an_evidence_file_verified_and_an_altered_one_is_refused_with_the_reason()
    {
        await using var bench = await PrintBench.OpenAsync();
        var id = (await bench.PrintPartAsync()).PartId;
        using var stranger = bench.Server.Stranger();
        var file = await stranger.Http.GetByteArrayAsync(new Uri($"/api/parts/{id}/evidence", UriKind.Relative));

        var good = (await SendAsync(stranger, file)).IsGood();
        file[file.AsSpan().IndexOf("Bracket"u8)] ^= 1;
        var bad = (await SendAsync(stranger, file)).IsGood();

        Assert.Equal(("valid", id.ToString(), "Bracket"), (good["verdict"].GetString(), good["part_id"].GetString(), good["part"].GetString()));
        Assert.All(good["checks"].EnumerateArray(), check => Assert.NotEqual("failed", check.GetProperty("outcome").GetString()));
        Assert.Equal("invalid", bad["verdict"].GetString());
        Assert.Contains(bad["checks"].EnumerateArray(), check => check.GetProperty("id").GetString() == "certificate.signature" && check.GetProperty("outcome").GetString() == "failed");
    }

    [Fact]
    public async Task Bytes_of_any_kind_are_answered_with_a_verdict()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--requests-per-second", "10000", "--request-burst", "10000"]);
        using var stranger = server.Stranger();
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => SendAsync(stranger, bytes).GetAwaiter().GetResult().IsGood()["verdict"].GetString() == "unreadable").QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task A_file_larger_than_strangers_may_send_is_refused_and_an_account_may_send_it()
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();
        var file = new byte[(4 * 1024 * 1024) + 1];

        (await SendAsync(stranger, file)).IsRefused(HttpStatusCode.RequestEntityTooLarge, "TOO_LARGE");
        Assert.Equal("unreadable", (await SendAsync(await server.AdminAsync(), file)).IsGood()["verdict"].GetString());
    }

    [Fact]
    public async Task Whoever_has_had_much_verified_waits()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--verify-burst", "65536", "--verify-bytes-per-second", "1"]);
        using var stranger = server.Stranger();

        (await SendAsync(stranger, new byte[60_000])).IsGood();
        var refused = await SendAsync(stranger, new byte[60_000]);

        refused.IsRefused(HttpStatusCode.TooManyRequests, "TOO_MUCH_VERIFIED");
        Assert.Equal(65536, refused["figures"].GetProperty("burst_bytes").GetInt32());
    }

    [Fact]
    public async Task A_closed_deployment_verifies_for_accounts_alone()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--lookup", "closed"]);
        using var stranger = server.Stranger();

        (await SendAsync(stranger, [1])).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        Assert.Equal("unreadable", (await SendAsync(await server.AdminAsync(), [1])).IsGood()["verdict"].GetString());
    }

    [Fact]
    public async Task A_page_that_was_not_asked_for_by_our_form_is_refused()
    {
        await using var server = await ServerFactory.StartAsync();
        using var client = server.Client();
        using var form = new MultipartFormDataContent { { new ByteArrayContent([1]), "file", "x.touchmark" } };

        using var answer = await client.PostAsync(new Uri("/verify", UriKind.Relative), form);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    private static Task<Answer> SendAsync(Person person, byte[] file)
    {
        var body = new ByteArrayContent(file);
        body.Headers.ContentType = new MediaTypeHeaderValue(EvidenceFile.MediaType);
        return person.PostAsync("/api/verify", body);
    }
}
