using System.Diagnostics.CodeAnalysis;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents;

namespace Touchmark.Evidence.Statements;

/// <summary>An envelope and, where it is a hash envelope, the document beside it.</summary>
/// <param name="Envelope">The COSE_Sign1.</param>
/// <param name="Document">The document; null where the envelope holds it. No document is empty, so an absent byte array counts as null.</param>
public sealed record StatementPart(ReadOnlyMemory<byte> Envelope, ReadOnlyMemory<byte>? Document)
{
    public ReadOnlyMemory<byte>? Document { get; } = Document is { IsEmpty: false } ? Document : null;
}

/// <summary>
/// The file that a customer keeps: a print certificate's statement and the statements that it refers to by hash, so that all of them can be checked
/// together without asking anybody (spec/certificate.md). Media type <see cref="MediaType"/>, ending <c>.touchmark</c>.
/// </summary>
/// <param name="Certificate">The statement of the <see cref="PrintCertificate"/>.</param>
/// <param name="Related">
/// Those of its <see cref="LicenceGrant"/>, <see cref="PrinterEnrolment"/> and <see cref="SliceRecord"/>,
/// and of a <see cref="LicenceRevocation"/> if there is one.
/// </param>
public sealed record CertificateFile(StatementPart Certificate, IReadOnlyList<StatementPart> Related)
{
    public const string MediaType = "application/vnd.touchmark.certificate-file+cbor";

    /// <summary>Longest file that is read, bytes.</summary>
    public const int MaxBytes = Document.MaxBytes + (1 << 20);

    /// <summary>Most statements beside the certificate.</summary>
    public const int MaxRelated = 8;

    private const ulong SelfDescribedCbor = 55799;
    private const string Magic = "touchmark certificate";
    private const long Version = 1;

    public byte[] Encode() => DeterministicCbor.Encode(new CborTagged(SelfDescribedCbor,
        CborArray.Of(Magic, Version, Encode(Certificate), new CborArray([.. Related.Select(Encode)]))));

    /// <summary>Takes untrusted bytes apart; false and a problem in words when they are no certificate file. Never throws, verifies nothing.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out CertificateFile? file, [NotNullWhen(false)] out string? problem)
    {
        file = null;
        if (!DeterministicCbor.TryDecode(bytes, out var value, out problem, new CborLimits(MaxBytes, MaxDepth: 4, MaxItems: 64)))
        {
            return false;
        }
        if (value is not CborTagged { Tag: SelfDescribedCbor, Content: CborArray content }
            || content is not { Items: [CborText { Value: Magic }, CborInteger { Value: var version }, var certificate, CborArray related] })
        {
            problem = "not a Touchmark certificate file";
            return false;
        }
        if (version != Version)
        {
            problem = $"version {version} of the certificate file, this program reads version {Version}";
            return false;
        }
        var parts = related.Items.Select(Decode).ToList();
        if (Decode(certificate) is not { } main || parts.Contains(null) || parts.Count > MaxRelated)
        {
            problem = $"the statements of the file are not pairs of envelope and document, at most {MaxRelated + 1} of them";
            return false;
        }
        file = new(main, parts!);
        return true;
    }

    private static CborArray Encode(StatementPart part) => CborArray.Of(part.Envelope, part.Document is { } document ? document : CborNull.Instance);

    private static StatementPart? Decode(CborValue value) => value switch
    {
        CborArray { Items: [CborBytes envelope, CborNull] } => new(envelope.Value, null),
        CborArray { Items: [CborBytes envelope, CborBytes { Value.IsEmpty: false } document] } => new(envelope.Value, document.Value),
        _ => null,
    };
}
