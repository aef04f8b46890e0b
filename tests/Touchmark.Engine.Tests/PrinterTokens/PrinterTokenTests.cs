using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Keys;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.PrinterTokens;

public sealed class PrinterTokenTests
{
    private const string Refresh = "/api/refresh-printer-token";

    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_printer_gets_a_token_at_enrolment_and_a_new_one_for_it(StorageKind storage)
    {
        await using var bench = await Bench.OpenAsync(storage);
        using var printer = bench.Gateway();
        bench.Clock.Advance(TimeSpan.FromDays(24));

        var renewed = (await printer.PostAsync(Refresh)).IsGood();

        Assert.Equal(bench.Clock.GetUtcNow().AddDays(30), renewed["expires_at"].GetDateTimeOffset());
        using var later = bench.Gateway(renewed["token"].GetString());
        bench.Clock.Advance(TimeSpan.FromDays(29));
        (await later.GetAsync("/api/printer-keys")).IsGood();
        (await printer.PostAsync(Refresh)).IsRefused(HttpStatusCode.Unauthorized, "PRINTER_TOKEN_EXPIRED");
    }

    [Fact]
    public async Task A_token_of_a_person_opens_nothing_that_is_for_printers_nor_the_reverse()
    {
        await using var bench = await Bench.OpenAsync();
        using var worker = await bench.Server.JoinAsync(Role.Operator, "Print Shop");
        using var printer = bench.Gateway();

        foreach (var person in new[] { worker, bench.Maker, await bench.Server.AdminAsync() })
        {
            (await person.PostAsync(Refresh)).IsRefused(HttpStatusCode.Forbidden, "TOKEN_NOT_A_PRINTERS");
            (await person.GetAsync("/api/printer-keys")).IsRefused(HttpStatusCode.Forbidden, "TOKEN_NOT_A_PRINTERS");
        }

        foreach (var path in new[] { "/api/me", "/api/printers", "/api/jobs", "/api/licences", $"/api/printers/{bench.PrinterId}/keys" })
        {
            (await printer.GetAsync(path)).IsRefused(HttpStatusCode.Forbidden, "TOKEN_NOT_A_PERSONS");
        }

        using var stranger = bench.Server.Stranger();
        (await stranger.PostAsync(Refresh)).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task A_token_is_good_for_thirty_days_and_a_clock_that_is_wrong_by_a_year_is_told()
    {
        await using var bench = await Bench.OpenAsync();
        using var printer = bench.Gateway();
        var issued = bench.Clock.GetUtcNow();

        await AtAsync(issued.AddYears(1), "PRINTER_TOKEN_EXPIRED", "expires_at", issued.AddDays(30));
        await AtAsync(issued.AddYears(-1), "PRINTER_TOKEN_FROM_THE_FUTURE", "issued_at", issued);
        await AtAsync(issued.AddMinutes(-5), null);
        await AtAsync(issued.AddMinutes(-5).AddSeconds(-1), "PRINTER_TOKEN_FROM_THE_FUTURE", "issued_at", issued);
        await AtAsync(issued.AddDays(30).AddMinutes(5).AddSeconds(-1), null);
        await AtAsync(issued.AddDays(30).AddMinutes(5), "PRINTER_TOKEN_EXPIRED", "expires_at", issued.AddDays(30));

        async Task AtAsync(DateTimeOffset now, string? code, string figure = "", DateTimeOffset expected = default)
        {
            bench.Clock.Advance(now - bench.Clock.GetUtcNow());
            var answer = await printer.PostAsync(Refresh);
            if (code is null)
            {
                answer.IsGood();
                return;
            }

            answer.IsRefused(HttpStatusCode.Unauthorized, code);
            Assert.Equal((expected, now), (answer["figures"].GetProperty(figure).GetDateTimeOffset(), answer["figures"].GetProperty("now").GetDateTimeOffset()));
        }
    }

    [Fact]
    public async Task A_token_that_was_altered_or_is_not_signed_by_this_engine_is_refused()
    {
        await using var bench = await Bench.OpenAsync();
        await using var other = await Bench.OpenAsync();
        var (header, claims, signature) = Parts(bench.Token);
        var none = Text("""{"alg":"none","typ":"JWT"}""");
        var hmac = Text("""{"alg":"HS256","typ":"JWT"}""");
        string[] bad =
        [
            other.Token,
            $"{none}.{claims}.", $"{none}.{claims}.{signature}", $"{hmac}.{claims}.{signature}",
            $"{Text("""{"typ":"JWT","alg":"ES256"}""")}.{claims}.{signature}",
            $"{header}.{claims}.", $"{header}.{claims}", $"{header}..{signature}", $"{header}.{claims}.{signature}.{signature}", $"{header}.{claims}.{signature}=",
            $"{header}.{Text(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(claims)).Replace(bench.PrinterId.ToString("D"), other.PrinterId.ToString("D"), StringComparison.Ordinal))}.{signature}",
            $"{header}.{Parts(other.Token).Claims}.{signature}", new string('a', 5000), "tmk", "..", ".",
        ];

        foreach (var token in bad)
        {
            using var printer = bench.Gateway(token);
            (await printer.PostAsync(Refresh)).IsRefused(HttpStatusCode.Unauthorized, "PRINTER_TOKEN_INVALID");
        }

        Assert.DoesNotContain(bench.Server.Log.Lines, line => line.Contains(signature, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Claims_that_this_engine_does_not_make_are_refused_even_when_it_signed_them()
    {
        await using var bench = await Bench.OpenAsync();
        var honest = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(Parts(bench.Token).Claims));
        (string Claim, string Value)[] altered =
        [
            ("role", "\"admin\""), ("aud", "\"somebody else\""), ("aud", "[\"touchmark-engine\"]"), ("iss", "\"another engine\""), ("sub", "\"not an id\""), ("iat", "-1"), ("iat", "1.5"),
            ("exp", "9223372036854775807"), ("exp", "\"4102444800\""), ("exp", "null"), ("extra", "1"),
        ];

        foreach (var (claim, value) in altered)
        {
            var claims = JsonNode.Parse(honest)!.AsObject();
            claims[claim] = JsonNode.Parse(value);
            await RefusedAsync(claims.ToJsonString());
        }

        await RefusedAsync("");
        await RefusedAsync("[]");
        await RefusedAsync(honest[..^1]);
        await RefusedAsync(honest[..^1] + ",\"exp\":4102444800}");
        await RefusedAsync(new string('[', 2000));

        async Task RefusedAsync(string claims)
        {
            using var printer = bench.Gateway(Jwt.Sign(bench.Server.Services.GetRequiredService<EngineKeys>().PrinterTokens, Encoding.UTF8.GetBytes(claims)));
            (await printer.PostAsync(Refresh)).IsRefused(HttpStatusCode.Unauthorized, "PRINTER_TOKEN_INVALID");
        }
    }

    [Fact]
    public async Task A_printer_that_was_revoked_has_no_token_from_that_moment_on()
    {
        await using var bench = await Bench.OpenAsync();
        using var printer = bench.Gateway();
        (await printer.PostAsync(Refresh)).IsGood();

        (await bench.Maker.PostAsync($"/api/printers/{bench.PrinterId}/revoke")).IsGood();

        (await printer.PostAsync(Refresh)).IsRefused(HttpStatusCode.Forbidden, "PRINTER_REVOKED");
        (await printer.GetAsync("/api/printer-keys")).IsRefused(HttpStatusCode.Forbidden, "PRINTER_REVOKED");
        using var gateway = bench.Server.Stranger();
        (await gateway.PostAsync("/api/printer-tokens", Gateways.TokenRequest(bench.Device, bench.PrinterId, bench.Clock.GetUtcNow()))).IsRefused(HttpStatusCode.Forbidden, "DEVICE_UNKNOWN");
    }

    [Fact]
    public async Task A_printer_whose_token_expired_gets_one_by_its_device_key()
    {
        await using var bench = await Bench.OpenAsync();
        bench.Clock.Advance(TimeSpan.FromDays(400));
        using var gateway = bench.Server.Stranger();
        var request = Gateways.TokenRequest(bench.Device, bench.PrinterId, bench.Clock.GetUtcNow().AddMinutes(4));

        var answer = await gateway.PostAsync("/api/printer-tokens", request);

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        using var printer = bench.Gateway(answer["token"].GetString());
        (await printer.GetAsync("/api/printer-keys")).IsGood();
    }

    [Fact]
    public async Task A_proof_by_another_key_or_of_another_time_or_printer_gives_no_token()
    {
        await using var bench = await Bench.OpenAsync();
        using var thief = P256PrivateKey.Generate();
        using var gateway = bench.Server.Stranger();
        var now = bench.Clock.GetUtcNow();
        var honest = Gateways.TokenRequest(bench.Device, bench.PrinterId, now);

        await AskAsync(Gateways.TokenRequest(thief, bench.PrinterId, now), HttpStatusCode.Forbidden, "DEVICE_UNKNOWN");
        await AskAsync(Gateways.TokenRequest(bench.Device, Guid.CreateVersion7(), now), HttpStatusCode.Forbidden, "DEVICE_UNKNOWN");
        await AskAsync(new(honest) { ["at"] = now.AddSeconds(1) }, HttpStatusCode.Forbidden, "DEVICE_UNKNOWN");
        await AskAsync(new(honest) { ["proof"] = Array.Empty<byte>() }, HttpStatusCode.Forbidden, "DEVICE_UNKNOWN");
        await AskAsync(Gateways.TokenRequest(bench.Device, bench.PrinterId, now.AddMinutes(-6)), HttpStatusCode.BadRequest, "PROOF_STALE");
        await AskAsync(Gateways.TokenRequest(bench.Device, bench.PrinterId, now.AddYears(1)), HttpStatusCode.BadRequest, "PROOF_STALE");
        await AskAsync(new(honest) { ["token"] = "x" }, HttpStatusCode.BadRequest, "BAD_REQUEST");
        await AskAsync(new(honest) { ["at"] = "yesterday" }, HttpStatusCode.BadRequest, "BAD_REQUEST");

        async Task AskAsync(Dictionary<string, object?> request, HttpStatusCode status, string code) => (await gateway.PostAsync("/api/printer-tokens", request)).IsRefused(status, code);
    }

    private static (string Header, string Claims, string Signature) Parts(string token) => token.Split('.') is [var header, var claims, var signature] ? (header, claims, signature) : default;

    private static string Text(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
