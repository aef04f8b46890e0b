using Touchmark.Evidence.Documents.Vault;
using Touchmark.Log.Notes;
using Touchmark.Log.Verification;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Ceremony;

/// <summary>Hands the manifest from one generation of keys to the next: its head, which the keys before have signed, is signed by the new ones. Not one entry changes, and what is published stays as it is until the next entry, which is the new certificate.</summary>
internal static class ManifestHandover
{
    /// <exception cref="CeremonyRefused">The head is neither of the keys before nor of the new ones.</exception>
    public static async Task RunAsync(ManifestStorage storage, VaultCertificate before, VaultKeys keys, DateTimeOffset now, CancellationToken cancel)
    {
        if (await storage.Head.ReadAsync(cancel) is not { } head)
        {
            return;
        }

        NoteSigner[] signers = [new(before.ManifestOrigin, keys.ManifestEd25519.Signer), new(before.ManifestOrigin, keys.ManifestMlDsa65.Signer)];
        if (!SignedCheckpoint.TryParse(head.Checkpoint.Span, out var signed, out var problem))
        {
            throw new CeremonyRefused($"The manifest's head cannot be read: {problem}.", "Restore the newest copy of the data folder.");
        }

        if (Array.TrueForAll(signers, signer => signed.Note.Check(signer.Key).State == NoteSignatureState.Valid))
        {
            return;
        }

        if (LogVerifier.Verify(signed, before.ManifestPolicy, now, LogExpectations.None).Checks.Any(check => check.Outcome == LogCheckOutcome.Failed))
        {
            throw new CeremonyRefused("The manifest's head was not signed by the keys before.", "Restore the newest copy of the data folder.");
        }

        var next = head with { Checkpoint = SignedCheckpoint.Sign(signed.Checkpoint, signers).Encode() };
        if (!await storage.Head.ReplaceAsync(head, next, cancel))
        {
            throw new CeremonyRefused("The manifest grew while it was handed over.", "End whatever else writes the data folder.");
        }
    }
}
