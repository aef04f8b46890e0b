using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Regulators;

/// <summary>Whom identities may be sealed to: authorities that an admin believes, and the regulators whose certificates those have issued.</summary>
internal sealed class RegulatorBook(Database database, AuditTrail trail, TimeProvider time)
{
    /// <summary>Longest certificate, bytes.</summary>
    private const int MaxCertificate = 16 * 1024;

    /// <summary>Believes an authority from now on.</summary>
    public async Task<Outcome<RegulatorView>> AddRootAsync(string pem, Caller caller, CancellationToken cancel)
    {
        if (!Read(pem).Has(out var certificate, out var refusal))
        {
            return refusal;
        }

        using (certificate)
        {
            if (!IsAuthority(certificate))
            {
                return Refusal.Invalid("REGULATOR_ROOT_INVALID", "This certificate is not that of an authority: its basic constraints do not say that it may issue others.", "Send the certificate of the authority itself.");
            }

            if (WhyNotNow(certificate) is { } time)
            {
                return time;
            }

            return await AddAsync("insert into regulator_roots (id, certificate, added_at) values (@Id, @Certificate, @Now) on conflict (id) do nothing", certificate, null, Acts.RegulatorRootAdded, caller, cancel);
        }
    }

    /// <summary>Lets custodians seal their identities to a regulator, whose certificate one of the authorities has issued.</summary>
    public async Task<Outcome<RegulatorView>> AddAsync(string pem, Caller caller, CancellationToken cancel)
    {
        if (!Read(pem).Has(out var certificate, out var refusal))
        {
            return refusal;
        }

        using (certificate)
        {
            return !(await CheckAsync(certificate, cancel)).Has(out var root, out refusal) ? refusal
                : await AddAsync("insert into regulators (id, root_id, certificate, added_at) values (@Id, @Root, @Certificate, @Now) on conflict (id) do nothing", certificate, root, Acts.RegulatorAdded, caller, cancel);
        }
    }

    /// <summary>Believes an authority no more, nor the regulators that it has named.</summary>
    public Task<Outcome<bool>> RemoveRootAsync(string id, Caller caller, CancellationToken cancel) =>
        RemoveAsync(["delete from regulators where root_id = @Id", "delete from regulator_roots where id = @Id"], id, Acts.RegulatorRootRemoved, caller, cancel);

    /// <summary>Hands nothing out to a regulator any more: it lost its key, or has no say any more.</summary>
    public Task<Outcome<bool>> RemoveAsync(string id, Caller caller, CancellationToken cancel) => RemoveAsync(["delete from regulators where id = @Id"], id, Acts.RegulatorRemoved, caller, cancel);

    /// <summary>Whether identities may be sealed to this regulator, and are handed out to it.</summary>
    public async Task<bool> IsListedAsync(string id, CancellationToken cancel) =>
        await database.FirstOrDefaultAsync<long>("select count(*) from regulators where id = @Id", new { Id = id }, cancel) > 0;

    public Task<IReadOnlyList<RegulatorView>> ListAsync(CancellationToken cancel) => ListAsync("regulators", cancel);

    public Task<IReadOnlyList<RegulatorView>> ListRootsAsync(CancellationToken cancel) => ListAsync("regulator_roots", cancel);

    /// <summary>Whether identities may be sealed to all of these.</summary>
    public async Task<Refusal?> WhyNotSealedAsync(IReadOnlyList<SealedIdentity> identities, CancellationToken cancel)
    {
        foreach (var id in identities.Select(identity => Convert.ToHexStringLower(identity.Regulator.Span)))
        {
            if (!await IsListedAsync(id, cancel))
            {
                return Refusal.Invalid("REGULATOR_UNKNOWN", $"An identity is sealed to the certificate {id}, which is none of a regulator here.", "Seal it to those that GET /api/regulators lists.").With("regulator", id);
            }
        }

        return null;
    }

    /// <summary>The certificate that somebody sent.</summary>
    public static Outcome<X509Certificate2> Read(string pem)
    {
        try
        {
            return pem.Length <= MaxCertificate ? X509Certificate2.CreateFromPem(pem) : Unreadable;
        }
        catch (CryptographicException)
        {
            return Unreadable;
        }
    }

