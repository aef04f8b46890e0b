using System.Reflection;
using System.Runtime.InteropServices;

namespace Touchmark.Cryptography;

/// <summary>
/// The few functions of libsodium that are used. The library is looked for at the first use, so a process that never signs with Ed25519 does not need it.
/// </summary>
internal static unsafe partial class Sodium
{
    private const string Library = "libsodium";

    private static readonly Lazy<string?> Missing = new(Initialise);

    static Sodium() => NativeLibrary.SetDllImportResolver(typeof(Sodium).Assembly, Resolve);

    /// <summary>Null when libsodium is ready, else a sentence that says what to install.</summary>
    internal static string? WhyMissing => Missing.Value;

    /// <exception cref="PlatformNotSupportedException">libsodium is not installed.</exception>
    internal static void Require()
    {
        if (WhyMissing is { } sentence)
            throw new PlatformNotSupportedException(sentence);
    }

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_seed_keypair")]
    internal static partial int SeedKeyPair(byte* publicKey, byte* secretKey, byte* seed);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_detached")]
    internal static partial int SignDetached(byte* signature, nint signatureLength, byte* message, ulong messageLength, byte* secretKey);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_verify_detached")]
    internal static partial int VerifyDetached(byte* signature, byte* message, ulong messageLength, byte* publicKey);

    [LibraryImport(Library, EntryPoint = "sodium_init")]
    private static partial int Init();

    private static string? Initialise()
    {
        try
        {
            return Init() >= 0 ? null : "Ed25519 is not available: libsodium was found but could not initialise itself (sodium_init failed).";
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return "Ed25519 needs libsodium, which is not installed: on Debian and Ubuntu `apt-get install libsodium23`, on macOS `brew install libsodium`, "
                + "on Windows place libsodium.dll beside the program.";
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
            return 0;
        string[] candidates = OperatingSystem.IsWindows() ? ["libsodium.dll"]
            : OperatingSystem.IsMacOS() ? ["libsodium.dylib", "/opt/homebrew/lib/libsodium.dylib", "/usr/local/lib/libsodium.dylib"]
            : ["libsodium.so.23", "libsodium.so.26", "libsodium.so"]; // 1.0.18/19 and 1.0.20: the functions used are the same in both.
        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, assembly, path, out nint handle))
                return handle;
        }
        return 0;
    }
}
