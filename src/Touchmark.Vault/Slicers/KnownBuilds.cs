using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Slicers;

/// <summary>A build that a signed manifest knows.</summary>
internal sealed record KnownBuild
{
    /// <summary>SHA-256 of the manifest's statement.</summary>
    public byte[] ManifestSha256 { get; init; } = [];

    public long LogIndex { get; init; }

    public string Slicer { get; init; } = "";

    public string Version { get; init; } = "";

    public string Platform { get; init; } = "";

    public string Publisher { get; init; } = "";

    /// <summary>The issuer of the manifest: the customer's root, or an officer.</summary>
    public string SignedBy { get; init; } = "";

    public DateTimeOffset MadeAt { get; init; }
}

/// <summary>One file of a known build.</summary>
internal sealed record KnownFile
{
    public string Path { get; init; } = "";

    public long Bytes { get; init; }

    public byte[] Sha256 { get; init; } = [];
}

/// <summary>The builds of slicers that are in the manifest. What is in the manifest was judged when it was entered.</summary>
internal sealed class KnownBuilds(Database database) : IManifestIndex
{
    private const string Columns = "manifest_sha256, log_index, slicer, version, platform, publisher, signed_by, made_at";

    public IReadOnlyList<string> Tables => ["slicer_files", "slicer_builds"];

    public async Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel)
    {
        if (entry.Read<SlicerManifest>() is not { } build)
        {
            return;
        }

        await work.ExecuteAsync(
            $"insert into slicer_builds ({Columns}) values (@Sha256, @Index, @Slicer, @Version, @Platform, @Publisher, @Issuer, @MadeAt)",
            new { entry.Sha256, entry.Index, build.Slicer, build.Version, build.Platform, build.Publisher, entry.Statement.Issuer, build.MadeAt }, cancel);
        foreach (var file in build.Files.DistinctBy(file => file.Path))
        {
            await work.ExecuteAsync("insert into slicer_files (manifest_sha256, path, bytes, sha256) values (@Sha256, @Path, @Bytes, @FileSha256)", new { entry.Sha256, file.Path, file.Bytes, FileSha256 = file.Sha256.ToArray() }, cancel);
        }
    }

    public Task<IReadOnlyList<KnownBuild>> ListAsync(CancellationToken cancel) => database.QueryAsync<KnownBuild>($"select {Columns} from slicer_builds order by slicer, version, log_index", null, cancel);

    /// <summary>The lengths that files of known builds have.</summary>
    public async Task<IReadOnlySet<long>> LengthsAsync(CancellationToken cancel) => (await database.QueryAsync<long>("select distinct bytes from slicer_files", null, cancel)).ToHashSet();

    /// <summary>The builds that have a file of this hash, the newest first.</summary>
    public Task<IReadOnlyList<KnownBuild>> FindAsync(byte[] sha256, CancellationToken cancel) => database.QueryAsync<KnownBuild>(
        $"select {Columns} from slicer_builds where manifest_sha256 in (select manifest_sha256 from slicer_files where sha256 = @Sha256) order by log_index desc", new { Sha256 = sha256 }, cancel);

    public Task<IReadOnlyList<KnownFile>> FilesAsync(KnownBuild build, CancellationToken cancel) =>
        database.QueryAsync<KnownFile>("select path, bytes, sha256 from slicer_files where manifest_sha256 = @ManifestSha256 order by path", new { build.ManifestSha256 }, cancel);
}
