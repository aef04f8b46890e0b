using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests;

/// <summary>A customer with fixed keys: a root, three officers, a vault, and one print that it signed: what the tests of the vault's documents start from.</summary>
internal sealed partial class VaultWorkshop : IDisposable
{
    public const string CustomerId = "falkner.example";

    private readonly List<IDisposable> _keys = [];

    public VaultWorkshop()
    {
        (Root, RootEd25519, RootMlDsa65) = Signer("root", Issuers.OfCustomer(CustomerId));
        (Anna, AnnaEd25519, AnnaMlDsa65) = Signer("anna", Issuers.OfOfficer(Workshop.Id(41)));
        (Bert, BertEd25519, BertMlDsa65) = Signer("bert", Issuers.OfOfficer(Workshop.Id(42)));
        (Vault, Primary, Shadow) = Signer("vault", Issuers.OfVault(VaultId));
        (_, ManifestEd25519, ManifestMlDsa65) = Signer("the manifest", "");
    }

    public static Guid VaultId { get; } = Workshop.Id(40);

    public static DateTimeOffset Signed { get; } = Workshop.Started.AddMinutes(32);

    public StatementSigner Root { get; }

    public ISigner RootEd25519 { get; }

    public ISigner RootMlDsa65 { get; }

    public StatementSigner Anna { get; }

    public StatementSigner Bert { get; }

    public StatementSigner Vault { get; }

    public ISigner Primary { get; }

    public ISigner Shadow { get; }

    public ISigner ManifestEd25519 { get; }

    public ISigner ManifestMlDsa65 { get; }

    private ISigner AnnaEd25519 { get; }

    private ISigner AnnaMlDsa65 { get; }

    private ISigner BertEd25519 { get; }

    private ISigner BertMlDsa65 { get; }

    /// <summary>The root and nothing else.</summary>
    public TrustStore Trust => new([Workshop.Key(RootEd25519, Root.Issuer), Workshop.Key(RootMlDsa65, Root.Issuer)]);

    public VaultKeySet Keys => new(
        new(Primary.Algorithm, Primary.PublicKey, KeyCustody.Token), new(Shadow.Algorithm, Shadow.PublicKey, KeyCustody.Software),
        new(ManifestEd25519.Algorithm, ManifestEd25519.PublicKey, KeyCustody.Token), new(ManifestMlDsa65.Algorithm, ManifestMlDsa65.PublicKey, KeyCustody.Software));

    public static TokenFacts Token { get; } = new("SoftHSM project", "SoftHSM v2", "7f3a9c0012d4e6b1", "libsofthsm2 2.6");

    public VaultKeyRequest Request => new()
    {
        VaultId = VaultId, CustomerId = CustomerId, PrinterId = Workshop.Id(3), Keys = Keys, Token = Token, RequestedAt = Workshop.Started.AddDays(-8),
    };

    public VaultCertificate Certificate => new()
    {
        VaultId = VaultId, CustomerId = CustomerId, PrinterId = Workshop.Id(3), RequestSha256 = Workshop.Bytes("request"), Keys = Keys, Token = Token,
        ValidFrom = Workshop.Started.AddDays(-7),
    };

    public OfficerAppointment AppointmentOfAnna => Appointment(Workshop.Id(41), "Anna Falkner", AnnaEd25519, AnnaMlDsa65, OfficerRole.Custodian, OfficerRole.Firmware, OfficerRole.Slicer);

    public OfficerAppointment AppointmentOfBert => Appointment(Workshop.Id(42), "Bert Olsen", BertEd25519, BertMlDsa65, OfficerRole.Witness, OfficerRole.Firmware);

    public KeyRevocation Revocation => new()
    {
        RevocationId = Workshop.Id(43), CustomerId = CustomerId, RevokedStatement = Workshop.Bytes("certificate"), Holder = VaultId, RevokedAt = Signed.AddDays(1),
        Reason = KeyRevocationReason.Compromised, Note = "The printer was stolen.",
    };

    public CeremonyRecord Ceremony => new()
    {
        CeremonyId = Workshop.Id(44), Kind = CeremonyKind.Enrol, CustomerId = CustomerId, VaultId = VaultId, At = Workshop.Started.AddDays(-7), Place = "Hall 3",
        Custodian = Workshop.Id(41), Witness = Workshop.Id(42), Steps = [new(Workshop.Started.AddDays(-8), "The keys were made in the token.")], Token = Token,
        CertificateSha256 = Workshop.Bytes("certificate"), RootPin = RootPin.Of(RootEd25519.PublicKey.Span, RootMlDsa65.PublicKey.Span).ToString(),
    };

    public static SlicerManifest SlicerManifest { get; } = new()
    {
        ManifestId = Workshop.Id(45), CustomerId = CustomerId, Slicer = "PrusaSlicer", Version = "2.8.1", Platform = "linux-x64", Publisher = "Prusa Research, from its release page",
        Files = [new("bin/prusa-slicer", 61_222_904, Workshop.Bytes("slicer")), new("resources/profiles/Voron.ini", 2_114, Workshop.Bytes("profile"))],
        MadeAt = Workshop.Started.AddDays(-6),
    };

