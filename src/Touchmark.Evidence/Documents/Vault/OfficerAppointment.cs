using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>What an officer may do. The names on the wire are frozen.</summary>
public enum OfficerRole
{
    /// <summary>Leads ceremonies.</summary>
    Custodian,

    /// <summary>Watches ceremonies.</summary>
    Witness,

    /// <summary>Accepts or rejects findings.</summary>
    Reviewer,

    /// <summary>Approves firmware images.</summary>
    Firmware,

    /// <summary>Signs manifests of slicer builds.</summary>
    Slicer,

    /// <summary>Says which operators may sign.</summary>
    OperatorAdmin,
}

/// <summary>A customer appoints a person. Signed by the customer's root.</summary>
public sealed record OfficerAppointment : IDocument<OfficerAppointment>
{
    private static readonly (OfficerRole, string)[] RoleNames =
    [
        (OfficerRole.Custodian, "custodian"), (OfficerRole.Witness, "witness"), (OfficerRole.Reviewer, "reviewer"),
        (OfficerRole.Firmware, "firmware"), (OfficerRole.Slicer, "slicer"), (OfficerRole.OperatorAdmin, "operator_admin"),
    ];

    public static string ContentType => "application/vnd.touchmark.officer-appointment+cbor";

    public required Guid OfficerId { get; init; }

    public required string CustomerId { get; init; }

    public required string Name { get; init; }

    /// <summary>At least one, each once.</summary>
    public required IReadOnlyList<OfficerRole> Roles { get; init; }

    /// <summary>32 bytes.</summary>
    public required ReadOnlyMemory<byte> Ed25519Key { get; init; }

    /// <summary>1,952 bytes.</summary>
    public required ReadOnlyMemory<byte> MlDsa65Key { get; init; }

    public required DateTimeOffset ValidFrom { get; init; }

    public DateTimeOffset? ValidUntil { get; init; }

    public string Subject => $"officer-appointment/{OfficerId:D}";

    /// <summary>The keys that the officer signs with, as a verifier believes them.</summary>
    public IReadOnlyList<TrustedKey> Keys =>
    [
        new(Issuers.OfOfficer(OfficerId), SignatureAlgorithm.Ed25519, Ed25519Key, ValidFrom, ValidUntil),
        new(Issuers.OfOfficer(OfficerId), SignatureAlgorithm.MlDsa65, MlDsa65Key, ValidFrom, ValidUntil),
    ];

    /// <summary>The name of a role on the wire.</summary>
    public static string NameOf(OfficerRole role) => Wire.NameOf(RoleNames, role);

    /// <summary>The role of this name, or null.</summary>
    public static OfficerRole? RoleOf(string name)
    {
        foreach (var (role, known) in RoleNames)
        {
            if (known == name)
            {
                return role;
            }
        }
        return null;
    }

    public CborMap ToCbor() => CborMap.Of(
        ("officer_id", Document.Id(OfficerId)),
        ("customer_id", CustomerId),
        ("name", Name),
        ("roles", Document.Texts(Roles.Select(NameOf))),
        ("ed25519_key", Ed25519Key),
        ("ml_dsa_65_key", MlDsa65Key),
        ("valid_from", Document.Time(ValidFrom)),
        ("valid_until", Document.Time(ValidUntil)));

    public static OfficerAppointment Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var roles = fields.Texts("roles", RoleNames.Length);
        if (roles.Count == 0 || roles.Any(role => RoleOf(role) is null) || roles.Distinct(StringComparer.Ordinal).Count() < roles.Count)
        {
            fields.Refuse("roles", "not one or more roles, each once");
        }
        var appointment = new OfficerAppointment
        {
            OfficerId = fields.Id("officer_id"),
            CustomerId = Issuers.ReadCustomerId(fields),
            Name = fields.Text("name"),
            Roles = [.. roles.Select(role => RoleOf(role) ?? OfficerRole.Witness)],
            Ed25519Key = fields.Bytes("ed25519_key", Ed25519.PublicKeySize),
            MlDsa65Key = fields.Bytes("ml_dsa_65_key", MlDsa65.PublicKeySize),
            ValidFrom = fields.Time("valid_from"),
            ValidUntil = fields.OptionalTime("valid_until"),
        };
        if (appointment.ValidUntil <= appointment.ValidFrom)
        {
            fields.Refuse("valid_until", "not after valid_from");
        }
        return appointment;
    }
}
