using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>One file of a slicer.</summary>
/// <param name="Path">Below the folder that it is installed to, with slashes, up to 512 characters.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Of its content.</param>
public sealed record SlicerFile(string Path, long Bytes, ReadOnlyMemory<byte> Sha256);

/// <summary>What a known build of a slicer consists of. Signed by the customer's root, or by an officer whose role it is.</summary>
public sealed record SlicerManifest : IDocument<SlicerManifest>
{
    /// <summary>Most files.</summary>
    public const int MaxFiles = 16_384;

    public static string ContentType => "application/vnd.touchmark.slicer-manifest+cbor";

    public required Guid ManifestId { get; init; }

    public required string CustomerId { get; init; }

    /// <summary>Such as PrusaSlicer.</summary>
    public required string Slicer { get; init; }

    public required string Version { get; init; }

    /// <summary>Such as linux-x64.</summary>
    public required string Platform { get; init; }

    /// <summary>Who made the build, and where it was got from.</summary>
    public required string Publisher { get; init; }

    public required IReadOnlyList<SlicerFile> Files { get; init; }

    public required DateTimeOffset MadeAt { get; init; }

    public string Subject => $"slicer-manifest/{ManifestId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("manifest_id", Document.Id(ManifestId)),
        ("customer_id", CustomerId),
        ("slicer", Slicer),
        ("version", Version),
        ("platform", Platform),
        ("publisher", Publisher),
        ("files", new CborArray([.. Files.Select(file => CborMap.Of(("path", file.Path), ("bytes", file.Bytes), ("sha256", file.Sha256)))])),
        ("made_at", Document.Time(MadeAt)));

    public static SlicerManifest Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var manifest = new SlicerManifest
        {
            ManifestId = fields.Id("manifest_id"),
            CustomerId = Issuers.ReadCustomerId(fields),
            Slicer = fields.Text("slicer"),
            Version = fields.Text("version"),
            Platform = fields.Text("platform"),
            Publisher = fields.Text("publisher"),
            Files = fields.Maps("files", MaxFiles, file => new SlicerFile(file.Text("path", 512), file.Integer("bytes"), file.Bytes("sha256", 32))),
            MadeAt = fields.Time("made_at"),
        };
        if (manifest.Files.Count == 0)
        {
            fields.Refuse("files", "empty");
        }
        return manifest;
    }
}
