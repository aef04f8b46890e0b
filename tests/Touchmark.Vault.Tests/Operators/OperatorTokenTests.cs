using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Configuration;
using Touchmark.Vault.Operators;

namespace Touchmark.Vault.Tests.Operators;

public sealed class OperatorTokenTests : IDisposable
{
    private readonly IdentityProvider _provider = new();

    public void Dispose() => _provider.Dispose();

    [Theory]
    [InlineData("ES256", "ec")]
    [InlineData("RS256", "rsa")]
    [InlineData("EdDSA", "ed")]
    public async Task Token_of_the_provider_names_the_operator(string algorithm, string kid)
    {
        var outcome = await _provider.Vault().CheckAsync(_provider.Issue(algorithm: algorithm, kid: kid), CancellationToken.None);
        Assert.True(outcome.Has(out var who, out var refusal), refusal?.Code);
        Assert.Equal((IdentityProvider.Issuer, "maria"), (who.Idp, who.Subject));
    }

    [Fact]
    public async Task Roles_are_taken_as_the_token_names_them_and_nothing_else_that_is_there()
    {
        Assert.Equal(["administrator", "operator"], await RolesAsync(new JsonArray("operator", "administrator", "operator")));
        Assert.Equal(["operator"], await RolesAsync("operator"));
        Assert.Equal(["operator"], await RolesAsync(new JsonArray("operator", "two\nlines", "", new string('x', 65))));
        Assert.Empty(await RolesAsync(new JsonObject { ["operator"] = true }));
        Assert.Empty(await RolesAsync(new JsonArray("operator", 7)));
        Assert.Equal(16, (await RolesAsync(new JsonArray([.. Enumerable.Range(0, 40).Select(n => (JsonNode)$"role {n}")]))).Count);
    }

    [Fact]
    public async Task Token_for_several_audiences_is_good_when_this_vault_is_among_them() =>
        Assert.Null(await RefusedAsync(With("aud", new JsonArray("printer-app", IdentityProvider.Audience))));

    [Fact]
    public async Task Token_for_another_vault_is_refused()
    {
        Assert.Equal("OPERATOR_TOKEN_AUDIENCE", await RefusedAsync(With("aud", "vault-8")));
        Assert.Equal("OPERATOR_TOKEN_AUDIENCE", await RefusedAsync(With("aud", new JsonArray("vault-8", "VAULT-7"))));
        Assert.Equal("OPERATOR_TOKEN_AUDIENCE", await RefusedAsync(Without("aud")));
    }

    [Fact]
    public async Task Token_of_another_provider_is_refused()
    {
        Assert.Equal("OPERATOR_TOKEN_ISSUER", await RefusedAsync(With("iss", "https://idp.example.evil")));
        Assert.Equal("OPERATOR_TOKEN_ISSUER", await RefusedAsync(Without("iss")));
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(-59, null)]
    [InlineData(-60, "OPERATOR_TOKEN_EXPIRED")]
    [InlineData(-1e300, "OPERATOR_TOKEN_EXPIRED")]
    public async Task Expired_token_is_refused_once_no_clock_explains_it(double expiresIn, string? code) => Assert.Equal(code, await RefusedAsync(With("exp", _provider.Now + expiresIn)));

    [Theory]
    [InlineData("nbf", 60, null)]
    [InlineData("nbf", 61, "OPERATOR_TOKEN_NOT_YET")]
    [InlineData("iat", 60, null)]
    [InlineData("iat", 61, "OPERATOR_TOKEN_NOT_YET")]
    public async Task Token_of_the_future_is_refused(string claim, int ahead, string? code) => Assert.Equal(code, await RefusedAsync(With(claim, _provider.Now + ahead)));

    [Fact]
    public async Task Token_that_never_ends_is_refused() => Assert.Equal("OPERATOR_TOKEN_UNREADABLE", await RefusedAsync(Without("exp")));

    [Fact]
    public async Task Token_without_a_signature_is_refused()
    {
        Assert.Equal("OPERATOR_TOKEN_ALGORITHM", await RefusedAsync(_provider.Issue(algorithm: "none")));
        Assert.Equal("OPERATOR_TOKEN_UNREADABLE", await RefusedAsync(_provider.Issue(algorithm: "none")[..^2]));
    }

    [Fact]
    public async Task Public_key_is_no_secret_of_an_HMAC() => Assert.Equal("OPERATOR_TOKEN_ALGORITHM", await RefusedAsync(_provider.Issue(algorithm: "HS256", kid: "rsa")));

