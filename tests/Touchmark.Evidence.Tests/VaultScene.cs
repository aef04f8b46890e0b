using System.Security.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Tests;

/// <summary>What is otherwise than it should be in an evidence file about a bundle; nothing, unless it is said.</summary>
internal sealed record VaultScene
{
    public Func<EvidenceBundle, EvidenceBundle> Bundle { get; init; } = bundle => bundle;

    public Func<VaultCertificate, VaultCertificate> Certificate { get; init; } = certificate => certificate;

    public Func<OfficerAppointment, OfficerAppointment> Officer { get; init; } = appointment => appointment;

    public Func<FirmwareApproval, FirmwareApproval> Approval { get; init; } = approval => approval;

    public Func<SlicerManifest, SlicerManifest> Slicer { get; init; } = manifest => manifest;

    public Func<TwinCertificate, TwinCertificate> Draft { get; init; } = draft => draft;

    public Func<TwinCertificate, TwinCertificate> Completion { get; init; } = completion => completion;

    public Func<EvidenceBundle, EvidenceBundle> Previous { get; init; } = previous => previous;

    public Func<LogAnchor, LogAnchor> Anchor { get; init; } = anchor => anchor;

    /// <summary>A revocation of the vault's certificate, where there is one.</summary>
    public Func<KeyRevocation, KeyRevocation>? Revocation { get; init; }

    public Func<FindingReview, FindingReview> Review { get; init; } = review => review;

    /// <summary>Who signs instead of whom: of certificate, bundle, approval-2, slicer, completion, anchor, officer.</summary>
    public Func<VaultWorkshop, string, StatementSigner?> Signer { get; init; } = (_, _) => null;

    /// <summary>What is left out.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>The file as it is when everything has been entered.</summary>
    public Func<EvidenceFile, EvidenceFile> File { get; init; } = file => file;

    public Func<LogBook> Manifest { get; init; } = () => new("manifest", Issuers.ManifestOrigin(VaultWorkshop.CustomerId, VaultWorkshop.VaultId));
}

internal sealed partial class VaultWorkshop
{
    private readonly Dictionary<(StatementSigner, string, DateTimeOffset), SignedStatement> _signed = [];

    /// <summary>An evidence file about a bundle, with everything that one can have.</summary>
    public EvidenceFile File(VaultScene? told = null)
    {
        var scene = told ?? new();
        using var manifest = scene.Manifest();
        StatementSigner By(string what, StatementSigner usual) => scene.Signer(this, what) ?? usual;
        var certificate = scene.Certificate(Certificate);
        var paper = Sign(By("certificate", Root), certificate, certificate.ValidFrom);
        var (anna, bert) = (Sign(By("officer", Root), scene.Officer(AppointmentOfAnna), AppointmentOfAnna.ValidFrom), Sign(Root, AppointmentOfBert, AppointmentOfBert.ValidFrom));
        var approval = scene.Approval(Approval);
        var (first, second) = (Sign(Anna, approval, approval.ApprovedAt), Sign(By("approval-2", Bert), approval with { ApprovalId = Workshop.Id(47) }, approval.ApprovedAt));
        var slicer = Sign(By("slicer", Anna), scene.Slicer(SlicerManifest), SlicerManifest.MadeAt);
        var draft = Sign(Vault, scene.Draft(Draft), Draft.MadeAt);
        var before = scene.Previous(Bundle with { BundleId = Workshop.Id(49), MachineCounter = 16, SignedAt = Signed.AddHours(-1), JobId = "werk-nord/2026-0416", OperatorBinding = null });
        var previous = Sign(Vault, before, before.SignedAt);
        var bundle = Bundle;
        bundle = scene.Bundle(bundle with
        {
            Previous = previous.Sha256, TwinCertRef = new(Draft.TwinId, draft.Sha256),
            Firmware = bundle.Firmware with { Approvals = [first.Sha256, second.Sha256] }, SlicerAttest = bundle.SlicerAttest with { ManifestSha256 = slicer.Sha256 },
        });
        var statement = Sign(By("bundle", Vault), bundle, Signed);
        var completion = scene.Completion(Completion(draft.Sha256, statement.Sha256));
        var anchor = scene.Anchor(new() { AnchorId = Workshop.Id(52), Origin = Issuers.ManifestOrigin(CustomerId, VaultId), Size = 12, Root = Workshop.Bytes("root"), At = Workshop.Now.AddHours(-1) });
        var review = scene.Review(Review with { BundleSha256 = statement.Sha256 });
        var related = new List<(string Name, SignedStatement Statement)>
        {
            ("certificate", paper), ("anna", anna), ("bert", bert), ("approval-1", first), ("approval-2", second), ("slicer", slicer), ("draft", draft), ("previous", previous),
            ("completion", Sign(By("completion", Vault), completion, completion.MadeAt)), ("anchor", Sign(By("anchor", Vault), anchor, anchor.At)), ("review", Sign(Vault, review, review.At)),
        };
        if (scene.Revocation is { } revoke)
        {
            var revocation = revoke(Revocation with { RevokedStatement = paper.Sha256 });
            related.Add(("revocation", Sign(Root, revocation, revocation.RevokedAt)));
        }
        return scene.File(manifest.Enter(new(statement.ToPart(), [.. related.Where(entry => !scene.Without.Contains(entry.Name)).Select(entry => entry.Statement.ToPart())])));
    }

