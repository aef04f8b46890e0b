using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Bundles;

/// <summary>The few statements that bear on every bundle, kept in memory: the vault's certificates, revocations, and the newest anchor.</summary>
internal sealed class Papers(ManifestIndex index) : IManifestIndex
{
    private readonly Lock gate = new();
    private Held? held;

    public IReadOnlyList<string> Tables => [];

    public Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel)
    {
        lock (gate)
        {
            // Before they are asked for, they are not held.
            held = held?.With(entry);
        }

        return Task.CompletedTask;
    }

    /// <summary>Those that bear on a statement at this place.</summary>
    public async Task<IReadOnlyList<ManifestEntry>> OfAsync(long at, CancellationToken cancel)
    {
        var now = await HeldAsync(cancel);
        // The keys that signed it, and those that sign the manifest today.
        var certificates = new[] { now.Certificates.LastOrDefault(certificate => certificate.Index < at), now.Certificates is [.., var newest] ? newest : null }.OfType<ManifestEntry>().DistinctBy(entry => entry.Index);
        return [.. certificates, .. now.Revocations, .. now.Anchor is { } anchor ? [anchor] : Array.Empty<ManifestEntry>()];
    }

    private async ValueTask<Held> HeldAsync(CancellationToken cancel)
    {
        if (held is { } there)
        {
            return there;
        }

        var found = new Held(
            await index.ListAsync(VaultCertificate.ContentType, cancel), await index.ListAsync(KeyRevocation.ContentType, cancel), await index.LastAsync(LogAnchor.ContentType, cancel));
        lock (gate)
        {
            return held ??= found;
        }
    }

    private sealed record Held(IReadOnlyList<ManifestEntry> Certificates, IReadOnlyList<ManifestEntry> Revocations, ManifestEntry? Anchor)
    {
        public Held With(ManifestEntry entry) => entry.Statement.ContentType switch
        {
            var type when type == VaultCertificate.ContentType => this with { Certificates = [.. Certificates, entry] },
            var type when type == KeyRevocation.ContentType => this with { Revocations = [.. Revocations, entry] },
            var type when type == LogAnchor.ContentType => this with { Anchor = entry },
            _ => this,
        };
    }
}