    [Fact]
    public async Task Algorithm_is_that_of_the_key_and_not_that_of_the_token() => Assert.Equal("OPERATOR_TOKEN_ALGORITHM", await RefusedAsync(_provider.Issue(algorithm: "RS256", kid: "ec")));

    [Fact]
    public async Task Altered_token_is_refused()
    {
        string[] real = _provider.Issue().Split('.'), other = _provider.Issue(With("sub", "eve")).Split('.');
        Assert.Equal("OPERATOR_TOKEN_SIGNATURE", await RefusedAsync($"{real[0]}.{other[1]}.{real[2]}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("maria\r\nadmin")]
    [InlineData("maria‮nimda")]
    public async Task Subject_that_could_deceive_readers_is_refused(string subject) => Assert.Equal("OPERATOR_TOKEN_SUBJECT", await RefusedAsync(With("sub", subject)));

    [Theory]
    [InlineData("""{"iss":"https://idp.example","iss":"https://idp.example","sub":"maria","aud":"vault-7","exp":99999999999}""")]
    [InlineData("""{"iss":"https://idp.example","sub":"maria","aud":7,"exp":99999999999}""")]
    [InlineData("""{"iss":"https://idp.example","sub":"maria","aud":"vault-7","exp":"99999999999"}""")]
    [InlineData("""{"iss":"https://idp.example","sub":"maria","aud":"vault-7","exp":1e999}""")]
    [InlineData("""{"iss":["https://idp.example"],"sub":"maria","aud":"vault-7","exp":99999999999}""")]
    [InlineData("""{"iss":"\ud800","sub":"maria","aud":"vault-7","exp":99999999999}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public async Task Claims_of_another_shape_are_refused(string claims) => Assert.Equal("OPERATOR_TOKEN_UNREADABLE", await RefusedAsync(_provider.Issue(claims, "ES256", "ec")));

    [Fact]
    public async Task Extension_that_has_to_be_understood_is_refused() =>
        Assert.Equal("OPERATOR_TOKEN_UNREADABLE", await RefusedAsync(_provider.Issue(header: new JsonObject { ["crit"] = new JsonArray("exp") })));

    [Fact]
    public async Task Token_without_end_is_refused_unread() =>
        Assert.Equal("OPERATOR_TOKEN_UNREADABLE", await RefusedAsync(_provider.Issue(With("padding", new string('x', SessionToken.MaxBytes)))));

    [Fact]
    public void No_bytes_throw() => Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(bytes => SessionToken.Parse(bytes) is null));

    [Fact]
    public void No_key_set_throws() => Check.QuickThrowOnFailure(Prop.ForAll<string>(text =>
        JsonWebKey.ReadSet(Encoding.UTF8.GetBytes($$"""{"keys":[{"kty":"RSA","n":{{System.Text.Json.JsonSerializer.Serialize(text)}},"e":"AQAB"}]}""")) is null or []));

    [Fact]
    public async Task Refusals_tell_nothing_of_the_token()
    {
        var token = _provider.Issue(With("aud", "vault-8"));
        var outcome = await _provider.Vault().CheckAsync(token, CancellationToken.None);
        Assert.False(outcome.Has(out _, out var refusal));
        Assert.All(token.Split('.'), part => Assert.DoesNotContain(part, refusal.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task New_key_of_the_provider_is_fetched_when_a_token_names_it_but_not_more_often_than_every_half_minute()
    {
        var vault = _provider.Vault();
        _provider.Keys = IdentityProvider.Set(_provider.EdKey("ed"));
        Assert.Equal("OPERATOR_TOKEN_KEY", await RefusedAsync(vault, _provider.Issue()));
        _provider.Keys = IdentityProvider.Set(_provider.EcKey("ec"));
        Assert.Equal("OPERATOR_TOKEN_KEY", await RefusedAsync(vault, _provider.Issue()));
        Assert.Equal(1, _provider.Requests);
        _provider.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(await RefusedAsync(vault, _provider.Issue()));
        Assert.Equal(2, _provider.Requests);
    }

    [Fact]
    public async Task Keys_outlive_the_provider_by_a_day()
    {
        var vault = _provider.Vault();
        Assert.Null(await RefusedAsync(vault, _provider.Issue()));
        _provider.Status = HttpStatusCode.BadGateway;
        _provider.Time.Advance(TimeSpan.FromHours(23));
        Assert.Null(await RefusedAsync(vault, _provider.Issue()));
        _provider.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("OPERATOR_KEYS_UNAVAILABLE", await RefusedAsync(vault, _provider.Issue()));
    }

    [Fact]
    public async Task Key_set_without_end_is_not_read()
    {
        _provider.Keys = new byte[JsonWebKey.MaxSet + 1];
        Assert.Equal("OPERATOR_KEYS_UNAVAILABLE", await RefusedAsync(_provider.Vault(), _provider.Issue()));
    }

    [Fact]
    public async Task Weak_foreign_and_encryption_keys_are_passed_over()
    {
        using var weak = RSA.Create(1024);
        var encryption = _provider.EcKey("ec");
        encryption["use"] = "enc";
        var wrong = _provider.EdKey("ed");
        wrong["alg"] = "ES256";
        _provider.Keys = IdentityProvider.Set(IdentityProvider.RsaKey(weak, "rsa"), encryption, wrong, new JsonObject { ["kty"] = "oct", ["k"] = "AAAA" });
        foreach (var (algorithm, kid) in new[] { ("ES256", "ec"), ("RS256", "rsa"), ("EdDSA", "ed") })
        {
            Assert.Equal("OPERATOR_TOKEN_KEY", await RefusedAsync(_provider.Vault(), _provider.Issue(algorithm: algorithm, kid: kid)));
        }
    }

    [Fact]
    public async Task Key_without_a_name_serves_when_it_is_the_only_one()
    {
        var key = _provider.EcKey("ec");
        key.Remove("kid");
        _provider.Keys = IdentityProvider.Set(key);
        Assert.Null(await RefusedAsync(_provider.Issue(kid: null)));
        _provider.Keys = IdentityProvider.Set(_provider.EcKey("a"), _provider.EdKey("b"));
        Assert.Equal("OPERATOR_TOKEN_KEY", await RefusedAsync(_provider.Vault(), _provider.Issue(kid: null)));
    }

    [Fact]
    public async Task Keys_are_read_from_a_file_and_read_again()
    {
        var file = Path.GetTempFileName();
        try
        {
            var vault = _provider.VaultWith(file);
            Assert.Equal("OPERATOR_KEYS_UNAVAILABLE", await RefusedAsync(vault, _provider.Issue()));
            await File.WriteAllBytesAsync(file, _provider.Keys);
            _provider.Time.Advance(TimeSpan.FromSeconds(30));
            Assert.Null(await RefusedAsync(vault, _provider.Issue()));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Vault_without_a_provider_takes_no_token()
    {
        var outcome = await new OperatorTokens(null, null, _provider.Time).CheckAsync(_provider.Issue(), CancellationToken.None);
        Assert.Equal("OPERATORS_NOT_CONFIGURED", outcome.Refusal?.Code);
    }

    [Theory]
    [InlineData("https://idp.example", null, "jwks.json", "belong together")]
    [InlineData("https://idp.example", "vault-7", "http://idp.example/jwks", "https address")]
    [InlineData("https://idp.example", "vault-7", "ftp://idp.example/jwks", "https address")]
    public void Provider_that_could_be_impersonated_or_is_half_configured_is_refused_at_the_start(string issuer, string? audience, string keys, string reason)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["idp-issuer"] = issuer, ["idp-audience"] = audience, ["idp-jwks"] = keys }).Build();
        Assert.Contains(reason, Assert.Throws<InvalidOperationException>(() => OperatorOptions.Read(configuration)).Message, StringComparison.Ordinal);
    }

    private JsonObject With(string claim, JsonNode value)
    {
        var claims = _provider.Claims;
        claims[claim] = value;
        return claims;
    }

    private string Without(string claim)
    {
        var claims = _provider.Claims;
        claims.Remove(claim);
        return _provider.Issue(claims);
    }

    private async Task<IReadOnlyList<string>> RolesAsync(JsonNode roles)
    {
        var outcome = await _provider.Vault().CheckAsync(_provider.Issue(With("roles", roles)), CancellationToken.None);
        Assert.True(outcome.Has(out var who, out var refusal), refusal?.Code);
        return who.Roles;
    }

    private Task<string?> RefusedAsync(JsonObject claims) => RefusedAsync(_provider.Issue(claims));

    private Task<string?> RefusedAsync(string token) => RefusedAsync(_provider.Vault(), token);

    private static async Task<string?> RefusedAsync(OperatorTokens vault, string token) => (await vault.CheckAsync(token, CancellationToken.None)).Refusal?.Code;
}