    /// <summary>The same statement for the same document: signing is not deterministic.</summary>
    private SignedStatement Sign<T>(StatementSigner signer, T document, DateTimeOffset at)
        where T : class, IDocument<T>
    {
        var name = (signer, Convert.ToHexString(SHA256.HashData(Document.Encode(document))), at);
        return _signed.TryGetValue(name, out var statement) ? statement : _signed[name] = signer.Sign(document, at);
    }

    /// <summary>Files that are in order, by what is special about them.</summary>
    public static IReadOnlyDictionary<string, VaultScene> Good { get; } = new Dictionary<string, VaultScene>
    {
        ["with everything"] = new(),
        ["without the bundle before, review and completion"] = new() { Without = ["previous", "review", "completion"] },
        ["in degraded mode, as nobody approved the firmware"] = new()
        {
            Bundle = bundle => bundle with { Firmware = new(FirmwareState.Unapproved, [], "Nobody approved it."), DegradedReasons = ["The firmware is not approved."] },
        },
        ["of a slicer that nobody knows"] = new() { Bundle = bundle => bundle with { SlicerAttest = new(SlicerLevel.Unknown, "The file names none.") } },
        ["of a slicer that says its name itself"] = new() { Bundle = bundle => bundle with { SlicerAttest = new(SlicerLevel.SelfIdentified, "The file says so.") { Name = "Cura" } } },
        ["revoked after the bundle was signed and entered"] = new() { Revocation = revocation => revocation with { RevokedAt = Workshop.Now.AddMinutes(-30) } },
        ["with a signal that finds something odd"] = new() { Bundle = bundle => bundle with { Signals = [new("sensor-anomaly", 1, "The chamber was cold.", [])] } },
        ["signed without an operator"] = new() { Bundle = bundle => bundle with { OperatorBinding = null } },
        ["the first of its vault"] = new() { Bundle = bundle => bundle with { Previous = null, MachineCounter = 1 }, Without = ["previous"] },
    };

