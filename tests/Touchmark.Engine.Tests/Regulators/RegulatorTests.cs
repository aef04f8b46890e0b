using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Custody;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Engine.Tests.Regulators;

/// <summary>Who a custodian is, only the regulator learns that its identity is sealed to, and never without a trace.</summary>
[SupportedOSPlatform("linux")]
public sealed class RegulatorTests
{
    private const string Identity = "Clinic of St. Anna, 12 Rue des Lilas, 69003 Lyon";

    [Fact]
    public async Task A_regulator_opens_the_identity_that_is_sealed_to_it_and_the_reason_is_written_down()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var authority = new Authority("Health authority", bench.Server.Time.GetUtcNow());
        using var regulator = authority.Issue("Inspector 7");
        await bench.Server.BelieveAsync(authority, regulator);
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var clinic = new Custodian(bench.Server, part, CustodianRole.Owner, "FR");
        (await maker.SayAsync(CustodyEventKind.Transferred, to: clinic.Pseudonym)).IsGood();
        var wanted = clinic.Wanted with { SealedIdentity = [IdentitySeal.Seal(Identity, regulator.Certificate, part, clinic.Pseudonym)!] };
        (await clinic.EnrolAsync(clinic.Sign(wanted))).IsGood();

        var revealed = (await regulator.AskAsync(bench.Server, part, clinic.Pseudonym, "Case 4711")).IsGood();

