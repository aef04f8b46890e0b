using System.Runtime.InteropServices;

namespace Touchmark.Cryptography.Pkcs11;

// Names, numbers and structures of PKCS#11 (OASIS, 3.2; the ML-DSA ones are new in it). CK_ULONG is the C type unsigned long: nuint on Linux and macOS.

internal static class ObjectClass
{
    internal const nuint Data = 0;
    internal const nuint PublicKey = 2;
    internal const nuint PrivateKey = 3;
    internal const nuint SecretKey = 4;
}

internal static class KeyType
{
    internal const nuint Rsa = 0x00;
    internal const nuint Ec = 0x03;
    internal const nuint Aes = 0x1f;
    internal const nuint EcEdwards = 0x40;
    internal const nuint MlDsa = 0x4a;
}

internal static class AttributeType
{
    internal const nuint Class = 0x000;
    internal const nuint Token = 0x001;
    internal const nuint Private = 0x002;
    internal const nuint Label = 0x003;
    internal const nuint Value = 0x011;
    internal const nuint KeyType = 0x100;
    internal const nuint Id = 0x102;
    internal const nuint Sensitive = 0x103;
    internal const nuint Encrypt = 0x104;
    internal const nuint Decrypt = 0x105;
    internal const nuint Sign = 0x108;
    internal const nuint Verify = 0x10a;
    internal const nuint Modulus = 0x120;
    internal const nuint ModulusBits = 0x121;
    internal const nuint PublicExponent = 0x122;
    internal const nuint ValueLength = 0x161;
    internal const nuint Extractable = 0x162;
    internal const nuint Local = 0x163;
    internal const nuint EcParameters = 0x180;
    internal const nuint EcPoint = 0x181;
    internal const nuint ParameterSet = 0x61d;
}

internal static class MechanismType
{
    internal const nuint RsaKeyPairGeneration = 0x0000;
    internal const nuint RsaOaep = 0x0009;
    internal const nuint MlDsaKeyPairGeneration = 0x001c;
    internal const nuint MlDsa = 0x001d;
    internal const nuint Sha256 = 0x0250;
    internal const nuint EcKeyPairGeneration = 0x1040;
    internal const nuint Ecdsa = 0x1041;
    internal const nuint EdwardsKeyPairGeneration = 0x1055;
    internal const nuint Eddsa = 0x1057;
    internal const nuint AesKeyGeneration = 0x1080;
    internal const nuint AesGcm = 0x1087;
}

internal static class ParameterSet
{
    internal const nuint MlDsa65 = 2;
}

internal static class Flags
{
    internal const nuint OsLocking = 0x2;
    internal const nuint ReadWriteSession = 0x2;
    internal const nuint SerialSession = 0x4;
    internal const nuint User = 1;
}

/// <summary>CK_C_INITIALIZE_ARGS: no mutexes of ours, the module takes the operating system's.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InitializeArguments
{
    internal nint CreateMutex;
    internal nint DestroyMutex;
    internal nint LockMutex;
    internal nint UnlockMutex;
    internal nuint Flags;
    internal nint Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeAttribute
{
    internal nuint Type;
    internal void* Value;
    internal nuint Length;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeMechanism
{
    internal nuint Type;
    internal void* Parameter;
    internal nuint ParameterLength;
}

/// <summary>CK_GCM_PARAMS.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GcmParameters
{
    internal byte* Iv;
    internal nuint IvLength;
    internal nuint IvBits;
    internal byte* AssociatedData;
    internal nuint AssociatedDataLength;
    internal nuint TagBits;
}

/// <summary>CK_RSA_PKCS_OAEP_PARAMS.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct OaepParameters
{
    internal nuint Hash;
    internal nuint Mgf;
    internal nuint Source;
    internal void* SourceData;
    internal nuint SourceDataLength;
}

/// <summary>CK_INFO.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeModuleInfo
{
    internal byte CryptokiMajor;
    internal byte CryptokiMinor;
    internal fixed byte Manufacturer[32];
    internal nuint Flags;
    internal fixed byte Library[32];
    internal byte LibraryMajor;
    internal byte LibraryMinor;
}

/// <summary>CK_TOKEN_INFO.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTokenInfo
{
    internal fixed byte Label[32];
    internal fixed byte Manufacturer[32];
    internal fixed byte Model[16];
    internal fixed byte Serial[16];
    internal nuint Flags;
    internal nuint MaxSessions;
    internal nuint Sessions;
    internal nuint MaxReadWriteSessions;
    internal nuint ReadWriteSessions;
    internal nuint MaxPin;
    internal nuint MinPin;
    internal nuint TotalPublicMemory;
    internal nuint FreePublicMemory;
    internal nuint TotalPrivateMemory;
    internal nuint FreePrivateMemory;
    internal fixed byte HardwareVersion[2];
    internal fixed byte FirmwareVersion[2];
    internal fixed byte Time[16];
}
