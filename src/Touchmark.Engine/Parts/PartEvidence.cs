using Touchmark.Engine.Certificates;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Recalls;
using Touchmark.Engine.Transparency;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Parts;

/// <summary>Puts together what proves a part: its certificate with the papers, and its history.</summary>
internal sealed class PartEvidence(CertificateOffice certificates, CustodyChains chains, RecallEntries recalls, EvidenceFiles files)
{
    /// <summary>The evidence file of a part.</summary>
    public async Task<Outcome<byte[]>> BuildAsync(Part part, CancellationToken cancel)
    {
        // A recall that covers the part and is not in its chain yet would make the file look as if somebody had left it out.
        part = await recalls.CatchUpAsync(part, cancel);
        var certificate = (await certificates.FindAsync(part.CertificateId, cancel))!;
        var history = (await chains.CustodiansAsync(part.Id, cancel)).Select(custodian => custodian.Envelope)
            .Concat((await chains.EventsAsync(part.Id, cancel)).Select(link => link.Envelope))
            .Concat(await recalls.CoveringAsync(part.Id, cancel));
        return await files.BuildAsync(certificate.Subject, [.. certificate.Papers, .. history.Select(envelope => new StatementPart(envelope, null))], cancel);
    }
}
