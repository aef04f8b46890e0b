using System.Diagnostics.CodeAnalysis;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents;

/// <summary>What a statement says: a deterministic CBOR map with text keys (spec/certificate.md lists the fields of each type).</summary>
public interface IDocument<TSelf>
    where TSelf : class, IDocument<TSelf>
{
    /// <summary>Media type, in the protected header of the statement.</summary>
    static abstract string ContentType { get; }

    /// <summary>What the document is about, for the CWT claim <c>sub</c>: kind and id.</summary>
    string Subject { get; }

    CborMap ToCbor();

    /// <summary>Reads every field; <paramref name="fields"/> keeps what is wrong with them.</summary>
    static abstract TSelf Read(CborFields fields);
}

/// <summary>Encoding and strict decoding of any document type.</summary>
public static class Document
{
    /// <summary>Longest encoding that is accepted: a day of printing makes some 200,000 segments, of 12 bytes each in the certificate.</summary>
    public const int MaxBytes = 16 << 20;

    public static byte[] Encode<T>(T document)
        where T : class, IDocument<T> => DeterministicCbor.Encode(document.ToCbor());

    /// <summary>Decodes untrusted bytes; false and a problem in words when they are not exactly one valid document of this type. Never throws.</summary>
    public static bool TryDecode<T>(ReadOnlyMemory<byte> encoding, [NotNullWhen(true)] out T? document, [NotNullWhen(false)] out string? problem)
        where T : class, IDocument<T>
    {
        document = DeterministicCbor.TryDecode(encoding, out var value, out problem, new CborLimits(MaxBytes))
            ? CborFields.Decode(value, "document", T.Read, out problem)
            : null;
        if (document is null)
        {
            problem ??= "not a document";
            return false;
        }
        problem = null;
        return true;
    }

    internal static CborValue Id(Guid id) => id.ToByteArray(bigEndian: true);

    internal static CborValue? Time(DateTimeOffset? time) => time is { } value ? value.ToMicroseconds() : null;

    internal static CborValue? Number(double? number) => number is { } value ? value : null;

    internal static CborValue? Boolean(bool? flag) => flag is { } value ? value : null;

    internal static CborValue? Text(string? text) => text is null ? null : new CborText(text);

    internal static CborValue? Bytes(ReadOnlyMemory<byte>? bytes) => bytes is { } value ? new CborBytes(value) : null;

    internal static CborArray Ids(IEnumerable<Guid> ids) => new([.. ids.Select(Id)]);

    internal static CborArray Hashes(IEnumerable<ReadOnlyMemory<byte>> hashes) => new([.. hashes.Select(hash => new CborBytes(hash))]);

    internal static CborArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => new CborText(text))]);
}
