using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Touchmark.Cryptography;
using Touchmark.Tests;
using Touchmark.Vault.Operators;

namespace Touchmark.Vault.Tests.Operators;

/// <summary>An identity provider: keys of every kind, and tokens as it would issue them, or as somebody else would.</summary>
internal sealed class IdentityProvider : HttpMessageHandler
{
    public const string Issuer = "https://idp.example";
    public const string Audience = "vault-7";

    private static readonly RSA Rsa = RSA.Create(2048);

    private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Ed25519Signer _ed = new(RandomNumberGenerator.GetBytes(32));

    public IdentityProvider() => Keys = Set(EcKey("ec"), RsaKey(Rsa, "rsa"), EdKey("ed"));

    public FakeTime Time { get; } = new();

    /// <summary>What its address answers.</summary>
    public byte[] Keys { get; set; }

    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    public int Requests { get; private set; }

    public long Now => Time.GetUtcNow().ToUnixTimeSeconds();

    public JsonObject Claims => new() { ["iss"] = Issuer, ["sub"] = "maria", ["aud"] = Audience, ["exp"] = Now + 300, ["iat"] = Now };

    public static byte[] Set(params JsonObject[] keys) => Encoding.UTF8.GetBytes(new JsonObject { ["keys"] = new JsonArray([.. keys]) }.ToJsonString());

    public static JsonObject RsaKey(RSA rsa, string kid) =>
        new() { ["kty"] = "RSA", ["kid"] = kid, ["n"] = Base64Url.EncodeToString(rsa.ExportParameters(false).Modulus), ["e"] = Base64Url.EncodeToString(rsa.ExportParameters(false).Exponent) };

    public JsonObject EcKey(string kid) => new()
    {
        ["kty"] = "EC", ["crv"] = "P-256", ["kid"] = kid, ["use"] = "sig", ["alg"] = "ES256",
        ["x"] = Base64Url.EncodeToString(_ec.ExportParameters(false).Q.X), ["y"] = Base64Url.EncodeToString(_ec.ExportParameters(false).Q.Y),
    };

    public JsonObject EdKey(string kid) => new() { ["kty"] = "OKP", ["crv"] = "Ed25519", ["kid"] = kid, ["x"] = Base64Url.EncodeToString(_ed.PublicKey.Span) };

    /// <summary>A vault's side, which reads the keys over HTTP.</summary>
    public OperatorTokens Vault()
    {
        var options = new OperatorOptions(Issuer, Audience, new Uri("https://idp.example/jwks"), TimeSpan.FromSeconds(60));
        return new(options, new ProviderKeys(options, new HttpClient(this, disposeHandler: false) { MaxResponseContentBufferSize = JsonWebKey.MaxSet }, Time), Time);
    }

    /// <summary>A vault's side, which reads the keys from a file.</summary>
    public OperatorTokens VaultWith(string file)
    {
        var options = new OperatorOptions(Issuer, Audience, new Uri(file), TimeSpan.FromSeconds(60));
        return new(options, new ProviderKeys(options, new HttpClient(this, disposeHandler: false), Time), Time);
    }

    public string Issue(JsonObject? claims = null, string algorithm = "ES256", string? kid = "ec", JsonObject? header = null) => Issue((claims ?? Claims).ToJsonString(), algorithm, kid, header);

    public string Issue(string claims, string algorithm, string? kid, JsonObject? header = null)
    {
        header ??= [];
        header["alg"] = algorithm;
        if (kid is not null)
        {
            header["kid"] = kid;
        }

        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        return $"{signed}.{Base64Url.EncodeToString(Sign(algorithm, Encoding.ASCII.GetBytes(signed)))}";
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests++;
        return Task.FromResult(new HttpResponseMessage(Status) { Content = new ByteArrayContent(Keys) });
    }

    protected override void Dispose(bool disposing)
    {
        _ec.Dispose();
        _ed.Dispose();
        base.Dispose(disposing);
    }

    private byte[] Sign(string algorithm, byte[] message)
    {
        var signature = new byte[Ed25519.SignatureSize];
        switch (algorithm)
        {
            case "ES256":
                return _ec.SignData(message, HashAlgorithmName.SHA256);
            case "RS256":
                return Rsa.SignData(message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            case "HS256":
                // The old trick: the public key, which everybody has, for a secret.
                return HMACSHA256.HashData(Rsa.ExportSubjectPublicKeyInfo(), message);
            case "EdDSA":
                _ed.Sign(message, signature);
                return signature;
            default:
                return [0];
        }
    }
}
