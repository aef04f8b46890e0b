using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;

namespace Touchmark.Cli.Tests;

/// <summary>A custodian seals who it is to a regulator, and the regulator opens it, against a stand-in for the engine that hands on what it cannot read.</summary>
public sealed class RegulatorTests : IAsyncLifetime
{
    private const string Part = "PPG0-A0EV-8ZB4-ERYQ";
    private const string Identity = "Clinic of St. Anna, Lyon";

    private readonly CommandLine _custodian = new();
    private readonly CommandLine _regulator = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private X509Certificate2 _certificate = null!;
    private WebApplication _engine = null!;
    private CustodianAdmission? _admission;

    public async ValueTask InitializeAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        _certificate = new CertificateRequest("CN=Inspector 7", _key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _engine = builder.Build();
        _engine.Urls.Add("http://127.0.0.1:0");
        _engine.MapGet("/api/trust", () => Results.Text(File.ReadAllText(CommandLine.TrustFile), "application/json"));
        _engine.MapGet("/api/regulators", () => Results.Json(new[] { new { certificate = _certificate.ExportCertificatePem() } }));
        _engine.MapPost("/api/parts/{part}/custodians", (JsonElement body) => Admit(body.GetProperty("request").GetBytesFromBase64()));
        _engine.MapPost("/api/regulators/challenges", () => Results.Json(new { challenge = "fresh" }));
        _engine.MapPost("/api/parts/{part}/custodians/{pseudonym}/identity", (string pseudonym, JsonElement body) => Reveal(pseudonym, body));
        await _engine.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _certificate.Dispose();
        _key.Dispose();
        _custodian.Dispose();
        _regulator.Dispose();
    }

    [Fact]
    public async Task Identity_that_a_custodian_seals_is_opened_by_the_regulator_and_is_nowhere_in_between()
    {
        var file = _custodian.Write("identity.txt", System.Text.Encoding.UTF8.GetBytes(Identity));
        var enrolled = await _custodian.RunAsync("custodian", "enrol", Part, "--role", "owner", "--region", "FR", "--identity-file", file, "--engine", _engine.Urls.First());
        Assert.True(enrolled.ExitCode == 0, enrolled.Errors);
        Assert.True(Document.Encode(_admission!).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(Identity)) < 0);

        var revealed = await RevealAsync(_regulator.Write("key.pem", System.Text.Encoding.ASCII.GetBytes(_key.ExportPkcs8PrivateKeyPem())));
        Assert.True(revealed.ExitCode == 0, revealed.Errors);
        Assert.Contains(Identity, revealed.Output, StringComparison.Ordinal);

        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var refused = await RevealAsync(_regulator.Write("other.pem", System.Text.Encoding.ASCII.GetBytes(other.ExportPkcs8PrivateKeyPem())));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("REGULATOR_UNPROVEN", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_that_is_none_is_told_and_never_shown()
    {
        var outcome = await RevealAsync(_regulator.Write("key.pem", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"u8.ToArray()), "0000000000000000");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("is no P-256 private key", outcome.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", outcome.Output + outcome.Errors, StringComparison.Ordinal);
    }

    private Task<Outcome> RevealAsync(string keyFile, string? pseudonym = null)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        return _regulator.RunAsync("regulator", "reveal", Part, pseudonym ?? _admission!.Pseudonym, "--certificate", _regulator.Write("certificate.pem", System.Text.Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem())),
            "--key", keyFile, "--reason", "Case 4711", "--engine", _engine.Urls.First());
    }

    private IResult Admit(byte[] request)
    {
        Assert.True(Statement.TryParse(request, out var statement, out _) && Document.TryDecode<CustodianAdmission>(statement.Payload, out _admission, out _));
        return Results.Json(new { pseudonym = _admission!.Pseudonym, role = "owner", region = _admission.Region });
    }

    private IResult Reveal(string pseudonym, JsonElement body)
    {
        var message = IdentitySeal.RequestOf("fresh", _admission!.PartId, pseudonym, body.GetProperty("reason").GetString()!);
        return SignatureVerifier.Verify(SignatureAlgorithm.Es256, IdentitySeal.KeyOf(_certificate), message, body.GetProperty("signature").GetBytesFromBase64())
            ? Results.Json(new { @sealed = Convert.ToBase64String(_admission.SealedIdentity[0].Sealed.Span) })
            : Results.Problem(title: "Not proven.", statusCode: 403, extensions: new Dictionary<string, object?> { ["code"] = "REGULATOR_UNPROVEN", ["fix"] = "Use the certificate's key." });
    }
}
