using System.Runtime.InteropServices;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Tests;

/// <summary>
/// SoftHSM 2 with a folder of its own per test process, and tokens for all tests. A process that is started from here finds the same tokens.
/// </summary>
internal sealed unsafe partial class SoftHsm
{
    public const string UserPin = "271828";
    private const string SecurityOfficerPin = "31415926";

    private static readonly Lazy<SoftHsm> Only = new(() => new());
    private static int _tokens;

    private readonly nint _library;

    private SoftHsm()
    {
        Folder = Directory.CreateTempSubdirectory("touchmark-softhsm-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);
        Directory.CreateDirectory(TokenFolder);
        string configuration = Path.Combine(Folder, "softhsm2.conf");
        File.WriteAllText(configuration, $"directories.tokendir = {TokenFolder}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n");
        // .NET keeps variables for child processes; native code of this one reads the C library's.
        Environment.SetEnvironmentVariable("SOFTHSM2_CONF", configuration);
        _ = SetVariable("SOFTHSM2_CONF", configuration, 1);
        ModulePath = new[] { "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so" }.First(File.Exists);
        Module = Pkcs11Module.Load(ModulePath);
        _library = NativeLibrary.Load(ModulePath);
        for (var number = 1; number <= Number; number++)
            TokenMaker.Make(_library, Label(number), SecurityOfficerPin, UserPin);
    }

    /// <summary>How many tokens there are. All are made before the first is used: SoftHSM crashes when a token is made while another thread asks for the list.</summary>
    public static int Number { get; set; } = 64;

    public static SoftHsm Instance => Only.Value;

    public string ModulePath { get; }

    public Pkcs11Module Module { get; }

    public string Folder { get; }

    public string TokenFolder => Path.Combine(Folder, "tokens");

    /// <summary>The module's CK_FUNCTION_LIST, for a module that stands in front of it.</summary>
    public nint Functions => FunctionsOf(_library);

    public static nint FunctionsOf(nint library)
    {
        nint list = 0;
        var get = (delegate* unmanaged[Cdecl]<nint*, nuint>)NativeLibrary.GetExport(library, "C_GetFunctionList");
        Require("C_GetFunctionList", get(&list));
        return list;
    }

    public static LockedBuffer Pin(string pin = UserPin) => LockedBuffer.CopyOf(Encoding.UTF8.GetBytes(pin));

    /// <summary>The label of a token that nobody has used yet.</summary>
    public string NewToken()
    {
        int number = Interlocked.Increment(ref _tokens);
        return number <= Number ? Label(number) : throw new InvalidOperationException($"More than {Number} tokens are used: raise SoftHsm.Number.");
    }

    /// <summary>A token that is logged in to.</summary>
    public Token NewConnectedToken()
    {
        var token = new Token(Module, NewToken(), serial: null, Pin(), TimeSpan.FromSeconds(30));
        token.Connect();
        return token;
    }

    private static string Label(int number) => $"test {Environment.ProcessId} {number}";

    internal static void Require(string function, nuint result)
    {
        if (result != 0)
            throw new InvalidOperationException($"{function}: 0x{result:x}");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}

/// <summary>Initialises tokens, which the product never does: it is the vendor's tool that does.</summary>
internal static unsafe class TokenMaker
{
    /// <param name="library">A loaded and initialised module that exports its functions one by one.</param>
    /// <param name="label">Of the token.</param>
    /// <param name="securityOfficerPin">Its first PIN.</param>
    /// <param name="userPin">Its second.</param>
    public static void Make(nint library, string label, string securityOfficerPin, string userPin)
    {
        nuint slot = FreeSlot(library);
        byte[] officer = Encoding.UTF8.GetBytes(securityOfficerPin);
        byte[] user = Encoding.UTF8.GetBytes(userPin);
        byte[] padded = Encoding.UTF8.GetBytes(label.PadRight(32));
        nuint session = 0;
        fixed (byte* o = officer, u = user, l = padded)
        {
            SoftHsm.Require("C_InitToken", ((delegate* unmanaged[Cdecl]<nuint, byte*, nuint, byte*, nuint>)Export(library, "C_InitToken"))(slot, o, (nuint)officer.Length, l));
            SoftHsm.Require("C_OpenSession", ((delegate* unmanaged[Cdecl]<nuint, nuint, nint, nint, nuint*, nuint>)Export(library, "C_OpenSession"))(slot, 6, 0, 0, &session));
            SoftHsm.Require("C_Login", ((delegate* unmanaged[Cdecl]<nuint, nuint, byte*, nuint, nuint>)Export(library, "C_Login"))(session, 0, o, (nuint)officer.Length));
            SoftHsm.Require("C_InitPIN", ((delegate* unmanaged[Cdecl]<nuint, byte*, nuint, nuint>)Export(library, "C_InitPIN"))(session, u, (nuint)user.Length));
        }
        SoftHsm.Require("C_Logout", ((delegate* unmanaged[Cdecl]<nuint, nuint>)Export(library, "C_Logout"))(session));
        SoftHsm.Require("C_CloseSession", ((delegate* unmanaged[Cdecl]<nuint, nuint>)Export(library, "C_CloseSession"))(session));
    }

    /// <summary>The last slot: both modules keep one at the end that has no token yet.</summary>
    private static nuint FreeSlot(nint library)
    {
        var list = (delegate* unmanaged[Cdecl]<byte, nuint*, nuint*, nuint>)Export(library, "C_GetSlotList");
        nuint count = 0;
        SoftHsm.Require("C_GetSlotList", list(0, null, &count));
        var slots = new nuint[count];
        fixed (nuint* s = slots)
            SoftHsm.Require("C_GetSlotList", list(0, s, &count));
        return slots[(int)count - 1];
    }

    private static nint Export(nint library, string name) => NativeLibrary.GetExport(library, name);
}