        Assert.Equal(Identity, IdentitySeal.Open(revealed["sealed"].GetBytesFromBase64(), regulator.Key, part, clinic.Pseudonym));
        using var other = P256.GenerateKey();
        Assert.Null(IdentitySeal.Open(revealed["sealed"].GetBytesFromBase64(), other, part, clinic.Pseudonym));
        Assert.Null(IdentitySeal.Open(revealed["sealed"].GetBytesFromBase64(), regulator.Key, part, maker.Pseudonym));
        (await regulator.AskAsync(bench.Server, part, maker.Pseudonym, "Fishing")).IsRefused(HttpStatusCode.NotFound, "IDENTITY_UNKNOWN");
        var records = (await (await bench.Server.AdminAsync()).GetAsync($"/api/audit?subject=custodian/{part.Value}/{clinic.Pseudonym}")).IsGood()["records"];
        var record = Assert.Single(records.EnumerateArray().ToArray());
        Assert.Equal(("identity.revealed", "done", "Case 4711"), (record.GetProperty("act").GetString(), record.GetProperty("outcome").GetString(), record.GetProperty("details")[0].GetProperty("value").GetString()));
        var refused = (await (await bench.Server.AdminAsync()).GetAsync($"/api/audit?subject=custodian/{part.Value}/{maker.Pseudonym}")).IsGood()["records"];
        Assert.Equal("IDENTITY_UNKNOWN", Assert.Single(refused.EnumerateArray().ToArray()).GetProperty("refusal_code").GetString());
        await bench.Server.ValidHistoryAsync(part);
    }

    [Fact]
    public async Task Certificates_that_are_expired_self_made_or_of_another_authority_open_nothing()
    {
        await using var server = await ServerFactory.StartAsync();
        var now = server.Time.GetUtcNow();
        using var authority = new Authority("Health authority", now);
        using var pretender = new Authority("Health authority", now);
        using var good = authority.Issue("Inspector 7");
        await server.BelieveAsync(authority, good);
        using var expired = authority.Issue("Inspector 6", until: now - TimeSpan.FromDays(1));
        using var early = authority.Issue("Inspector 8", from: now + TimeSpan.FromDays(1));
        using var foreign = pretender.Issue("Inspector 7");
        using var selfMade = Authority.SelfMade("Inspector 7", now);
        var part = PartId.Create();

        foreach (var (regulator, code) in new[] { (expired, "REGULATOR_EXPIRED"), (early, "REGULATOR_EXPIRED"), (foreign, "REGULATOR_OTHER_AUTHORITY"), (selfMade, "REGULATOR_SELF_MADE") })
        {
            (await regulator.AskAsync(server, part, "0000000000000000", "Curious")).IsRefused(HttpStatusCode.Forbidden, code);
            (await (await server.AdminAsync()).PostAsync("/api/regulators", new { certificate = regulator.Certificate.ExportCertificatePem() })).IsRefused(HttpStatusCode.Forbidden, code);
        }

        (await (await server.AdminAsync()).PostAsync("/api/regulators/roots", new { certificate = good.Certificate.ExportCertificatePem() })).IsRefused(HttpStatusCode.BadRequest, "REGULATOR_ROOT_INVALID");
        (await (await server.AdminAsync()).PostAsync("/api/regulators", new { certificate = "nonsense" })).IsRefused(HttpStatusCode.BadRequest, "CERTIFICATE_UNREADABLE");
        Assert.Single((await server.Stranger().GetAsync("/api/regulators")).IsGood().Body.EnumerateArray());
        (await good.AskAsync(server, part, "0000000000000000", "Case 1")).IsRefused(HttpStatusCode.NotFound, "IDENTITY_UNKNOWN");
        server.Time.Advance(TimeSpan.FromMinutes(1));
        using var oem = await server.JoinAsync(Role.Oem, "Owner");
        (await oem.PostAsync("/api/regulators/roots", new { certificate = pretender.Certificate.ExportCertificatePem() })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task A_reveal_is_signed_by_the_certificates_own_key_over_a_fresh_challenge_once()
    {
        await using var server = await ServerFactory.StartAsync();
        using var authority = new Authority("Health authority", server.Time.GetUtcNow());
        using var regulator = authority.Issue("Inspector 7");
        await server.BelieveAsync(authority, regulator);
        using var stranger = server.Stranger();
        using var thief = P256.GenerateKey();
        var part = PartId.Create();
        var address = $"/api/parts/{part.Value}/custodians/0000000000000000/identity";
        var challenge = await ChallengeAsync();

        (await stranger.PostAsync(address, regulator.Request(challenge, part, "Case 1", thief))).IsRefused(HttpStatusCode.Forbidden, "REGULATOR_UNPROVEN");
        (await stranger.PostAsync(address, regulator.Request(challenge, PartId.Create(), "Case 1"))).IsRefused(HttpStatusCode.Forbidden, "REGULATOR_UNPROVEN");
        (await stranger.PostAsync(address, regulator.Request(new string('A', challenge.Length), part, "Case 1"))).IsRefused(HttpStatusCode.Forbidden, "REGULATOR_UNPROVEN");
        (await stranger.PostAsync(address, regulator.Request("not base64!", part, "Case 1"))).IsRefused(HttpStatusCode.Forbidden, "REGULATOR_UNPROVEN");
        (await stranger.PostAsync(address, regulator.Request(challenge, part, ""))).IsRefused(HttpStatusCode.BadRequest, "REASON_INVALID");
        (await stranger.PostAsync(address, regulator.Request(challenge, part, "Case 1"))).IsRefused(HttpStatusCode.NotFound, "IDENTITY_UNKNOWN");
        (await stranger.PostAsync(address, regulator.Request(challenge, part, "Case 1"))).IsRefused(HttpStatusCode.Forbidden, "REGULATOR_UNPROVEN");
        var late = await ChallengeAsync();
        server.Time.Advance(TimeSpan.FromMinutes(6));
        (await stranger.PostAsync(address, regulator.Request(late, part, "Case 1"))).IsRefused(HttpStatusCode.Forbidden, "REGULATOR_UNPROVEN");

        async Task<string> ChallengeAsync() => (await stranger.PostAsync("/api/regulators/challenges")).IsGood()["challenge"].GetString()!;
    }

    [Fact]
    public async Task A_regulator_or_authority_that_was_taken_off_is_handed_nothing()
    {
        await using var server = await ServerFactory.StartAsync();
        using var authority = new Authority("Health authority", server.Time.GetUtcNow());
        using var regulator = authority.Issue("Inspector 7");
        using var other = authority.Issue("Inspector 8");
        var admin = await server.AdminAsync();
        await server.BelieveAsync(authority, regulator);
        (await admin.PostAsync("/api/regulators", new { certificate = other.Certificate.ExportCertificatePem() })).IsGood();
        var part = PartId.Create();

        (await admin.DeleteAsync($"/api/regulators/{Id(regulator.Certificate)}")).IsGood();
        (await regulator.AskAsync(server, part, "0000000000000000", "Case 1")).IsRefused(HttpStatusCode.Forbidden, "REGULATOR_UNKNOWN");
        (await other.AskAsync(server, part, "0000000000000000", "Case 1")).IsRefused(HttpStatusCode.NotFound, "IDENTITY_UNKNOWN");
        (await admin.DeleteAsync($"/api/regulators/roots/{Id(authority.Certificate)}")).IsGood();
        (await other.AskAsync(server, part, "0000000000000000", "Case 1")).IsRefused(HttpStatusCode.Forbidden, "REGULATOR_OTHER_AUTHORITY");
        (await admin.DeleteAsync($"/api/regulators/roots/{Id(authority.Certificate)}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");

        static string Id(X509Certificate2 certificate) => Convert.ToHexStringLower(IdentitySeal.NameOf(certificate));
    }

    [Fact]
    public async Task An_identity_that_is_sealed_to_nobody_whom_the_engine_knows_is_refused()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var authority = new Authority("Nobody", bench.Server.Time.GetUtcNow());
        using var regulator = authority.Issue("Inspector 7");
        using var maker = new Custodian(bench.Server, part, CustodianRole.Manufacturer, "DE");
        var code = await bench.Manufacturer.InviteAsync(part, CustodianRole.Manufacturer);

        var wanted = maker.Wanted with { SealedIdentity = [IdentitySeal.Seal(Identity, regulator.Certificate, part, maker.Pseudonym)!] };

        (await maker.EnrolAsync(maker.Sign(wanted), code)).IsRefused(HttpStatusCode.BadRequest, "REGULATOR_UNKNOWN");
        (await maker.EnrolAsync(code)).IsGood();
    }
}

/// <summary>Somebody with a certificate and its key.</summary>
internal sealed class Regulator(X509Certificate2 certificate, ECDsa ecdsa) : IDisposable
{
    public X509Certificate2 Certificate => certificate;

    /// <summary>PKCS #8, PEM.</summary>
    public string KeyPem => ecdsa.ExportPkcs8PrivateKeyPem();

    public P256PrivateKey Key { get; } = P256PrivateKey.FromPkcs8(ecdsa.ExportPkcs8PrivateKey());

    public async Task<Answer> AskAsync(ServerFactory server, PartId part, string pseudonym, string reason)
    {
        using var stranger = server.Stranger();
        var challenge = (await stranger.PostAsync("/api/regulators/challenges")).IsGood()["challenge"].GetString()!;
        return await stranger.PostAsync($"/api/parts/{part.Value}/custodians/{pseudonym}/identity", Request(challenge, part, reason, pseudonym: pseudonym));
    }

    public object Request(string challenge, PartId part, string reason, P256PrivateKey? key = null, string pseudonym = "0000000000000000")
    {
        var signer = new Es256Signer(key ?? Key);
        var signature = new byte[64];
        signer.Sign(IdentitySeal.RequestOf(challenge, part, pseudonym, reason), signature);
        return new { certificate = certificate.ExportCertificatePem(), challenge, reason, signature };
    }

    public void Dispose()
    {
        Key.Dispose();
        certificate.Dispose();
        ecdsa.Dispose();
    }
}

/// <summary>An authority that issues certificates.</summary>
internal sealed class Authority : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly DateTimeOffset now;

    public Authority(string name, DateTimeOffset now)
    {
        this.now = now;
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Certificate = request.CreateSelfSigned(now - TimeSpan.FromDays(3650), now + TimeSpan.FromDays(3650));
    }

    public X509Certificate2 Certificate { get; }

    public static Regulator SelfMade(string name, DateTimeOffset now)
    {
        var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(new CertificateRequest($"CN={name}", own, HashAlgorithmName.SHA256).CreateSelfSigned(now - TimeSpan.FromDays(1), now + TimeSpan.FromDays(365)), own);
    }

    public Regulator Issue(string name, DateTimeOffset? from = null, DateTimeOffset? until = null)
    {
        var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", own, HashAlgorithmName.SHA256);
        return new(request.Create(Certificate, from ?? now - TimeSpan.FromDays(365), until ?? now + TimeSpan.FromDays(365), RandomNumberGenerator.GetBytes(8)), own);
    }

    public void Dispose()
    {
        Certificate.Dispose();
        key.Dispose();
    }
}

internal static class Beliefs
{
    /// <summary>An admin believes the authority, and adds its regulator.</summary>
    public static async Task BelieveAsync(this ServerFactory server, Authority authority, Regulator regulator)
    {
        (await (await server.AdminAsync()).PostAsync("/api/regulators/roots", new { certificate = authority.Certificate.ExportCertificatePem() })).IsGood();
        (await (await server.AdminAsync()).PostAsync("/api/regulators", new { certificate = regulator.Certificate.ExportCertificatePem() })).IsGood();
    }
}
