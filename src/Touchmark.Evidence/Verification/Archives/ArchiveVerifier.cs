using System.Globalization;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification.Vault;
using Touchmark.Log.Checking;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;

namespace Touchmark.Evidence.Verification.Archives;

/// <summary>The verdict on an archive, and what it holds, whatever the verdict.</summary>
/// <param name="Verdict">All checks.</param>
/// <param name="CustomerId">Whose it is; null where that cannot be told.</param>
/// <param name="Pin">The pin of the root's keys that lie in it: to be compared with the paper. Null where there are none.</param>
/// <param name="Statements">Statements that were looked at.</param>
/// <param name="Bundles">Bundles among them.</param>
public sealed record ArchiveVerdict(Verdict Verdict, string? CustomerId, RootPin? Pin, long Statements, long Bundles)
{
    public bool IsValid => Verdict.IsValid;
}

/// <summary>
/// Verifies an archive (spec/archive.md): all that a vault ever stated, against nothing but the root's pin. It reads the file as it goes and keeps the customer's papers and the twins that are not complete.
/// Hostile bytes lead to a verdict and never to an exception; only a file that cannot be read at all throws.
/// </summary>
public static class ArchiveVerifier
{
    /// <param name="file">Untrusted; seekable.</param>
    /// <param name="pin">The pin that somebody has on paper; null to go by <paramref name="trust"/>.</param>
    /// <param name="trust">Pinned keys, where there is no pin.</param>
    /// <param name="now">The verifier's time.</param>
    /// <param name="maximumAge">How long ago the manifest may have been published last; null when its age does not matter.</param>
    /// <param name="cancel">Stops the verification.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static async Task<ArchiveVerdict> VerifyAsync(Stream file, RootPin? pin, TrustStore trust, DateTimeOffset now, TimeSpan? maximumAge, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(trust);
        var checks = new Checks();
        if (!ArchiveContainer.TryOpen(file, out var container, out var problem))
        {
            checks.FailUnreadable("archive.format", $"The file is no archive: {problem}.");
            return new(checks.Verdict, null, null, 0, 0);
        }
        using (container)
        {
            checks.Pass("archive.format", "The archive holds what an archive holds, and nothing else.");
            return await new Run(checks, container, now).VerifyAsync(pin, trust, maximumAge, cancel);
        }
    }

    private sealed class Run(Checks checks, ArchiveContainer container, DateTimeOffset now)
    {
        private const string Customer = "customer/";
        private const string TreeId = "manifest.tree";

        public async Task<ArchiveVerdict> VerifyAsync(RootPin? pin, TrustStore trust, TimeSpan? maximumAge, CancellationToken cancel)
        {
            if (ReadRoot(out var found) is not { } root || found is null)
            {
                return new(checks.Verdict, null, null, 0, 0);
            }
            var customer = root.Keys[0].Name[Customer.Length..];
            var replay = IsRoot(root, found, pin, trust) && ReadHead(customer) is var (head, vaultId) ? new ArchiveReplay(checks, container, new(customer, vaultId, root, now)) : null;
            if (replay is not null && await CheckManifestAsync(replay, ReadCheckpoint()!, cancel))
            {
                await replay.RunAsync(container.EntriesAsync(ReadCheckpoint()!.Checkpoint.Size, cancel));
                replay.Conclude(maximumAge);
            }
            return new(checks.Verdict, customer, found, replay?.Statements ?? 0, replay?.Bundles ?? 0);
        }

        /// <summary>The keys that lie in the archive, which nothing says are the right ones.</summary>
        private TrustStore? ReadRoot(out RootPin? pin)
        {
            pin = null;
            if (container.Read(ArchiveContainer.Root) is { } bytes && TrustStore.TryParse(bytes, out var root, out _) && root is { Log: null, Keys: [var first, _] }
                && first.Name.StartsWith(Customer, StringComparison.Ordinal) && Issuers.IsCustomerId(first.Name[Customer.Length..]) && (pin = RootPin.Of(root, first.Name)) is not null)
            {
                return root;
            }
            checks.Fail("archive.root-pin", "root.json is missing, or does not hold one Ed25519 key and one ML-DSA-65 key of one customer.");
            return null;
        }

        private bool IsRoot(TrustStore root, RootPin found, RootPin? pin, TrustStore trust)
        {
            const string Id = "archive.root-pin";
            if (pin is not null)
            {
                return checks.Require(pin == found, Id, "The root's keys are those of the pin.",
                    "The root's keys are NOT those of the pin: the archive is another customer's, or a forgery. Nothing else in it was looked at.", ("pin", pin.ToString()), ("found", found.ToString()));
            }
            foreach (var key in root.Keys)
            {
                if (trust.Find(key.Algorithm, key.KeyId.Span) is not { } pinned || pinned.Name != key.Name)
                {
                    checks.FailUntrusted(Id, "No root pin was given, and the root's keys are not pinned here: compare the pin of the archive with the paper, and give it.", ("found", found.ToString()));
                    return false;
                }
            }
            checks.Pass(Id, "The root's keys are pinned here.", ("found", found.ToString()));
            return true;
        }

        private SignedCheckpoint? ReadCheckpoint() => container.ReadCheckpoint();

        private (Checkpoint Head, Guid VaultId)? ReadHead(string customer)
        {
            var head = ReadCheckpoint()?.Checkpoint;
            var vault = Guid.Empty;
            var isOfCustomer = head is not null && head.Origin.LastIndexOf('/') is >= 0 and var slash && Guid.TryParseExact(head.Origin.AsSpan(slash + 1), "D", out vault)
                && head.Origin == Issuers.ManifestOrigin(customer, vault);
            return checks.Require(isOfCustomer && head!.Size > 0, "manifest.checkpoint", "The manifest is one of this customer's.", "The manifest's checkpoint is missing, cannot be read, or is of another customer's manifest.",
                ("origin", head?.Origin ?? "")) ? (head!, vault) : null;
        }

        /// <summary>The papers first, as the keys of the manifest are in them; then the manifest itself.</summary>
        private async Task<bool> CheckManifestAsync(ArchiveReplay replay, SignedCheckpoint checkpoint, CancellationToken cancel)
        {
            var head = checkpoint.Checkpoint;
            if (!await replay.TakePapersAsync(container.EntriesAsync(head.Size, cancel), head.Size))
            {
                checks.Fail(TreeId, "Entries of the manifest are missing, or cannot be read.");
                return false;
            }
            if (replay.Papers.Newest is not { } newest)
            {
                checks.Fail("archive.vault", "The manifest holds no certificate of its vault.");
                return false;
            }
            ManifestRules.CheckHead(checks, checkpoint, newest, now);
            foreach (var tile in container.Tiles)
            {
                if (TileId.Holding(tile.Level, tile.Index * TileId.FullWidth, head.Size) != tile)
                {
                    checks.Fail(TreeId, $"The archive holds {tile.Path}, which a manifest of {head.Size} entries has not.");
                    return false;
                }
            }
            var report = await Fsck.RunAsync(container, newest.ManifestPolicy, now, null, cancel);
            var problem = report.Problems.FirstOrDefault(found => found.Path != LogPaths.Checkpoint);
            return checks.Require(problem is null, TreeId, $"All {head.Size} entries and the tiles above them lead to the root of the checkpoint.",
                $"The manifest is damaged, or was altered: {(problem?.Path is { Length: > 0 } path ? $"{path}: " : "")}{problem?.Words}", ("problems", report.ProblemCount.ToString(CultureInfo.InvariantCulture)));
        }
    }
}
