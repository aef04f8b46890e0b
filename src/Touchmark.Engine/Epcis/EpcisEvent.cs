using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Touchmark.Engine.Epcis;

/// <summary>
/// An ObjectEvent of EPCIS 2.0 (ISO/IEC 19987) about single things, with words of the Core Business Vocabulary 2.0 (ISO/IEC 19988). Its id is computed from its content, so whoever exports it again gets
/// the same one.
/// </summary>
internal sealed record EpcisEvent
{
    /// <summary>The namespace of what the standard has no field for.</summary>
    public const string Namespace = "urn:touchmark:epcis:";

    private const string Type = "ObjectEvent";
    private const string Prefix = "touchmark:";
    private const string Cbv = "https://ref.gs1.org/cbv/";

    /// <summary>When and in which time zone; written to the millisecond.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>ADD when it comes into being, DELETE when it ends, OBSERVE between.</summary>
    public string Action { get; init; } = "OBSERVE";

    /// <summary>URIs of the things that it is about; GS1 keys as canonical Digital Links.</summary>
    public required IReadOnlyList<string> Epcs { get; init; }

    public string? CertificationInfo { get; init; }

    /// <summary>A business step of the vocabulary, bare.</summary>
    public string? BizStep { get; init; }

    /// <summary>A disposition of the vocabulary, bare, like those of <see cref="SetPersistently"/> and <see cref="Unset"/>.</summary>
    public string? Disposition { get; init; }

    /// <summary>A disposition that stays until it is unset.</summary>
    public string? SetPersistently { get; init; }

    public string? Unset { get; init; }

    /// <summary>URI of where it happened.</summary>
    public string? ReadPoint { get; init; }

    /// <summary>URI of who had it before.</summary>
    public string? From { get; init; }

    /// <summary>URI of who has it then, or is to have it.</summary>
    public string? To { get; init; }

    /// <summary>What the standard has no field for, by local name.</summary>
    public IReadOnlyDictionary<string, string> Extensions { get; init; } = new Dictionary<string, string>();

    /// <summary>The event hash id of the Core Business Vocabulary 2.0, section 8.9.</summary>
    public string Id => $"ni:///sha-256;{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(PreHash())))}?ver=CBV2.0";

    private string Offset => Time.Offset.ToString((Time.Offset < TimeSpan.Zero ? "'-'" : "'+'") + @"hh\:mm", CultureInfo.InvariantCulture);

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["eventID"] = Id,
            ["type"] = Type,
            ["eventTime"] = Text(Time, "yyyy-MM-dd'T'HH:mm:ss.fffzzz"),
            ["eventTimeZoneOffset"] = Offset,
        };
        Put("certificationInfo", CertificationInfo);
        json["epcList"] = new JsonArray([.. Epcs]);
        json["action"] = Action;
        Put("bizStep", BizStep);
        Put("disposition", Disposition);
        if (SetPersistently is not null || Unset is not null)
        {
            var persistent = new JsonObject();
            json["persistentDisposition"] = persistent;
            PutInto(persistent, "set", SetPersistently is null ? null : new JsonArray(SetPersistently));
            PutInto(persistent, "unset", Unset is null ? null : new JsonArray(Unset));
        }

        PutInto(json, "readPoint", ReadPoint is null ? null : new JsonObject { ["id"] = ReadPoint });
        PutInto(json, "sourceList", Party("source", From));
        PutInto(json, "destinationList", Party("destination", To));
        foreach (var (name, value) in Extensions)
        {
            json[Prefix + name] = value;
        }

        return json;

        void Put(string name, string? value) => PutInto(json, name, value);
    }

    /// <summary>
    /// What is hashed: every field that is there, in the vocabulary's order and with its words in full, nothing between them. In lists of parties the type comes first, as the standard and its implementations
    /// have it, and sources come before destinations, as the standard has it (the reference implementation has them the other way round).
    /// </summary>
    internal string PreHash()
    {
        var text = new StringBuilder();
        Append("eventType", Type);
        Append("eventTime", Text(Time.ToUniversalTime(), "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));
        Append("eventTimeZoneOffset", Offset);
        Append("certificationInfo", CertificationInfo);
        text.Append("epcList");
        foreach (var epc in Epcs.Order(StringComparer.Ordinal))
        {
            Append("epc", epc);
        }

        Append("action", Action);
        Append("bizStep", BizStep is null ? null : $"{Cbv}BizStep-{BizStep}");
        Append("disposition", Term(Disposition));
        text.Append(SetPersistently is null && Unset is null ? "" : "persistentDisposition");
        Append("set", Term(SetPersistently));
        Append("unset", Term(Unset));
        text.Append(ReadPoint is null ? "" : "readPoint");
        Append("id", ReadPoint);
        text.Append(From is null ? "" : $"sourceListtype={Cbv}SDT-possessing_party");
        Append("source", From);
        text.Append(To is null ? "" : $"destinationListtype={Cbv}SDT-possessing_party");
        Append("destination", To);
        foreach (var (name, value) in Extensions.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            Append($"{{{Namespace}}}{name}", value);
        }

        return text.ToString();

        void Append(string name, string? value) => text.Append(value is null ? "" : $"{name}={value.Trim()}");

        static string? Term(string? disposition) => disposition is null ? null : $"{Cbv}Disp-{disposition}";
    }

    /// <summary>Rounded to the millisecond, half of one upwards (rule 9 of the hash).</summary>
    private static string Text(DateTimeOffset time, string format)
    {
        const long millisecond = TimeSpan.TicksPerMillisecond;
        return new DateTimeOffset((time.Ticks + millisecond / 2) / millisecond * millisecond, time.Offset).ToString(format, CultureInfo.InvariantCulture);
    }

    private static void PutInto(JsonObject json, string name, JsonNode? value)
    {
        if (value is not null)
        {
            json[name] = value;
        }
    }

    private static JsonArray? Party(string name, string? uri) => uri is null ? null : new JsonArray(new JsonObject { ["type"] = "possessing_party", [name] = uri });
}
