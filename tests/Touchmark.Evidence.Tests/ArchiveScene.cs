using System.IO.Compression;
using System.Text;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Log.Tiles;
using Touchmark.Log.Tree;

namespace Touchmark.Evidence.Tests;

/// <summary>What is otherwise than it should be in an archive; nothing, unless it is said.</summary>
internal sealed record ArchiveScene
{
    /// <summary>The statements by name, in the order of the manifest; what is removed is not entered.</summary>
    public Action<List<(string Name, SignedStatement Statement)>, VaultWorkshop> Entries { get; init; } = (_, _) => { };

    public Func<EvidenceBundle, EvidenceBundle> SecondBundle { get; init; } = bundle => bundle;

    public Func<TwinCertificate, TwinCertificate> Completion { get; init; } = twin => twin;

    public Func<LogAnchor, LogAnchor> Anchor { get; init; } = anchor => anchor;

    /// <summary>What lies in the ZIP file, by name.</summary>
    public Action<Dictionary<string, byte[]>> Files { get; init; } = _ => { };

    /// <summary>The keys of the manifest.</summary>
    public string Manifest { get; init; } = "manifest";

    /// <summary>The bytes of the file.</summary>
    public Func<byte[], byte[]> Zip { get; init; } = zip => zip;

    /// <summary>The pin that the verifier has; the right one unless it is said.</summary>
    public Func<RootPin, string?> Pin { get; init; } = pin => pin.ToString();
}

internal sealed partial class VaultWorkshop
{
    public RootPin Pin => RootPin.Of(RootEd25519.PublicKey.Span, RootMlDsa65.PublicKey.Span);

    /// <summary>An archive of a vault that signed two bundles, with a value of the counter between them that it lost.</summary>
    public byte[] Archive(ArchiveScene? told = null)
    {
        var scene = told ?? new();
        var entries = Statements(scene);
        scene.Entries(entries, this);
        using var manifest = new LogBook(scene.Manifest, Issuers.ManifestOrigin(CustomerId, VaultId));
        List<ReadOnlyMemory<byte>> leaves = [Encoding.UTF8.GetBytes($"touchmark log genesis v1\n{manifest.Origin}\n"), .. entries.Select(entry => entry.Statement.Envelope)];
        var hashes = leaves.Select(leaf => TreeHash.OfLeaf(leaf.Span)).ToArray();
        var files = new Dictionary<string, byte[]>
        {
            ["README.txt"] = "An archive.\n"u8.ToArray(),
            ["root.json"] = Trust.ToJson(),
            ["manifest/checkpoint"] = manifest.Sign(new(manifest.Origin, leaves.Count, LogBook.Root(hashes)), witness: false).Encode(),
            [$"manifest/tile/entries/000.p/{leaves.Count}"] = EntryBundle.Encode(leaves),
            [$"manifest/tile/0/000.p/{leaves.Count}"] = [.. hashes.SelectMany(hash => hash.ToArray())],
        };
        foreach (var (_, statement) in entries.Where(entry => entry.Statement.IsDetached))
        {
            files[$"documents/{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(statement.Document.Span))}"] = statement.Document.ToArray();
        }
        scene.Files(files);
        return scene.Zip(Zip(files));
    }

    /// <summary>A ZIP file of these, stored.</summary>
    public static byte[] Zip(IEnumerable<KeyValuePair<string, byte[]>> files, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                var entry = zip.CreateEntry(name, level);
                entry.LastWriteTime = Workshop.Now;
                using var stream = entry.Open();
                stream.Write(content);
            }
        }
        return buffer.ToArray();
    }

    private List<(string Name, SignedStatement Statement)> Statements(ArchiveScene scene)
    {
        var request = Sign(Vault, Request, Request.RequestedAt);
        var paper = Sign(Root, Certificate with { RequestSha256 = request.Sha256 }, Certificate.ValidFrom);
        var ceremony = Ceremony with { CertificateSha256 = paper.Sha256 };
        var (first, second) = (Sign(Anna, Approval, Approval.ApprovedAt), Sign(Bert, Approval with { ApprovalId = Workshop.Id(47) }, Approval.ApprovedAt));
        // So many files that the document goes behind a hash envelope.
        var slicer = Sign(Anna, SlicerManifest with { Files = [.. SlicerManifest.Files, .. Enumerable.Range(0, 300).Select(i => new SlicerFile($"lib/{i}", i, Workshop.Bytes("library")))] }, SlicerManifest.MadeAt);
        var anchor = new LogAnchor { AnchorId = Workshop.Id(52), Origin = Issuers.ManifestOrigin(CustomerId, VaultId), Size = 10, Root = Workshop.Bytes("root"), At = Workshop.Started.AddDays(-4) };
        var last = scene.Anchor(anchor with { AnchorId = Workshop.Id(53), At = Workshop.Now.AddHours(-1) });
        var known = Bundle with
        {
            Firmware = Bundle.Firmware with { Approvals = [first.Sha256, second.Sha256] }, SlicerAttest = Bundle.SlicerAttest with { ManifestSha256 = slicer.Sha256 },
        };
        var one = Sign(Vault, known with { BundleId = Workshop.Id(49), MachineCounter = 1, Previous = null, SignedAt = Signed.AddHours(-1), JobId = "werk-nord/2026-0416", OperatorBinding = null }, Signed.AddHours(-1));
        var draft = Sign(Vault, Draft with { MadeAt = Signed.AddMinutes(-40) }, Signed.AddMinutes(-40));
        var document = scene.SecondBundle(known with { MachineCounter = 3, Previous = one.Sha256, TwinCertRef = new(Draft.TwinId, draft.Sha256) });
        var two = Sign(Vault, document, document.SignedAt);
        var completion = scene.Completion(Completion(draft.Sha256, two.Sha256));
        return
        [
            ("request", request), ("certificate", paper), ("anna", Sign(Root, AppointmentOfAnna, AppointmentOfAnna.ValidFrom)), ("bert", Sign(Root, AppointmentOfBert, AppointmentOfBert.ValidFrom)),
            ("ceremony of the custodian", Sign(Anna, ceremony, ceremony.At)), ("ceremony of the witness", Sign(Bert, ceremony, ceremony.At)), ("approval-1", first), ("approval-2", second),
            ("slicer", slicer), ("anchor", Sign(Vault, anchor, anchor.At)), ("bundle-1", one), ("draft", draft), ("bundle-2", two), ("completion", Sign(Vault, completion, completion.MadeAt)),
            ("review", Sign(Vault, Review with { BundleSha256 = two.Sha256 }, Review.At)), ("last anchor", Sign(Vault, last, last.At)),
        ];
    }

    /// <summary>The certificate of the vault taken back, as it stands in an archive.</summary>
    public SignedStatement RevocationAt(List<(string Name, SignedStatement Statement)> entries, DateTimeOffset at) =>
        Sign(Root, Revocation with { RevokedStatement = entries.First(entry => entry.Name == "certificate").Statement.Sha256, RevokedAt = at }, at);

    /// <summary>A statement of an officer in the place of one of the vault.</summary>
    public SignedStatement Forged(FindingReview review) => Sign(Anna, review, review.At);
}
