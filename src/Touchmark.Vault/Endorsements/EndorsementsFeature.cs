using Touchmark.Evidence.Statements;
using Touchmark.Vault.Access;
using Touchmark.Vault.Bundles;

namespace Touchmark.Vault.Endorsements;

/// <summary>Counter-signatures of print certificates.</summary>
internal static class EndorsementsFeature
{
    public static void AddEndorsements(this IServiceCollection services) => services.AddSingleton<EndorsementDesk>();

    public static void MapEndorsements(this WebApplication app) => app.MapPost("/v3/endorsements", EndorseAsync).For(Role.Signer).WithTags("endorsements")
        .WithSummary("Counter-signs a print certificate of a job of which the vault signed the bundle; the answer is the evidence file.")
        .Produces(200, contentType: EvidenceFile.MediaType).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);

    private static async Task<IResult> EndorseAsync(EndorsementForm form, EndorsementDesk desk, BundleFiles files, CancellationToken cancel)
    {
        if (!(await desk.EndorseAsync(form, cancel)).Has(out var entry, out var refusal) || !(await files.BuildAsync(entry, cancel)).Has(out var file, out refusal))
        {
            return refusal;
        }

        return Results.Bytes(file.Encode(), EvidenceFile.MediaType, $"{form.CertificateId:D}.touchmark");
    }
}

/// <summary>What is to be counter-signed.</summary>
/// <param name="CertificateId">The print certificate.</param>
/// <param name="CertificateSha256">Of its statement, hexadecimal.</param>
/// <param name="BundleSha256">Of the statement of the vault's bundle that it refers to, hexadecimal.</param>
internal sealed record EndorsementForm(Guid CertificateId, string CertificateSha256, string BundleSha256);
