using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Parts;

namespace Touchmark.Evidence.Documents;

/// <summary>What a custodian is to a part. The names on the wire are frozen.</summary>
public enum CustodianRole
{
    Manufacturer,
    Owner,
    Carrier,
    Dealer,
    Operator,
    Maintainer,
    Inspector,
    Recycler,
}

/// <summary>A custodian's legal identity, sealed to one regulator. Only that regulator can open it.</summary>
/// <param name="Regulator">SHA-256 of the regulator's X.509 certificate.</param>
/// <param name="Sealed">Opaque to everybody else, up to <see cref="CustodianAdmission.MaxSealed"/> bytes.</param>
public sealed record SealedIdentity(ReadOnlyMemory<byte> Regulator, ReadOnlyMemory<byte> Sealed);

/// <summary>The registry knows who stands behind a pseudonym under one part, and says in which role and region. Signed by the registry.</summary>
public sealed record CustodianAdmission : IDocument<CustodianAdmission>
{
    /// <summary>Longest sealed identity, bytes.</summary>
    public const int MaxSealed = 4096;

    /// <summary>Most regulators that one identity is sealed to.</summary>
    public const int MaxRegulators = 16;

    private static readonly (CustodianRole, string)[] Roles =
    [
        (CustodianRole.Manufacturer, "manufacturer"), (CustodianRole.Owner, "owner"), (CustodianRole.Carrier, "carrier"), (CustodianRole.Dealer, "dealer"),
        (CustodianRole.Operator, "operator"), (CustodianRole.Maintainer, "maintainer"), (CustodianRole.Inspector, "inspector"), (CustodianRole.Recycler, "recycler"),
    ];

    public static string ContentType => "application/vnd.touchmark.custodian-admission+cbor";

    public required PartId PartId { get; init; }

    /// <summary>That of the two keys (<see cref="Parts.Pseudonym.Of"/>).</summary>
    public required string Pseudonym { get; init; }

    public required CustodianRole Role { get; init; }

    /// <summary>Two capital letters: a country by ISO 3166-1, or <c>EU</c>.</summary>
    public required string Region { get; init; }

    /// <summary>32 bytes.</summary>
    public required ReadOnlyMemory<byte> Ed25519Key { get; init; }

    /// <summary>1,952 bytes.</summary>
    public required ReadOnlyMemory<byte> MlDsa65Key { get; init; }

    public required DateTimeOffset AdmittedAt { get; init; }

    /// <summary>Empty where there is no regulator.</summary>
    public IReadOnlyList<SealedIdentity> SealedIdentity { get; init; } = [];

    public string Subject => $"custodian-admission/{PartId.Value}/{Pseudonym}";

    /// <summary>The name of a role on the wire, in JSON and for people.</summary>
    public static string NameOf(CustodianRole role) => Wire.NameOf(Roles, role);

    public CborMap ToCbor() => CborMap.Of(
        ("part_id", PartId.Value),
        ("pseudonym", Pseudonym),
        ("role", NameOf(Role)),
        ("region", Region),
        ("ed25519_key", Ed25519Key),
        ("ml_dsa_65_key", MlDsa65Key),
        ("admitted_at", Document.Time(AdmittedAt)),
        ("sealed_identity", SealedIdentity.Count == 0 ? null : new CborArray([.. SealedIdentity.Select(identity =>
            CborMap.Of(("regulator", identity.Regulator), ("sealed", identity.Sealed)))])));

    public static CustodianAdmission Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var admission = new CustodianAdmission
        {
            PartId = PartId.Read(fields, "part_id"),
            Pseudonym = Parts.Pseudonym.Read(fields, "pseudonym"),
            Role = fields.Choice("role", Roles),
            Region = fields.Text("region", 2),
            Ed25519Key = fields.Bytes("ed25519_key", Ed25519.PublicKeySize),
            MlDsa65Key = fields.Bytes("ml_dsa_65_key", MlDsa65.PublicKeySize),
            AdmittedAt = fields.Time("admitted_at"),
            SealedIdentity = !fields.Has("sealed_identity") ? [] : fields.Maps("sealed_identity", MaxRegulators, identity =>
                new SealedIdentity(identity.Bytes("regulator", 32), identity.Bytes("sealed", 1, MaxSealed))),
        };
        if (admission.Region is not [>= 'A' and <= 'Z', >= 'A' and <= 'Z'])
        {
            fields.Refuse("region", "not two capital letters");
        }
        if (admission.Pseudonym != Parts.Pseudonym.Of(admission.Ed25519Key.Span, admission.MlDsa65Key.Span))
        {
            fields.Refuse("pseudonym", "not that of the keys");
        }
        if (admission.SealedIdentity.Count == 0 && fields.Has("sealed_identity"))
        {
            fields.Refuse("sealed_identity", "empty");
        }
        return admission;
    }
}
