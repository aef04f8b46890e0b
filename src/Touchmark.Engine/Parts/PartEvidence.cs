using Touchmark.Engine.Certificates;
using Touchmark.Engine.Transparency;
using Touchmark.Engine.Web;

namespace Touchmark.Engine.Parts;

/// <summary>Puts together what proves a part.</summary>
internal sealed class PartEvidence(CertificateOffice certificates, EvidenceFiles files)
{
    /// <summary>The evidence file of a part.</summary>
    public async Task<Outcome<byte[]>> BuildAsync(Part part, CancellationToken cancel)
    {
        var certificate = (await certificates.FindAsync(part.CertificateId, cancel))!;
        return await files.BuildAsync(certificate.Subject, certificate.Papers, cancel);
    }
}
