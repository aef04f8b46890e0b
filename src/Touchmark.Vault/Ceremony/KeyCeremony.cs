using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Ceremony;

/// <summary>
/// The ceremonies that make keys: a vault's first, and those that follow them. The first half makes the keys in the token and asks the root to certify them; the second takes the certificate,
/// enters everything in the manifest, and has both people sign what was done.
/// </summary>
internal sealed class KeyCeremony(
    VaultOptions options, CeremonyFolder folder, CeremonyDialog dialog, CeremonyOfficers officers, CeremonyClosing closing, IVaultHsm hsm, ManifestStorage storage, TimeProvider time)
{
    /// <summary>First half of an enrolment.</summary>
    public void Request()
    {
        dialog.Heading("Enrolment of a vault, first half: the keys");
        if (folder.State is null && VaultIdentity.TryLoad(options.Data, time.GetUtcNow(), out _, out _))
        {
            throw new CeremonyRefused("This vault has a certificate already.", "New keys for it: touchmark-vault ceremony rekey. Another vault: another data folder and token.");
        }

        var root = folder.Read(CeremonyFolder.Root) is { } kept ? ReadRoot(kept) : dialog.Ask("root", "The file with the public keys of the customer's root:", file =>
        {
            var json = CeremonyFolder.ReadFile(file) ?? throw new CeremonyRefused($"{file} cannot be read.", "Name the file that touchmark keys root new wrote.");
            var read = ReadRoot(json);
            folder.Write(CeremonyFolder.Root, json);
            return read;
        });
        MakeKeys(Begin(CeremonyKind.Enrol, root, before: null));
    }

    /// <summary>First half of a re-keying: new keys beside the old ones, which stay in use until the root has certified them.</summary>
    public void Rekey()
    {
        dialog.Heading("New keys for a vault, first half");
        var identity = closing.Identity();
        if (folder.State is null)
        {
            folder.Write(CeremonyFolder.Root, identity.Trust.ToJson());
            folder.Write(CeremonyFolder.Before, identity.Envelope.Span);
        }

        MakeKeys(Begin(CeremonyKind.Rekey, ReadRoot(folder.Read(CeremonyFolder.Root)!), identity.Certificate));
    }

    /// <summary>Second half of both.</summary>
    public async Task CompleteAsync(CancellationToken cancel)
    {
        dialog.Heading("The vault's keys, second half: the certificate");
        if (folder.State is not { Kind: not CeremonyKind.Decommission } state || folder.Read(CeremonyFolder.Request) is not { } request)
        {
            throw new CeremonyRefused("No ceremony waits for a certificate.", "Begin one: touchmark-vault ceremony request, or rekey.");
        }

        var root = ReadRoot(folder.Read(CeremonyFolder.Root)!);
        var envelope = folder.Read(CeremonyFolder.Certificate);
        if (envelope is null)
        {
            envelope = dialog.Ask("certificate", "The certificate by the root (file):", file =>
                Check(CeremonyFolder.ReadFile(file) ?? throw new CeremonyRefused($"{file} cannot be read.", "Name the file that touchmark keys root sign-vault wrote."), request, root.Trust));
            folder.Write(CeremonyFolder.Certificate, envelope);
            state = closing.Done(state, $"The root's certificate {CeremonyClosing.Fingerprint(envelope)} was taken: it certifies the request {CeremonyClosing.Fingerprint(request)}.");
        }

        var certified = CeremonyClosing.Hash(envelope);
        await PutToUseAsync(state, root.Trust, envelope, cancel);
        state = closing.Once(state, $"Keys and certificate {Convert.ToHexStringLower(certified)} were put to use.");
        await closing.EnterAsync(officers.Appointments, cancel);
        state = closing.Once(state, "Certificate and appointments were entered in the manifest.");
        await closing.RecordAsync(state, certified, cancel);
        if (state.Kind == CeremonyKind.Rekey && folder.Generation is { } old && old != state.Generation)
        {
            hsm.DestroyKeys(old);
        }

        folder.SaveGeneration(state.Generation);
        folder.Close(state);
        dialog.Heading("Done");
        dialog.Say($"The vault {state.VaultId} signs for {state.CustomerId}. Start it: touchmark-vault run.");
    }

    private CeremonyState Begin(CeremonyKind kind, PublicRoot root, VaultCertificate? before)
    {
        if (folder.State is { } begun)
        {
            return begun.Kind == kind ? begun
                : throw new CeremonyRefused($"Another ceremony ({CeremonyRecord.NameOf(begun.Kind)}) is not over.", "Complete it first, or remove the folder 'ceremony' in the data folder to give it up.");
        }

        if (hsm.State is not (HsmState.Ready or HsmState.Unprovisioned) || hsm.Token is not { } token)
        {
            throw new CeremonyRefused($"The token does not work: {hsm.Reason}", "See that --module, --token and --pin-file name it.");
        }

        closing.ComparePin(root.Pin);
        officers.Gather(root.Trust, root.CustomerId);
        var place = closing.AskPlace();
        var printer = before?.PrinterId ?? dialog.Ask("printer", "The printer's id (a UUID; that of the engine where there is one, or 'new'):", answer =>
            answer == "new" ? Guid.CreateVersion7(time.GetUtcNow()) : Guid.TryParseExact(answer, "D", out var id) ? id : throw new CeremonyRefused("That is no UUID.", "It looks like 0197a0c0-0000-7000-8000-000000000001."));
        dialog.Facts(("Token", $"{token.Manufacturer} {token.Model}"), ("Label", token.Label), ("Module", token.Library));
        dialog.Ask("serial", "The token's serial number, from the device itself:", answer =>
            answer == token.Serial ? answer : throw new CeremonyRefused("The token that answers has another serial number.", "See that the right token is plugged in."));
        var now = time.GetUtcNow();
        return closing.Done(new CeremonyState
        {
            CeremonyId = Guid.CreateVersion7(now), Kind = kind, CustomerId = root.CustomerId, VaultId = before?.VaultId ?? Guid.CreateVersion7(now), PrinterId = printer, Place = place,
            Generation = $"{now:yyyyMMddHHmmss}", RootPin = root.Pin.ToString(),
        }, $"The root's pin was read from paper and is that of its keys. The token with the serial number {token.Serial} was there.");
    }

    private void MakeKeys(CeremonyState state)
    {
        var keys = hsm.KeysOf(state.Generation) ?? hsm.CreateKeys(state.Generation);
        state = closing.Once(state, $"Keys were made in the token: {keys.Primary.Signer.Algorithm} {Convert.ToHexStringLower(keys.Primary.Signer.KeyId.Span)}, {keys.Shadow.Signer.Algorithm} {Convert.ToHexStringLower(keys.Shadow.Signer.KeyId.Span)}.");
        if (folder.Read(CeremonyFolder.SigningRequest) is null)
        {
            folder.Write(CeremonyFolder.SigningRequest, System.Text.Encoding.ASCII.GetBytes(CertificateSigningRequest.Create(keys.Primary.Signer, state.CustomerId, state.VaultId)));
        }

        var request = folder.Read(CeremonyFolder.Request);
        if (request is null)
        {
            var now = time.GetUtcNow();
            request = new StatementSigner(keys.Primary.Signer, keys.Shadow.Signer, Issuers.OfVault(state.VaultId)).Sign(new VaultKeyRequest
            {
                VaultId = state.VaultId, CustomerId = state.CustomerId, PrinterId = state.PrinterId, Keys = Describe(keys), Token = closing.Token(), RequestedAt = now,
                Replaces = folder.Read(CeremonyFolder.Before) is { } before ? CeremonyClosing.Hash(before) : (ReadOnlyMemory<byte>?)null,
            }, now).Envelope.ToArray();
            folder.Write(CeremonyFolder.Request, request);
        }

        closing.Once(state, $"The request {CeremonyClosing.Fingerprint(request)} was written.");
        dialog.Heading("Now the root");
        dialog.Say($"Carry {folder.PathOf(CeremonyFolder.Request)} to the holders of the root. Its fingerprint, to be compared there:");
        dialog.Say(CeremonyClosing.Fingerprint(request));
        dialog.Say("They run: touchmark keys root sign-vault request.cbor --root ROOT.json --out certificate.cbor");
        dialog.Say($"Then here: touchmark-vault ceremony complete. For a PKI of your own there is {folder.PathOf(CeremonyFolder.SigningRequest)}, too.");
    }

    private byte[] Check(byte[] envelope, byte[] requestEnvelope, TrustStore root)
    {
        var verdict = StatementVerifier.Verify<VaultCertificate>(new StatementPart(envelope, null), root, time.GetUtcNow(), out var certificate);
        var request = CeremonyClosing.Read<VaultKeyRequest>(requestEnvelope);
        return certificate is null
                ? throw new CeremonyRefused($"The certificate is not to be believed: {verdict.Checks.First(check => check.Outcome == CheckOutcome.Failed).Words}", "Take the file that the root's holders wrote.")
            : !certificate.RequestSha256.Span.SequenceEqual(CeremonyClosing.Hash(requestEnvelope)) || certificate.VaultId != request.VaultId
                ? throw new CeremonyRefused("The certificate is for another request.", $"Take the one for the request {CeremonyClosing.Fingerprint(requestEnvelope)}.")
            : !Same(certificate, request) ? throw new CeremonyRefused("The certificate does not say what was requested.", "Let the root sign the request again.")
            : certificate.ValidUntil <= time.GetUtcNow() ? throw new CeremonyRefused("The certificate has ended already.", "Let the root sign the request again.")
            : envelope;
    }

    /// <summary>A certificate is its request in the root's words.</summary>
    private static bool Same(VaultCertificate certificate, VaultKeyRequest request) => certificate.CustomerId == request.CustomerId && certificate.PrinterId == request.PrinterId && certificate.Token == request.Token
        && Same(certificate.Keys.Primary, request.Keys.Primary) && Same(certificate.Keys.Shadow, request.Keys.Shadow)
        && Same(certificate.Keys.ManifestEd25519, request.Keys.ManifestEd25519) && Same(certificate.Keys.ManifestMlDsa65, request.Keys.ManifestMlDsa65)
        && (certificate.Replaces is { } replaces ? request.Replaces is { } asked && replaces.Span.SequenceEqual(asked.Span) : request.Replaces is null);

    private static bool Same(VaultKey one, VaultKey other) => one.Algorithm == other.Algorithm && one.Custody == other.Custody && one.PublicKey.Span.SequenceEqual(other.PublicKey.Span);

    /// <summary>From here on the vault is what the certificate says; each part of it may have happened already.</summary>
    private async Task PutToUseAsync(CeremonyState state, TrustStore root, byte[] envelope, CancellationToken cancel)
    {
        var keys = hsm.KeysOf(state.Generation) ?? throw new CeremonyRefused("The token does not hold the keys that were made.", "Plug in the token that the ceremony began with.");
        if (state.Kind == CeremonyKind.Rekey)
        {
            hsm.UseKeys(state.Generation);
            await ManifestHandover.RunAsync(storage, CeremonyClosing.Read<VaultCertificate>(folder.Read(CeremonyFolder.Before)!), keys, time.GetUtcNow(), cancel);
        }

        if (!VaultIdentity.TryLoad(options.Data, time.GetUtcNow(), out var identity, out _) || !identity.Envelope.Span.SequenceEqual(envelope))
        {
            VaultIdentity.Save(options.Data, root, envelope);
        }
    }

    private static VaultKeySet Describe(VaultKeys keys) => new(Describe(keys.Primary), Describe(keys.Shadow), Describe(keys.ManifestEd25519), Describe(keys.ManifestMlDsa65));

    private static VaultKey Describe(HeldKey key) => new(key.Signer.Algorithm, key.Signer.PublicKey, key.InToken ? KeyCustody.Token : KeyCustody.Software);

    private static PublicRoot ReadRoot(byte[] json) => (TrustStore.TryParse(json, out var trust, out _) ? PublicRoot.Of(trust) : null)
        ?? throw new CeremonyRefused("That is not the two public keys of a customer's root.", "Name the file that touchmark keys root new wrote.");
}