    public static FirmwareApproval Approval { get; } = new()
    {
        ApprovalId = Workshop.Id(46), CustomerId = CustomerId, ImageSha256 = Workshop.Bytes("firmware"), Name = "Klipper", Version = "v0.13.0", Board = "stm32h723",
        PrinterIds = [Workshop.Id(3)], ApprovedAt = Workshop.Started.AddDays(-5),
    };

    public static TwinCertificate Draft { get; } = new()
    {
        TwinId = Workshop.Id(48), CustomerId = CustomerId, MadeAt = Workshop.Started.AddHours(-2),
        AsDesigned = new(Workshop.Bytes("design")) { ProfileSha256 = Workshop.Bytes("profile"), Name = "Bracket", Revision = "C" },
        AsSliced = new(Workshop.Bytes("toolpath"), "PrusaSlicer 2.8.1"),
    };

    /// <summary>The bundle with everything that one can have but a twin.</summary>
    public EvidenceBundle Bundle => new()
    {
        BundleId = Workshop.Id(50), CustomerId = CustomerId, PrinterId = Workshop.Id(3), VaultId = VaultId, SignedAt = Signed, MachineCounter = 17, Previous = Workshop.Bytes("bundle 16"),
        JobId = "werk-nord/2026-0417", GCodeSha256 = Workshop.Bytes("toolpath"), GCodeBytes = 1_204_551,
        SlicerAttest = new(SlicerLevel.Attested, "The file names a build that is in the manifest.")
        {
            Name = "PrusaSlicer", Version = "2.8.1", BuildSha256 = Workshop.Bytes("slicer"), ManifestSha256 = Workshop.Bytes("slicer manifest"),
        },
        FirmwareSha256 = Workshop.Bytes("firmware"),
        Firmware = new(FirmwareState.Approved, [Workshop.Bytes("approval 1"), Workshop.Bytes("approval 2")], null),
        SensorEnvelope = new Dictionary<string, SensorRange>
        {
            ["chamber"] = new(41.5, 47.25, 45, "°C", 1860), ["humidity"] = new(11, 14.5, 12.25, "%", 1860), ["oxygen"] = new(20.5, 21, 20.75, "%", 310),
        },
        OperatorBinding = Operator(Workshop.Id(50)),
        DegradedReasons = [],
        KeyCustody = new(KeyCustody.Token, KeyCustody.Software),
        Models = [new("sensor-anomaly", "1.0", Workshop.Bytes("model"))],
        Signals = [new("sensor-anomaly", 0.125, "Every channel is as always.", [new("chamber", "45 °C")])],
        StartedAt = Workshop.Started, EndedAt = Workshop.Started.AddMinutes(31), Material = "PETG", Note = "Second shift.",
    };

    public static FindingReview Review { get; } = new()
    {
        ReviewId = Workshop.Id(51), CustomerId = CustomerId, BundleSha256 = Workshop.Bytes("bundle"), BundleId = Workshop.Id(50), Signal = "sensor-anomaly", Accepts = false,
        Comment = "The door was open.", Reviewer = "anna@falkner.example", At = Signed.AddHours(1),
    };

    public static CertificateEndorsement Endorsement { get; } = new()
    {
        CertificateId = Workshop.Id(5), CertificateSha256 = Workshop.Bytes("print certificate"), VaultId = VaultId, BundleSha256 = Workshop.Bytes("bundle"), At = Signed.AddMinutes(1),
    };

    public static TwinCertificate Completion(ReadOnlyMemory<byte> draft, ReadOnlyMemory<byte> bundle) =>
        Draft with { MadeAt = Signed.AddSeconds(1), AsBuilt = new(bundle, Workshop.Id(50), null), DraftSha256 = draft };

    /// <summary>An operator's session, bound to a bundle by the vault's primary key.</summary>
    public OperatorBinding Operator(Guid bundleId)
    {
        var token = Workshop.Bytes("session token");
        var signature = new byte[64];
        Primary.Sign(OperatorBinding.Message(token, bundleId), signature);
        return new("https://id.falkner.example", "olga", token, signature);
    }

    public void Dispose() => _keys.ForEach(key => key.Dispose());

    private static OfficerAppointment Appointment(Guid id, string name, ISigner ed25519, ISigner mlDsa65, params OfficerRole[] roles) => new()
    {
        OfficerId = id, CustomerId = CustomerId, Name = name, Roles = roles, Ed25519Key = ed25519.PublicKey, MlDsa65Key = mlDsa65.PublicKey, ValidFrom = Workshop.Started.AddDays(-9),
    };

    private (StatementSigner Signer, ISigner Ed25519, ISigner MlDsa65) Signer(string name, string issuer)
    {
        var (primary, shadow) = (new Ed25519Signer(Workshop.Bytes($"primary key of {name}")), new MlDsa65Signer(Workshop.Bytes($"shadow key of {name}")));
        _keys.AddRange([primary, shadow]);
        return (new(primary, shadow, issuer), primary, shadow);
    }
}
