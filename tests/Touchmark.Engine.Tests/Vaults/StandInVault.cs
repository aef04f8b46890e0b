using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Tests.Vaults;

/// <summary>A vault with keys in memory, certified by a customer's root, as a gateway hands its statements on.</summary>
internal sealed class StandInVault(Guid printerId, TimeProvider time) : IDisposable
{
    private const string Customer = "customer.example";

    private readonly Ed25519Signer rootEd25519 = new(Enumerable.Repeat((byte)1, 32).ToArray());
    private readonly MlDsa65Signer rootMlDsa65 = new(Enumerable.Repeat((byte)2, 32).ToArray());
    private readonly Ed25519Signer ed25519 = new(Enumerable.Repeat((byte)3, 32).ToArray());
    private readonly MlDsa65Signer mlDsa65 = new(Enumerable.Repeat((byte)4, 32).ToArray());

    private byte[] signed = [];

    public Guid VaultId { get; } = new("0198a5f3-c0de-7000-8000-00000000000f");

    /// <summary>What a reader pins to check the vault's word.</summary>
    public IReadOnlyList<TrustedKey> Root =>
        [.. new ISigner[] { rootEd25519, rootMlDsa65 }.Select(key => new TrustedKey(Issuers.OfCustomer(Customer), key.Algorithm, key.PublicKey, time.GetUtcNow().AddDays(-1), null))];

    /// <summary>Changes a bundle before it is signed.</summary>
    public Func<EvidenceBundle, EvidenceBundle> Bundle { get; set; } = bundle => bundle;

    /// <summary>Changes an endorsement before it is signed.</summary>
    public Func<CertificateEndorsement, CertificateEndorsement> Endorsement { get; set; } = endorsement => endorsement;

    /// <summary>Changes a decision on a finding before it is signed.</summary>
    public Func<FindingReview, FindingReview> Review { get; set; } = review => review;

    /// <summary>Why it takes no decision; null while it does.</summary>
    public (string Code, string Text)? Refusal { get; set; }

    /// <summary>The frame that answers an order.</summary>
    public ReadOnlyMemory<byte> Answer(byte[] frame) =>
        BundleOrder.TryDecode(frame) is { } bundle ? Sign(bundle) : ReviewOrder.TryDecode(frame) is { } review ? Decide(review) : Endorse(EndorsementOrder.TryDecode(frame)!);

    public void Dispose()
    {
        rootEd25519.Dispose();
        rootMlDsa65.Dispose();
        ed25519.Dispose();
        mlDsa65.Dispose();
    }

    private ReadOnlyMemory<byte> Decide(ReviewOrder order)
    {
        if (Refusal is var (code, text))
        {
            return new VaultRefusal(order.OrderId, code, text).Encode();
        }

        var now = time.GetUtcNow();
        return new ReviewReport(order.OrderId, Signer.Sign(Review(new FindingReview
        {
            ReviewId = Guid.CreateVersion7(now), CustomerId = Customer, BundleSha256 = SHA256.HashData(signed), BundleId = order.BundleId, Signal = order.Signal, Accepts = order.Accepts, Comment = order.Comment,
            Reviewer = $"uid:1000 for {order.Who}", At = now,
        }), now).Envelope).Encode();
    }

    private ReadOnlyMemory<byte> Sign(BundleOrder order)
    {
        var now = time.GetUtcNow();
        signed = Signer.Sign(Bundle(new EvidenceBundle
        {
            BundleId = Guid.CreateVersion7(now), CustomerId = Customer, PrinterId = printerId, VaultId = VaultId, SignedAt = now, MachineCounter = 1, JobId = order.JobId.ToString("D"),
            GCodeSha256 = order.GCodeSha256, GCodeBytes = (long)order.GCodeBytes, SlicerAttest = new SlicerAttest(SlicerLevel.Unknown, "Nothing was shown."), Firmware = new FirmwareStanding(FirmwareState.Unknown, [], "It was not read."),
            SensorEnvelope = new Dictionary<string, SensorRange>(), DegradedReasons = ["The firmware is not known."], KeyCustody = new KeyCustodies(KeyCustody.Software, KeyCustody.Software), Models = [], Signals = [],
        }), now).Envelope.ToArray();
        return new BundleReport(order.JobId, signed).Encode();
    }

    private ReadOnlyMemory<byte> Endorse(EndorsementOrder order)
    {
        var now = time.GetUtcNow();
        var endorsement = Endorsement(new CertificateEndorsement { CertificateId = order.CertificateId, CertificateSha256 = order.CertificateSha256, VaultId = VaultId, BundleSha256 = order.BundleSha256, At = now });
        var root = new StatementSigner(rootEd25519, rootMlDsa65, Issuers.OfCustomer(Customer));
        var (primary, shadow) = (Key(ed25519), Key(mlDsa65));
        var certificate = root.Sign(new VaultCertificate
        {
            VaultId = VaultId, CustomerId = Customer, PrinterId = printerId, RequestSha256 = SHA256.HashData("request"u8), Keys = new VaultKeySet(primary, shadow, primary, shadow),
            Token = new TokenFacts("Nobody", "Memory", "1", "none"), ValidFrom = now.AddDays(-1),
        }, now);
        return new EndorsementReport(order.JobId, Signer.Sign(endorsement, now).Envelope, certificate.Envelope).Encode();
    }

    private StatementSigner Signer => new(ed25519, mlDsa65, Issuers.OfVault(VaultId));

    private static VaultKey Key(ISigner signer) => new(signer.Algorithm, signer.PublicKey, KeyCustody.Software);
}
