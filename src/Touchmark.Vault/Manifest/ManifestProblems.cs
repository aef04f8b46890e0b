using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Writing;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Manifest;

/// <summary>Why nothing is signed.</summary>
internal static class ManifestProblems
{
    private const long RetrySeconds = 5;

    public static Refusal OtherKeys => Unavailable("OTHER_KEYS", "The keys in the HSM are not those of the vault's certificate.",
        "Say the token that the ceremony made the keys in, or complete the ceremony that made these.");

    public static Refusal HsmNotReady(IVaultHsm hsm) => Unavailable("HSM_NOT_READY", $"The HSM does not sign: {Reason(hsm)}", "Look at hsm_state in /v3/posture; the vault goes on by itself when the HSM is back.")
        .With("hsm_state", hsm.State.ToString().ToLowerInvariant()).With("retry_after_s", RetrySeconds);

    public static Refusal HsmFailed(Exception failure, IVaultHsm hsm) => hsm.State != HsmState.Ready ? HsmNotReady(hsm)
        : Unavailable("HSM_FAILED", $"The HSM failed while it was signing: {failure.Message}", "Send the request again; a job that was signed is found, not signed again.").With("retry_after_s", RetrySeconds);

    public static Refusal NoCertificate(string problem) => Unavailable("NO_CERTIFICATE", $"The vault cannot sign: {problem}.", "Hold the enrolment ceremony: touchmark-vault ceremony.");

    public static Refusal Revoked => Unavailable("VAULT_REVOKED", "The customer's root has revoked the vault's certificate: it signs nothing any more.", "Enrol a new vault. What this one has signed stays in its manifest.");

    public static Refusal CounterWentBack(long counter, long lastBundle) =>
        Unavailable("COUNTER_WENT_BACK", $"The token's counter stands at {counter}, the last bundle has {lastBundle}: the token was restored from a copy, or is another one.",
            "Put the real token back. If it is lost, hold the ceremony that replaces it; nothing is signed until then.").With("token_counter", counter).With("last_bundle", lastBundle);

    public static Refusal ManifestWentBack(long size, long marked) =>
        Unavailable("MANIFEST_WENT_BACK", $"The manifest has {size} entries, and had {marked} when the token last counted: an old copy of it was restored, or it was lost.",
            "Restore the newest copy of the data folder; nothing is signed until then.").With("entries", size).With("token_saw", marked);

    public static Refusal OtherManifest(long marked) =>
        Unavailable("MANIFEST_WENT_BACK", $"The manifest does not begin with the {marked} entries that the token last saw: it is another one, or was forked.",
            "Restore the data folder that belongs to this token; nothing is signed until then.").With("token_saw", marked);

    public static Refusal OtherIndex(long indexed) =>
        Unavailable("INDEX_DIFFERS", $"The index knows {indexed} entries, and the last of them is not the manifest's: it is of another vault, or of another copy of this one.",
            "Say the vault's own database with --database, or make it anew from the manifest: touchmark-vault index rebuild.").With("indexed", indexed);

    public static Refusal SharedToken(long expected, long value) =>
        Unavailable("TOKEN_SHARED", $"The token counted {value} where {expected} was next: another process counts with it.", "End the other process; one vault has one token.").With("expected", expected).With("counted", value);

    public static Refusal ObjectsAway(ObjectStoreException failure) =>
        Unavailable("OBJECTS_AWAY", failure.Message, "Look at the object store; the vault goes on by itself when it is back. Send the request again then: what was entered is found, not entered again.").With("retry_after_s", RetrySeconds);

    public static Refusal NotOpened(Exception failure, Dialect dialect) => IsFull(failure, dialect) ? Full : Unwrap(failure) is ObjectStoreException away ? ObjectsAway(away)
        : Unavailable("MANIFEST_NOT_OPEN", $"The manifest cannot be opened: {failure.Message}", "Look at the vault's log and storage.").With("retry_after_s", RetrySeconds);

    public static Refusal NotEntered(Exception failure, IVaultHsm hsm, Dialect dialect) => hsm.State != HsmState.Ready ? HsmNotReady(hsm)
        : IsFull(failure, dialect) ? Full : Unwrap(failure) is ObjectStoreException away ? ObjectsAway(away)
        : Unavailable("MANIFEST_FAILED", "The storage of the manifest failed, and whether it took the entry is not known yet.", "Send the request again: what was entered is found, not entered again.").With("retry_after_s", RetrySeconds);

    private static Refusal Full => new(StatusCodes.Status507InsufficientStorage, "STORAGE_FULL", "The vault has no room left to store this.",
        "Free space in the vault's data folder or database, then send the request again: what was entered is found, not entered again.");

    private static string Reason(IVaultHsm hsm) => hsm.Reason.Length > 0 ? hsm.Reason : $"it is {hsm.State.ToString().ToLowerInvariant()}.";

    private static Refusal Unavailable(string code, string text, string fix) => new(StatusCodes.Status503ServiceUnavailable, code, text, fix);

    private static bool IsFull(Exception failure, Dialect dialect) => StorageFull.Is(Unwrap(failure), dialect);

    // A writer that stopped says so with what stopped it, which may have been an append that failed.
    private static Exception Unwrap(Exception failure) => failure is LogAppendException or LogStoppedException && failure.InnerException is { } inner ? Unwrap(inner) : failure;
}
