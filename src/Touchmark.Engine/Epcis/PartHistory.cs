using System.Buffers.Text;
using System.Globalization;
using System.Text.Json.Nodes;
using Touchmark.Engine.Parts;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Engine.Epcis;

/// <summary>
/// A part's history in the words of EPCIS (spec/digital-link.md says which): its print, then the events of its chain of custody. Each names the statement that it was made of; those are the evidence, and this
/// is a reading of them. Custodians appear under the pseudonyms that they have for this part, and places as regions.
/// </summary>
/// <param name="epc">The part's URI.</param>
/// <param name="custodians">Who was admitted to it.</param>
internal sealed class PartHistory(string epc, IEnumerable<CustodianAdmission> custodians)
{
    private readonly Dictionary<string, CustodianAdmission> custodians = custodians.ToDictionary(custodian => custodian.Pseudonym, StringComparer.Ordinal);
    private readonly List<EpcisEvent> events = [];
    private string? holder;
    private bool recalled;

    /// <summary>The print.</summary>
    /// <param name="part">What was printed.</param>
    /// <param name="certificate">SHA-256 of the certificate's envelope.</param>
    public void Begin(Part part, ReadOnlyMemory<byte> certificate) => events.Add(new EpcisEvent
    {
        Time = part.MadeAt.ToUniversalTime(),
        Action = "ADD",
        Epcs = [epc],
        CertificationInfo = NameOf(certificate),
        BizStep = "commissioning",
        Disposition = "active",
        Extensions = new Dictionary<string, string>
        {
            ["partId"] = part.Id.ToString(), ["certificate"] = $"urn:uuid:{part.CertificateId:D}", ["design"] = $"urn:uuid:{part.DesignId:D}", ["material"] = part.Material, ["statement"] = NameOf(certificate),
        },
    });

    /// <summary>The next event of the chain of custody.</summary>
    /// <param name="link">What happened.</param>
    /// <param name="envelope">SHA-256 of its envelope.</param>
    public void Add(CustodyEvent link, ReadOnlyMemory<byte> envelope)
    {
        var signer = custodians.GetValueOrDefault(link.Custodian);
        var common = new EpcisEvent
        {
            Time = link.At.ToUniversalTime(),
            Epcs = [epc],
            ReadPoint = signer is null ? null : $"urn:touchmark:region:{signer.Region}",
            Extensions = Extensions(link, envelope, signer).Where(entry => !string.IsNullOrWhiteSpace(entry.Value)).ToDictionary(entry => entry.Name, entry => entry.Value!),
        };
        events.Add(link.Kind switch
        {
            CustodyEventKind.Manufactured => common with { BizStep = "accepting", Disposition = "active", To = NameOf(link.Custodian) },
            CustodyEventKind.Transferred => common with { BizStep = "shipping", Disposition = "in_transit", From = NameOf(link.Custodian), To = NameOf(link.To!) },
            CustodyEventKind.Received => common with { BizStep = "receiving", Disposition = "in_progress", From = holder, To = NameOf(link.Custodian) },
            CustodyEventKind.Installed => common with { BizStep = "installing" },
            CustodyEventKind.Removed => common with { BizStep = "removing" },
            CustodyEventKind.Inspected when link.Outcome == InspectionOutcome.Passed => common with { BizStep = "inspecting", Disposition = "conformant", Unset = recalled ? "recalled" : null },
            CustodyEventKind.Inspected => common with { BizStep = "inspecting", Disposition = "non_conformant" },
            CustodyEventKind.Maintained => common with { BizStep = "repairing" },
            CustodyEventKind.Recalled => common with { Disposition = "recalled", SetPersistently = "recalled" },
            CustodyEventKind.Scrapped => common with { Action = "DELETE", BizStep = "destroying", Disposition = "destroyed" },
            _ => throw new ArgumentOutOfRangeException(nameof(link), link.Kind, "An event of a kind that EPCIS was not told about."),
        });
        holder = link.Kind is CustodyEventKind.Manufactured or CustodyEventKind.Received ? NameOf(link.Custodian) : holder;
        recalled = link.Kind == CustodyEventKind.Recalled || (recalled && link.Outcome != InspectionOutcome.Passed);
    }

    /// <summary>The history as an EPCIS document in JSON-LD.</summary>
    public JsonObject ToDocument(DateTimeOffset now) => new()
    {
        ["@context"] = new JsonArray("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", new JsonObject { ["touchmark"] = EpcisEvent.Namespace }),
        ["type"] = "EPCISDocument",
        ["schemaVersion"] = "2.0",
        ["creationDate"] = now.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        ["epcisBody"] = new JsonObject { ["eventList"] = new JsonArray([.. events.Select(happened => happened.ToJson())]) },
    };

    private static string NameOf(string pseudonym) => $"urn:touchmark:custodian:{pseudonym}";

    /// <summary>A statement by its hash (RFC 6920).</summary>
    private static string NameOf(ReadOnlyMemory<byte> sha256) => $"ni:///sha-256;{Base64Url.EncodeToString(sha256.Span)}";

    private static IEnumerable<(string Name, string? Value)> Extensions(CustodyEvent link, ReadOnlyMemory<byte> envelope, CustodianAdmission? signer) =>
    [
        ("event", $"urn:uuid:{link.EventId:D}"),
        ("number", link.Number.ToString(CultureInfo.InvariantCulture)),
        ("kind", CustodyEvent.NameOf(link.Kind)),
        ("statement", NameOf(envelope)),
        ("custodian", link.Custodian == Pseudonym.Registry ? null : NameOf(link.Custodian)),
        ("role", signer is null ? null : CustodianAdmission.NameOf(signer.Role)),
        ("into", link.Into),
        ("recall", link.Recall is { } recall ? NameOf(recall) : null),
        ("reason", link.Reason),
        ("note", link.Note),
    ];
}
