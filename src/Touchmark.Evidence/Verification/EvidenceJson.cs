using System.Text.Encodings.Web;
using System.Text.Json;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification;

/// <summary>
/// The JSON view of an evidence file: every field of every statement and document, under the names that they have in CBOR (spec/certificate.md, JSON).
/// It is for reading: nothing is signed over JSON, and nothing verifies it.
/// </summary>
public static class EvidenceJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>UTF-8. A part that cannot be read is shown with its problem instead of its fields.</summary>
    public static byte[] Write(EvidenceFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            if (file.Checkpoint is { } checkpoint)
            {
                writer.WriteString("checkpoint", checkpoint.Encode());
            }
            writer.WritePropertyName(IsCertificate(file.Subject) ? "certificate" : "subject");
            WritePart(writer, file.Subject);
            writer.WriteStartArray("related");
            foreach (var part in file.Related)
            {
                WritePart(writer, part);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <summary>The same of one statement on its own. UTF-8.</summary>
    public static byte[] Write(StatementPart part)
    {
        ArgumentNullException.ThrowIfNull(part);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            WritePart(writer, part);
        }
        return buffer.ToArray();
    }

    private static void WritePart(Utf8JsonWriter writer, StatementPart part)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("statement");
        if (Statement.TryParse(part.Envelope, out var statement, out var problem))
        {
            WriteStatement(writer, statement);
            writer.WritePropertyName("document");
            if (DeterministicCbor.TryDecode(part.Document ?? statement.Payload, out var document, out problem, new CborLimits(Document.MaxBytes)))
            {
                WriteValue(writer, "", document);
            }
            else
            {
                WriteProblem(writer, problem);
            }
        }
        else
        {
            WriteProblem(writer, problem);
        }
        if (part.Proof is { } proof)
        {
            WriteProof(writer, proof);
        }
        writer.WriteEndObject();
    }

    private static bool IsCertificate(StatementPart part) => !Statement.TryParse(part.Envelope, out var statement, out _) || statement.ContentType == PrintCertificate.ContentType;

    private static void WriteProof(Utf8JsonWriter writer, InclusionProof proof)
    {
        writer.WriteStartObject("proof");
        writer.WriteNumber("index", proof.Index);
        writer.WriteStartArray("hashes");
        foreach (var hash in proof.Hashes)
        {
            writer.WriteStringValue(StatementVerifier.Hex(hash.ToArray()));
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteStatement(Utf8JsonWriter writer, Statement statement)
    {
        writer.WriteStartObject();
        writer.WriteString("sha256", StatementVerifier.Hex(statement.Sha256));
        writer.WriteString("content_type", statement.ContentType);
        writer.WriteString("issuer", statement.Issuer);
        writer.WriteString("subject", statement.Subject);
        if (statement.IssuedAt is { } issued)
        {
            writer.WriteString("issued_at", issued);
        }
        if (statement.SessionMac is { } mac)
        {
            writer.WriteString("session_mac", StatementVerifier.Hex(mac));
        }
        writer.WriteBoolean("hash_envelope", statement.IsHashEnvelope);
        WriteSignature(writer, "signature", statement.Primary);
        WriteSignature(writer, "shadow_signature", statement.Shadow);
        writer.WriteEndObject();
    }

    private static void WriteSignature(Utf8JsonWriter writer, string name, StatementSignature signature)
    {
        writer.WriteStartObject(name);
        writer.WriteString("algorithm", TrustStoreJson.NameOf(signature.Algorithm));
        writer.WriteString("key_id", StatementVerifier.Hex(signature.KeyId));
        writer.WriteString("value", StatementVerifier.Hex(signature.Signature));
        writer.WriteEndObject();
    }

    /// <summary>Times by their names, ids by their length, hashes and keys as hexadecimal.</summary>
    private static void WriteValue(Utf8JsonWriter writer, string name, CborValue value)
    {
        switch (value)
        {
            case CborMap map:
                writer.WriteStartObject();
                foreach (var (key, member) in map.Entries)
                {
                    var text = key is CborText { Value: var label } ? label : Convert.ToHexStringLower(DeterministicCbor.Encode(key));
                    writer.WritePropertyName(text);
                    WriteValue(writer, text, member);
                }
                writer.WriteEndObject();
                break;
            case CborArray array:
                WriteArray(writer, name, array.Items);
                break;
            case CborBytes { Value: var ivs } when name == "segment_ivs" && ivs.Length % PrintCertificate.IvLength == 0:
                WriteArray(writer, "", [.. Enumerable.Range(0, ivs.Length / PrintCertificate.IvLength)
                    .Select(i => new CborBytes(ivs.Slice(i * PrintCertificate.IvLength, PrintCertificate.IvLength)))]);
                break;
            case CborBytes { Value: { Length: 16 } id }:
                writer.WriteStringValue(new Guid(id.Span, bigEndian: true));
                break;
            case CborBytes bytes:
                writer.WriteStringValue(StatementVerifier.Hex(bytes.Value));
                break;
            case CborInteger { Value: { } time } when (name is "at" or "printed_from" or "printed_to" or "valid_from" or "valid_until" || name.EndsWith("_at", StringComparison.Ordinal)) && time >= 0 && time <= CborTime.Latest:
                writer.WriteStringValue(CborTime.FromMicroseconds(time));
                break;
            case CborInteger integer:
                writer.WriteRawValue(integer.ToString());
                break;
            case CborFloat { Value: var number } when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case CborText text:
                writer.WriteStringValue(text.Value);
                break;
            case CborBoolean boolean:
                writer.WriteBooleanValue(boolean.Value);
                break;
            case CborTagged tagged:
                WriteValue(writer, name, tagged.Content);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    private static void WriteArray(Utf8JsonWriter writer, string name, IReadOnlyList<CborValue> items)
    {
        writer.WriteStartArray();
        foreach (var item in items)
        {
            WriteValue(writer, name, item);
        }
        writer.WriteEndArray();
    }

    private static void WriteProblem(Utf8JsonWriter writer, string problem)
    {
        writer.WriteStartObject();
        writer.WriteString("problem", problem);
        writer.WriteEndObject();
    }
}
