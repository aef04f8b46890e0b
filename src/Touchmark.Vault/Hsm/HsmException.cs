using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Vault.Hsm;

/// <summary>What is wrong with the HSM, for people.</summary>
/// <param name="State">What it makes of the HSM's state.</param>
/// <param name="Code">Stable.</param>
/// <param name="Reason">One sentence.</param>
/// <param name="Fix">What would help.</param>
internal sealed record HsmFault(HsmState State, string Code, string Reason, string Fix)
{
    /// <summary>What an exception of the module, the PIN file or the library says.</summary>
    public static HsmFault Of(Exception exception) => exception switch
    {
        HsmException known => known.Fault,
        Pkcs11Exception refused => Of(refused),
        TokenAbsentException => new(HsmState.Absent, "HSM_ABSENT", exception.Message, "Put the token back, or check --token; the vault goes on by itself."),
        TokenBusyException => new(HsmState.Failing, "HSM_SLOW", exception.Message, "Look after the HSM or its network; the vault tries again by itself."),
        TokenLiedException => new(HsmState.Failing, "HSM_LIED", exception.Message, "Do not trust this token: take it out of service and have it examined."),
        DllNotFoundException or EntryPointNotFoundException or BadImageFormatException =>
            new(HsmState.Absent, "HSM_MODULE_MISSING", $"The PKCS#11 module cannot be loaded: {exception.Message}", "Install the HSM's PKCS#11 library and name it with --module."),
        UnauthorizedAccessException or InvalidDataException or IOException =>
            new(HsmState.Locked, "HSM_PIN_FILE", exception.Message, "Put the PIN in a file that the vault's user alone may read, and name it with --pin-file."),
        NotSupportedException => new(HsmState.Failing, "HSM_CANNOT", exception.Message, "Use a token that offers Ed25519 or P-256, and AES-GCM or RSA-OAEP."),
        _ => new(HsmState.Failing, "HSM_FAILING", exception.Message, "See the HSM's own log."),
    };

    /// <summary>The exceptions that the HSM is to blame for.</summary>
    public static bool Explains(Exception exception) => exception is HsmException or System.Security.Cryptography.CryptographicException or DllNotFoundException
        or EntryPointNotFoundException or BadImageFormatException or IOException or UnauthorizedAccessException or InvalidDataException or NotSupportedException;

    private static HsmFault Of(Pkcs11Exception refused) => refused.Result switch
    {
        CkResult.CKR_PIN_INCORRECT or CkResult.CKR_PIN_INVALID or CkResult.CKR_PIN_LEN_RANGE => new(
            HsmState.Locked, "HSM_PIN_WRONG", $"The token refuses the PIN ({refused.Result}).", "Correct the PIN file: the vault tries again once it has changed, because each try counts."),
        CkResult.CKR_PIN_LOCKED or CkResult.CKR_PIN_EXPIRED or CkResult.CKR_USER_PIN_NOT_INITIALIZED => new(
            HsmState.Locked, "HSM_LOCKED", $"The token's PIN cannot be used ({refused.Result}).", "Have the security officer set a new PIN, and put it in the PIN file."),
        CkResult.CKR_DEVICE_REMOVED or CkResult.CKR_TOKEN_NOT_PRESENT or CkResult.CKR_TOKEN_NOT_RECOGNIZED or CkResult.CKR_SLOT_ID_INVALID => new(
            HsmState.Absent, "HSM_ABSENT", $"The token is gone ({refused.Result}).", "Put it back; the vault goes on by itself."),
        CkResult.CKR_DEVICE_MEMORY => new(HsmState.Failing, "HSM_FULL", "The token has no room left (CKR_DEVICE_MEMORY).", "Remove what is not needed from the token."),
        _ => new(HsmState.Failing, "HSM_FAILING", refused.Message, "See the HSM's own log."),
    };
}

/// <summary>The HSM could not do what it was asked; its state says why.</summary>
internal class HsmException : Exception
{
    public HsmException(HsmFault fault, Exception? inner = null)
        : base(fault.Reason, inner) => Fault = fault;

    public HsmException(string message, Exception? inner = null)
        : this(new HsmFault(HsmState.Failing, "HSM_FAILING", message, "See the HSM's own log."), inner)
    {
    }

    public HsmFault Fault { get; }
}
