using Touchmark.Engine.Certificates;

namespace Touchmark.Engine.Parts;

/// <summary>Puts together what proves a part.</summary>
internal sealed class PartEvidence(CertificateOffice certificates)
{
    /// <summary>The evidence file of a part.</summary>
    public async Task<byte[]> BuildAsync(Part part, CancellationToken cancel) => (await certificates.FindAsync(part.CertificateId, cancel))!.ToFile().Encode();
}
