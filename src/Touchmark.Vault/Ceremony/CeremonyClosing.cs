using System.Security.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Ceremony;

/// <summary>What all ceremonies share: their steps as they are done, and the record that both people sign.</summary>
internal sealed class CeremonyClosing(VaultOptions options, CeremonyFolder folder, CeremonyDialog dialog, CeremonyOfficers officers, IVaultHsm hsm, ManifestBook manifest, TimeProvider time)
{
    private const int FingerprintBytes = 16;
    private const int MaxPlace = 128;

    /// <summary>Groups of four hexadecimal digits of the statement's hash: what people compare over the telephone.</summary>
    public static string Fingerprint(byte[] envelope) => string.Join(' ', Convert.ToHexStringLower(SHA256.HashData(envelope).AsSpan(0, FingerprintBytes)).Chunk(4).Select(group => new string(group)));

    /// <summary>The name by which other statements refer to this one.</summary>
    public static byte[] Hash(byte[] envelope) => SHA256.HashData(envelope);

    /// <summary>The document of a statement that was verified when it came in.</summary>
    public static T Read<T>(byte[] envelope)
        where T : class, IDocument<T> =>
        Statement.TryParse(envelope, out var statement, out var problem) && Document.TryDecode<T>(statement.Payload, out var document, out problem) ? document
        : throw new CeremonyRefused($"A file of the ceremony cannot be read: {problem}.", "Restore it, or begin anew: remove the folder 'ceremony' in the data folder.");

    /// <exception cref="CeremonyRefused">No ceremony has made this vault one.</exception>
    public VaultIdentity Identity() => VaultIdentity.TryLoad(options.Data, time.GetUtcNow(), out var identity, out var problem) ? identity
        : throw new CeremonyRefused($"This is no vault yet: {problem}.", "Hold the enrolment: touchmark-vault ceremony request.");

    /// <summary>The token as documents describe it.</summary>
    public TokenFacts Token() => hsm.Token is { } token ? new(token.Manufacturer, token.Model, token.Serial, token.Library) : throw new CeremonyRefused($"The token does not answer: {hsm.Reason}", "Plug it in.");

    /// <summary>People read the root's pin from paper: whoever exchanged the file did not exchange the paper.</summary>
    public void ComparePin(RootPin pin) => dialog.Ask("pin", "The root's pin, from the paper:", answer =>
        !RootPin.TryParse(answer, out var written, out var problem) ? throw new CeremonyRefused(problem, "Type all groups.")
        : written == pin ? written : throw new CeremonyRefused("That is the pin of another root.", "Do not go on before you know why: the file may have been exchanged."));

    public string AskPlace() => dialog.Ask("place", "Where are you?", answer =>
        PlainText.TryAccept(answer, MaxPlace, out var place) ? place : throw new CeremonyRefused($"That is not one line of 1 to {MaxPlace} visible characters.", "Name the place."));

    /// <summary>A step was done.</summary>
    public CeremonyState Done(CeremonyState state, string what) => folder.Save(state with { Steps = [.. state.Steps, new(time.GetUtcNow(), what)] });

    /// <summary>A step was done, perhaps not for the first time.</summary>
    public CeremonyState Once(CeremonyState state, string what) => state.Steps.Any(step => step.What == what) ? state : Done(state, what);

    /// <summary>Enters statements in the manifest; those that are there stay as they are.</summary>
    public async Task EnterAsync(IEnumerable<SignedStatement> statements, CancellationToken cancel)
    {
        foreach (var statement in statements)
        {
            Require(await manifest.EnterAsync(statement, cancel));
        }
    }

    /// <summary>Has both sign what was done, and enters both signatures.</summary>
    public async Task RecordAsync(CeremonyState state, byte[] certificate, CancellationToken cancel)
    {
        dialog.Heading("The record");
        await EnterAsync(officers.Sign(() => new CeremonyRecord
        {
            CeremonyId = state.CeremonyId, Kind = state.Kind, CustomerId = state.CustomerId, VaultId = state.VaultId, At = time.GetUtcNow(), Place = state.Place, Custodian = officers.Custodian, Witness = officers.Witness,
            Steps = state.Steps, Token = Token(), CertificateSha256 = certificate, RootPin = state.RootPin,
        }), cancel);
    }

    private static void Require(Outcome<ManifestEntry> outcome)
    {
        if (!outcome.Has(out _, out var refusal))
        {
            throw new CeremonyRefused(refusal.Text, refusal.Fix);
        }
    }
}
