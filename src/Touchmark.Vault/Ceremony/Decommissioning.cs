using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Ceremony;

/// <summary>
/// A vault's end: both people sign the record, the root's revocation becomes the manifest's last entry, and the keys in the token are destroyed. What the vault has signed stays valid; it signs
/// nothing any more.
/// </summary>
internal sealed class Decommissioning(
    CeremonyFolder folder, CeremonyDialog dialog, CeremonyOfficers officers, CeremonyClosing closing, IVaultHsm hsm, ManifestBook manifest, ManifestIndex index, TimeProvider time)
{
    public async Task RunAsync(CancellationToken cancel)
    {
        dialog.Heading("The end of a vault");
        var identity = closing.Identity();
        var certified = CeremonyClosing.Hash(identity.Envelope.ToArray());
        if (folder.State is { Kind: not CeremonyKind.Decommission } other)
        {
            throw new CeremonyRefused($"Another ceremony ({CeremonyRecord.NameOf(other.Kind)}) is not over.", "Complete it first, or remove the folder 'ceremony' in the data folder to give it up.");
        }

        var state = folder.State ?? Begin(identity);
        var revocation = CeremonyOfficers.Whole(folder.Read(CeremonyFolder.Revocation)!);
        // What a crash kept out of the index is found there once the manifest was opened.
        if ((await manifest.EnterAsync(cancel)).Has(out var turn, out _))
        {
            await turn.DisposeAsync();
        }

        // Behind the revocation nothing is entered: what comes before it has to be there.
        if (await index.FindAsync(revocation.Sha256, cancel) is null)
        {
            await closing.EnterAsync(officers.Appointments, cancel);
            await closing.RecordAsync(state, certified, cancel);
            await closing.EnterAsync([revocation], cancel);
        }

        if (hsm.KeysOf(state.Generation) is not null)
        {
            hsm.DestroyKeys(state.Generation);
        }

        folder.Close(state);
        dialog.Heading("Done");
        dialog.Say($"The vault {state.VaultId} signs nothing any more. Keep its data folder, or an export of it: what it has signed is proved from there.");
    }

    private CeremonyState Begin(VaultIdentity identity)
    {
        var generation = folder.Generation ?? throw new CeremonyRefused("No ceremony of this data folder has made the vault's keys, so it is not known which to destroy.", "Enter the revocation: POST /v3/revocations. Then erase the token with its own tools.");
        closing.ComparePin(RootPin.Of(identity.Trust, Issuers.OfCustomer(identity.Certificate.CustomerId))!);
        if (folder.Read(CeremonyFolder.Revocation) is null)
        {
            folder.Write(CeremonyFolder.Revocation, dialog.Ask("revocation", "The root's revocation of the vault's certificate (file):", file => Check(
                CeremonyFolder.ReadFile(file) ?? throw new CeremonyRefused($"{file} cannot be read.", "Name the file that touchmark keys root revoke wrote."), identity)));
        }

        officers.Gather(identity.Trust, identity.Certificate.CustomerId);
        var place = closing.AskPlace();
        dialog.Agree("agree", "The keys will be destroyed for good.");
        return closing.Done(new CeremonyState
        {
            CeremonyId = Guid.CreateVersion7(time.GetUtcNow()), Kind = CeremonyKind.Decommission, CustomerId = identity.Certificate.CustomerId, VaultId = identity.Certificate.VaultId,
            PrinterId = identity.Certificate.PrinterId, Place = place, Generation = generation, RootPin = RootPin.Of(identity.Trust, Issuers.OfCustomer(identity.Certificate.CustomerId))!.ToString(),
        }, $"The root's revocation {CeremonyClosing.Fingerprint(folder.Read(CeremonyFolder.Revocation)!)} was taken. The keys of the token with the serial number {closing.Token().Serial} are to be destroyed.");
    }

    private byte[] Check(byte[] envelope, VaultIdentity identity)
    {
        var verdict = StatementVerifier.Verify<KeyRevocation>(new StatementPart(envelope, null), identity.Trust, time.GetUtcNow(), out var revocation);
        return revocation is null
                ? throw new CeremonyRefused($"The revocation is not to be believed: {verdict.Checks.First(check => check.Outcome == CheckOutcome.Failed).Words}", "Take the file that the root's holders wrote.")
            : !revocation.RevokedStatement.Span.SequenceEqual(CeremonyClosing.Hash(identity.Envelope.ToArray())) || revocation.Holder != identity.Certificate.VaultId
                ? throw new CeremonyRefused("The revocation is about something else than this vault's certificate.", "Let the root revoke the file certificate.cbor in this data folder.")
            : envelope;
    }
}
