using System.Security.Cryptography;
using Touchmark.Engine.Certificates;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Transparency;
using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Parts;

/// <summary>From a part to everything that made it.</summary>
internal sealed class PartOrigins(CertificateOffice certificates, Outbox outbox)
{
    public async Task<PartOrigin> FindAsync(Part part, CancellationToken cancel)
    {
        var stored = (await certificates.FindAsync(part.CertificateId, cancel))!;
        if (!Document.TryDecode<PrintCertificate>(stored.Document, out var certificate, out var problem))
        {
            throw new InvalidDataException($"The stored certificate {stored.Id:D} is damaged: {problem}.");
        }

        var enrolment = CustodyChains.Read<PrinterEnrolment>(stored.EnrolmentStatement);
        var slice = CustodyChains.Read<SliceRecord>(stored.SliceStatement);
        var facts = new OriginFacts(
            part.Id.ToString(), certificate.CertificateId, certificate.DesignId, certificate.PartName, certificate.Owner, Hex(certificate.DesignSha256), certificate.LicenceId, certificate.PrintNumber,
            slice.SliceId, Hex(certificate.SliceSha256), certificate.Slicer, certificate.PrinterId, certificate.PrinterName, certificate.PrinterModel, certificate.Manufacturer, Hex(certificate.MachineId),
            enrolment.EnrolledAt, Hex(SHA256.HashData(enrolment.DevicePublicKey.Span)), certificate.PrinterTransport, certificate.JobId, certificate.SessionId, certificate.Material, part.MaterialLot,
            certificate.Quality, certificate.StartedAt, certificate.EndedAt);
        (string What, byte[] Envelope)[] statements =
        [
            ("print certificate", stored.Envelope), ("licence grant", stored.LicenceStatement), ("printer's enrolment", stored.EnrolmentStatement), ("slice record", stored.SliceStatement),
        ];
        var indexes = await outbox.IndexesAsync([.. statements.Select(entry => SHA256.HashData(entry.Envelope))], cancel);
        return new(facts, [.. statements.Select(entry =>
            new OriginStatement(entry.What, Hex(SHA256.HashData(entry.Envelope)), indexes.GetValueOrDefault(Convert.ToHexString(SHA256.HashData(entry.Envelope)))))]);
    }

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);
}

/// <param name="Facts">What made it.</param>
/// <param name="Statements">Who vouches for that.</param>
internal sealed record PartOrigin(OriginFacts Facts, IReadOnlyList<OriginStatement> Statements);

/// <param name="What">For people.</param>
/// <param name="Sha256">Of its envelope.</param>
/// <param name="LogIndex">Its place in the log; absent while it is on its way there.</param>
internal sealed record OriginStatement(string What, string Sha256, long? LogIndex);

/// <summary>Design, licence, slice, machine with the gateway that drove it (by the hash of its device key), job and material of one part.</summary>
internal sealed record OriginFacts(
    string PartId, Guid CertificateId, Guid DesignId, string Design, string Owner, string DesignSha256, Guid LicenceId, long PrintNumber,
    Guid SliceId, string SliceSha256, string Slicer, Guid PrinterId, string Printer, string PrinterModel, string Manufacturer, string MachineId,
    DateTimeOffset EnrolledAt, string GatewayKeySha256, string PrinterTransport, Guid JobId, Guid SessionId, string Material, string? MaterialLot,
    string Quality, DateTimeOffset StartedAt, DateTimeOffset EndedAt);
