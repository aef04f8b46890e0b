using Touchmark.Hosting.Problems;
using Touchmark.Log.Notes;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Manifest;

/// <summary>Holds token and manifest against each other: each remembers how far the other was, so that neither can be put back alone.</summary>
internal static class CounterGuard
{
    /// <summary>The manifest has to begin with what it was when the counter was last taken.</summary>
    public static async ValueTask<Refusal?> FindOldManifestAsync(ManifestMark? mark, Checkpoint head, ManifestStorage storage, CancellationToken cancel)
    {
        if (mark is null)
        {
            return null;
        }

        if (mark.Size > head.Size)
        {
            return ManifestProblems.ManifestWentBack(head.Size, mark.Size);
        }

        var (root, _) = await storage.TreeOf(head).ConsistencyAsync(mark.Size, cancel);
        return root == mark.Root ? null : ManifestProblems.OtherManifest(mark.Size);
    }

    /// <summary>The token has to have counted every bundle of the manifest. What it has counted beyond that are bundles that a crash or a full disk kept from being made.</summary>
    public static Refusal? FindOldToken(long counter, long lastBundle) => counter < lastBundle ? ManifestProblems.CounterWentBack(counter, lastBundle) : null;
}
