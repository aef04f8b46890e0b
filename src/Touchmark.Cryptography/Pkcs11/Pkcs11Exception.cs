using System.Security.Cryptography;

namespace Touchmark.Cryptography.Pkcs11;

/// <summary>A function of a PKCS#11 module refused.</summary>
public sealed class Pkcs11Exception(string function, CkResult result)
    : CryptographicException($"{function} of the PKCS#11 module returned {Name(result)}.")
{
    /// <summary>The function, as the specification calls it: C_Sign.</summary>
    public string Function { get; } = function;

    public CkResult Result { get; } = result;

    /// <summary>The session, the login or a handle is no longer valid although the token may be: worth one more try with new ones.</summary>
    internal bool IsStale => Result is CkResult.CKR_SESSION_HANDLE_INVALID or CkResult.CKR_SESSION_CLOSED or CkResult.CKR_USER_NOT_LOGGED_IN
        or CkResult.CKR_OBJECT_HANDLE_INVALID or CkResult.CKR_KEY_HANDLE_INVALID;

    private static string Name(CkResult result) => Enum.IsDefined(result) ? result.ToString() : $"the vendor's error 0x{(ulong)result:x}";
}

/// <summary>A token answered with what cannot be: a signature that does not verify, a length that no such value has, a write that is not there.</summary>
public sealed class TokenLiedException(string message) : CryptographicException(message);

/// <summary>No token of that label or serial number is there.</summary>
public sealed class TokenAbsentException(string message) : CryptographicException(message);

/// <summary>All sessions stayed in use: the token is slow, or hangs.</summary>
public sealed class TokenBusyException(string message) : CryptographicException(message);
