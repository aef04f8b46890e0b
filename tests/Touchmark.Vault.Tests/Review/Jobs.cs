using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Review;

namespace Touchmark.Vault.Tests.Review;

/// <summary>Bundles as a site makes them, and the entries of a manifest that they become.</summary>
internal static class Jobs
{
    /// <summary>A Monday, 09:00 UTC.</summary>
    public static readonly DateTimeOffset Monday = new(2026, 11, 2, 9, 0, 0, TimeSpan.Zero);

    private static readonly StatementSigner Signer = new(new Ed25519Signer(new byte[32]), new MlDsa65Signer(new byte[32]), Issuers.OfVault(Guid.Empty));

    /// <summary>The complete bundle of an ordinary job.</summary>
    public static EvidenceBundle Bundle(int number = 1) => new()
    {
        BundleId = new Guid(number, 0, 0, new byte[8]),
        CustomerId = "acme",
        PrinterId = new Guid(1, 1, 1, new byte[8]),
        VaultId = Guid.Empty,
        SignedAt = Monday.AddDays((number % 5) + (number / 5 * 7)),
        MachineCounter = number,
        JobId = $"job {number}",
        GCodeSha256 = new byte[32],
        GCodeBytes = 1000,
        SlicerAttest = new SlicerAttest(SlicerLevel.SelfIdentified, "the toolpath says so") { Name = "PrusaSlicer", Version = "2.5.0" },
        FirmwareSha256 = new byte[32],
        Firmware = new FirmwareStanding(FirmwareState.Unapproved, [], "nobody approved it"),
        SensorEnvelope = new Dictionary<string, SensorRange> { ["chamber"] = new(20 + (number % 3), 42 + (number % 3), 38 + (number % 3), "degC", 100) },
        OperatorBinding = new OperatorBinding("https://id.acme.example", "ada", new byte[32], new byte[64]),
        TwinCertRef = new TwinReference(Guid.Empty, new byte[32]),
        DegradedReasons = ["nobody approved it"],
        KeyCustody = new KeyCustodies(KeyCustody.Token, KeyCustody.Software),
        Models = [],
        Signals = [],
        StartedAt = Monday.AddDays((number % 5) + (number / 5 * 7)),
        EndedAt = Monday.AddDays((number % 5) + (number / 5 * 7)).AddHours(1),
        Material = "PLA",
    };

    public static Observation Observation(EvidenceBundle bundle, double layer = 0.2, string profile = "0.20mm QUALITY (00)") =>
        Touchmark.Vault.Review.Observation.Of(bundle) with { Profile = profile, Toolpath = new Dictionary<string, double> { ["layer height, mm"] = layer } };

    public static ManifestEntry Entry<T>(long index, T document)
        where T : class, IDocument<T>
    {
        var signed = Signer.Sign(document, Monday);
        return new ManifestEntry(index, signed.Envelope, Statement.TryParse(signed.Envelope, out var statement, out _) ? statement : throw new InvalidOperationException(), signed.ToPart().Document);
    }
}