    /// <summary>Files that are wrong in one way each, and the check that says so.</summary>
    public static IReadOnlyDictionary<string, (string Check, VaultScene Scene)> Bad { get; } = new Dictionary<string, (string, VaultScene)>
    {
        ["vault certificate by another root"] = ("vault-1.issuer", new() { Signer = (vault, what) => what == "certificate" ? vault.Anna : null }),
        ["vault certificate left out"] = ("bundle.vault", new() { Without = ["certificate"] }),
        ["vault certificate of another vault"] = ("vault-1.vault", new() { Certificate = certificate => certificate with { VaultId = Workshop.Id(99) } }),
        ["vault certificate of another printer"] = ("bundle.vault", new() { Certificate = certificate => certificate with { PrinterId = Workshop.Id(99) } }),
        ["vault certificate that began after the bundle"] = ("bundle.signature", new() { Certificate = certificate => certificate with { ValidFrom = Signed.AddHours(1) } }),
        ["vault certificate that ended before the bundle"] = ("bundle.shadow-signature", new() { Certificate = certificate => certificate with { ValidUntil = Signed.AddHours(-1) } }),
        ["bundle signed by an officer"] = ("bundle.issuer", new() { Signer = (vault, what) => what == "bundle" ? vault.Bert : null }),
        ["bundle of another time than its signature"] = ("bundle.vault", new() { Bundle = bundle => bundle with { SignedAt = Signed.AddSeconds(-1) } }),
        ["bundle that hides that a key is held by software"] = ("bundle.custody", new() { Bundle = bundle => bundle with { KeyCustody = new(KeyCustody.Token, KeyCustody.Token) } }),
        ["vault revoked before the bundle was signed"] = ("bundle.revocation", new() { Revocation = revocation => revocation with { RevokedAt = Signed.AddMinutes(-1) } }),
        ["vault revoked at the moment of the bundle"] = ("bundle.revocation", new() { Revocation = revocation => revocation with { RevokedAt = Signed } }),
        ["operator's binding of another bundle"] = ("bundle.operator", new() { Bundle = bundle => bundle with { BundleId = Workshop.Id(99) } }),
        ["operator exchanged"] = ("bundle.operator", new() { Bundle = bundle => bundle with { OperatorBinding = bundle.OperatorBinding! with { TokenSha256 = Workshop.Bytes("another token") } } }),
        ["firmware approved twice by one officer"] = ("bundle.firmware", new() { Signer = (vault, what) => what == "approval-2" ? vault.Anna : null }),
        ["firmware approved by a vault"] = ("approval-2.issuer", new() { Signer = (vault, what) => what == "approval-2" ? vault.Vault : null }),
        ["firmware approved by an officer without that role"] = ("approval-1.issuer", new() { Officer = officer => officer with { Roles = [OfficerRole.Slicer] } }),
        ["firmware approved for another image"] = ("bundle.firmware", new() { Approval = approval => approval with { ImageSha256 = Workshop.Bytes("another image") } }),
        ["firmware approved for another printer"] = ("bundle.firmware", new() { Approval = approval => approval with { PrinterIds = [Workshop.Id(99)] } }),
        ["firmware approved after the print"] = ("bundle.firmware", new() { Approval = approval => approval with { ApprovedAt = Signed.AddMinutes(1) } }),
        ["an approval left out"] = ("bundle.firmware", new() { Without = ["approval-1"] }),
        ["an appointment left out"] = ("approval-2.issuer", new() { Without = ["bert"] }),
        ["officer appointed by an officer"] = ("officer-1.issuer", new() { Signer = (vault, what) => what == "officer" ? vault.Bert : null }),
        ["officer whose term was over"] = ("approval-1.signature", new() { Officer = officer => officer with { ValidUntil = Workshop.Started.AddDays(-8) } }),
        ["slicer manifest left out"] = ("bundle.slicer", new() { Without = ["slicer"] }),
        ["slicer manifest of another version"] = ("bundle.slicer", new() { Slicer = slicer => slicer with { Version = "2.8.0" } }),
        ["slicer manifest without the build"] = ("bundle.slicer", new() { Slicer = slicer => slicer with { Files = [slicer.Files[1]] } }),
        ["slicer manifest forged by an officer without that role"] = ("slicer-1.issuer", new() { Signer = (vault, what) => what == "slicer" ? vault.Bert : null }),
        ["slicer manifest of another customer"] = ("slicer-1.customer", new() { Slicer = slicer => slicer with { CustomerId = "other.example" } }),
        ["draft left out"] = ("twin.draft", new() { Without = ["draft", "completion"] }),
        ["draft of another toolpath"] = ("twin.draft", new() { Draft = draft => draft with { AsSliced = new(Workshop.Bytes("another toolpath"), "Cura") } }),
        ["completion of another bundle"] = ("twin.completion", new() { Completion = twin => twin with { AsBuilt = twin.AsBuilt! with { BundleSha256 = Workshop.Bytes("another bundle") } } }),
        ["completion of another design"] = ("twin.completion", new() { Completion = twin => twin with { AsDesigned = new(Workshop.Bytes("another design")) } }),
        ["completion by an officer"] = ("completion.issuer", new() { Signer = (vault, what) => what == "completion" ? vault.Anna : null }),
        ["bundle before with a higher counter"] = ("bundle.previous", new() { Previous = previous => previous with { MachineCounter = 18 } }),
        ["review of another bundle"] = ("review-1.bundle", new() { Review = review => review with { BundleId = Workshop.Id(99) } }),
        ["anchor of another log"] = ("anchor-1.origin", new() { Anchor = anchor => anchor with { Origin = "other.example/log" } }),
        ["anchor by an officer"] = ("anchor-1.issuer", new() { Signer = (vault, what) => what == "anchor" ? vault.Anna : null }),
        ["manifest published too long ago"] = ("manifest.age", new() { Anchor = anchor => anchor with { At = Workshop.Now.AddHours(-30) } }),
        ["manifest that was never published"] = ("manifest.age", new() { Without = ["anchor"] }),
        ["manifest of another vault"] = ("log.origin", new() { Manifest = () => new("manifest", Issuers.ManifestOrigin(CustomerId, Workshop.Id(99))) }),
        ["manifest signed by others"] = ("log.signature", new() { Manifest = () => new("other manifest", Issuers.ManifestOrigin(CustomerId, VaultId)) }),
        ["no checkpoint"] = ("log.inclusion", new() { File = file => new(file.Subject, file.Related) }),
        ["a proof left out"] = ("log.inclusion", new() { File = file => file with { Subject = file.Subject with { Proof = null } } }),
        ["statement that has no place there"] = ("file.related", new() { File = file => file with { Related = [.. file.Related, file.Related[6]] } }),
    };
}