    /// <summary>The authority that issued a regulator's certificate; a refusal in words where it is not to be believed.</summary>
    public async Task<Outcome<string>> CheckAsync(X509Certificate2 certificate, CancellationToken cancel)
    {
        if (IdentitySeal.KeyOf(certificate) is null)
        {
            return Refusal.Invalid("REGULATOR_KEY", "The certificate has no P-256 key, and identities are sealed to those.", "Have one issued for a P-256 key, to sign and to agree on keys.");
        }

        if (WhyNotNow(certificate) is { } expired)
        {
            return expired;
        }

        if (certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData) && !(await ListRootsAsync(cancel)).Any(root => root.Id == IdOf(certificate)))
        {
            return Forbidden("REGULATOR_SELF_MADE", "The certificate was issued by itself: nobody vouches for it.", certificate);
        }

        foreach (var (id, der) in (await database.QueryAsync<RootRow>("select id, certificate from regulator_roots order by id", null, cancel)).Select(row => (row.Id, row.Certificate)))
        {
            using var root = X509CertificateLoader.LoadCertificate(der);
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(root);
            // The engine asks nobody else: an authority or regulator that lost its key is taken out by an admin.
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.DisableCertificateDownloads = true;
            chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
            if (chain.Build(certificate) && !IsAuthority(certificate))
            {
                return id;
            }
        }

        return Forbidden("REGULATOR_OTHER_AUTHORITY", "The certificate was issued by an authority that is not believed here.", certificate);
    }

    public static string IdOf(X509Certificate2 certificate) => Convert.ToHexStringLower(IdentitySeal.NameOf(certificate));

    private static Refusal Unreadable => Refusal.Invalid("CERTIFICATE_UNREADABLE", "This is no X.509 certificate in PEM.", "Send the text from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.");

    private static Refusal Forbidden(string code, string text, X509Certificate2 certificate) =>
        new Refusal(StatusCodes.Status403Forbidden, code, text, "Use a certificate of an authority that GET /api/regulators/roots lists, or have an admin add yours.").With("subject", certificate.Subject).With("issuer", certificate.Issuer);

    private static bool IsAuthority(X509Certificate2 certificate) => certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority);

    private Refusal? WhyNotNow(X509Certificate2 certificate)
    {
        var (now, from, until) = (time.GetUtcNow(), new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        return now < from || now > until
            ? new Refusal(StatusCodes.Status403Forbidden, "REGULATOR_EXPIRED", string.Create(CultureInfo.InvariantCulture,
                $"The certificate is good from {from.UtcDateTime:yyyy-MM-dd} to {until.UtcDateTime:yyyy-MM-dd}, and today is {now:yyyy-MM-dd}."), "Use one that is in force.")
            : null;
    }

    private async Task<Outcome<RegulatorView>> AddAsync(string insert, X509Certificate2 certificate, string? root, string act, Caller caller, CancellationToken cancel)
    {
        var id = IdOf(certificate);
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync(insert, new { Id = id, Root = root, Certificate = certificate.RawData, Now = time.GetUtcNow() }, cancel);
        await trail.RecordAsync(work, AuditedAct.By(caller, act, $"certificate/{id}"), cancel);
        await work.CommitAsync(cancel);
        return RegulatorView.Of(certificate);
    }

    private async Task<Outcome<bool>> RemoveAsync(string[] deletions, string id, string act, Caller caller, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        var removed = 0;
        foreach (var deletion in deletions)
        {
            removed = await work.ExecuteAsync(deletion, new { Id = id }, cancel);
        }

        if (removed == 0)
        {
            return Refusal.NotFound("regulator");
        }

        await trail.RecordAsync(work, AuditedAct.By(caller, act, $"certificate/{id}"), cancel);
        await work.CommitAsync(cancel);
        return true;
    }

    private async Task<IReadOnlyList<RegulatorView>> ListAsync(string table, CancellationToken cancel)
    {
        var views = new List<RegulatorView>();
        foreach (var der in await database.QueryAsync<byte[]>($"select certificate from {table} order by id", null, cancel))
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            views.Add(RegulatorView.Of(certificate));
        }

        return views;
    }

    private sealed record RootRow
    {
        public string Id { get; init; } = "";

        public byte[] Certificate { get; init; } = [];
    }
}

/// <param name="Id">SHA-256 of the certificate, in hexadecimal.</param>
/// <param name="Subject">Whom it names.</param>
/// <param name="Issuer">Who issued it.</param>
/// <param name="ValidUntil">Its end.</param>
/// <param name="Certificate">PEM.</param>
internal sealed record RegulatorView(string Id, string Subject, string Issuer, DateTimeOffset ValidUntil, string Certificate)
{
    public static RegulatorView Of(X509Certificate2 certificate) =>
        new(RegulatorBook.IdOf(certificate), certificate.Subject, certificate.Issuer, new DateTimeOffset(certificate.NotAfter).ToUniversalTime(), certificate.ExportCertificatePem());
}
