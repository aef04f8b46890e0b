using System.Runtime.InteropServices;

namespace Touchmark.Cryptography.Pkcs11;

/// <summary>CK_FUNCTION_LIST (PKCS#11 2.40; 3.x modules hand it out as well): the functions that are used by their types, the others as places in the row.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FunctionList
{
    internal byte Major;
    internal byte Minor;
    internal delegate* unmanaged[Cdecl]<InitializeArguments*, CkResult> Initialize;
    internal delegate* unmanaged[Cdecl]<void*, CkResult> Finalize;
    internal delegate* unmanaged[Cdecl]<NativeModuleInfo*, CkResult> GetInfo;
    internal nint GetFunctionList;
    internal delegate* unmanaged[Cdecl]<byte, nuint*, nuint*, CkResult> GetSlotList;
    internal nint GetSlotInfo;
    internal delegate* unmanaged[Cdecl]<nuint, NativeTokenInfo*, CkResult> GetTokenInfo;
    internal delegate* unmanaged[Cdecl]<nuint, nuint*, nuint*, CkResult> GetMechanismList;
    internal nint GetMechanismInfo;
    internal nint InitToken;
    internal nint InitPIN;
    internal nint SetPIN;
    internal delegate* unmanaged[Cdecl]<nuint, nuint, void*, void*, nuint*, CkResult> OpenSession;
    internal delegate* unmanaged[Cdecl]<nuint, CkResult> CloseSession;
    internal nint CloseAllSessions;
    internal nint GetSessionInfo;
    internal nint GetOperationState;
    internal nint SetOperationState;
    internal delegate* unmanaged[Cdecl]<nuint, nuint, byte*, nuint, CkResult> Login;
    internal nint Logout;
    internal delegate* unmanaged[Cdecl]<nuint, NativeAttribute*, nuint, nuint*, CkResult> CreateObject;
    internal nint CopyObject;
    internal delegate* unmanaged[Cdecl]<nuint, nuint, CkResult> DestroyObject;
    internal nint GetObjectSize;
    internal delegate* unmanaged[Cdecl]<nuint, nuint, NativeAttribute*, nuint, CkResult> GetAttributeValue;
    internal nint SetAttributeValue;
    internal delegate* unmanaged[Cdecl]<nuint, NativeAttribute*, nuint, CkResult> FindObjectsInit;
    internal delegate* unmanaged[Cdecl]<nuint, nuint*, nuint, nuint*, CkResult> FindObjects;
    internal delegate* unmanaged[Cdecl]<nuint, CkResult> FindObjectsFinal;
    internal delegate* unmanaged[Cdecl]<nuint, NativeMechanism*, nuint, CkResult> EncryptInit;
    internal delegate* unmanaged[Cdecl]<nuint, byte*, nuint, byte*, nuint*, CkResult> Encrypt;
    internal nint EncryptUpdate;
    internal nint EncryptFinal;
    internal delegate* unmanaged[Cdecl]<nuint, NativeMechanism*, nuint, CkResult> DecryptInit;
    internal delegate* unmanaged[Cdecl]<nuint, byte*, nuint, byte*, nuint*, CkResult> Decrypt;
    internal nint DecryptUpdate;
    internal nint DecryptFinal;
    internal nint DigestInit;
    internal nint Digest;
    internal nint DigestUpdate;
    internal nint DigestKey;
    internal nint DigestFinal;
    internal delegate* unmanaged[Cdecl]<nuint, NativeMechanism*, nuint, CkResult> SignInit;
    internal delegate* unmanaged[Cdecl]<nuint, byte*, nuint, byte*, nuint*, CkResult> Sign;
    internal nint SignUpdate;
    internal nint SignFinal;
    internal nint SignRecoverInit;
    internal nint SignRecover;
    internal nint VerifyInit;
    internal nint Verify;
    internal nint VerifyUpdate;
    internal nint VerifyFinal;
    internal nint VerifyRecoverInit;
    internal nint VerifyRecover;
    internal nint DigestEncryptUpdate;
    internal nint DecryptDigestUpdate;
    internal nint SignEncryptUpdate;
    internal nint DecryptVerifyUpdate;
    internal delegate* unmanaged[Cdecl]<nuint, NativeMechanism*, NativeAttribute*, nuint, nuint*, CkResult> GenerateKey;
    internal delegate* unmanaged[Cdecl]<nuint, NativeMechanism*, NativeAttribute*, nuint, NativeAttribute*, nuint, nuint*, nuint*, CkResult> GenerateKeyPair;
    internal nint WrapKey;
    internal nint UnwrapKey;
    internal nint DeriveKey;
    internal nint SeedRandom;
    internal nint GenerateRandom;
    internal nint GetFunctionStatus;
    internal nint CancelFunction;
    internal nint WaitForSlotEvent;
}
