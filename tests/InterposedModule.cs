using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Tests;

/// <summary>
/// A PKCS#11 module that stands in front of a real one: a CK_FUNCTION_LIST of which each function that the product calls comes by here first. Its end
/// stops here, as the real module is shared with other tests.
/// </summary>
internal abstract unsafe class InterposedModule
{
    // Every argument of these functions fits a register, so that they differ in number only.
    private static readonly Dictionary<string, int> Arguments = new(StringComparer.Ordinal)
    {
        ["Initialize"] = 1, ["Finalize"] = 1, ["GetSlotList"] = 3, ["GetTokenInfo"] = 2, ["GetMechanismList"] = 3, ["OpenSession"] = 5, ["CloseSession"] = 1,
        ["Login"] = 4, ["CreateObject"] = 4, ["DestroyObject"] = 2, ["GetAttributeValue"] = 4, ["FindObjectsInit"] = 3,
        ["FindObjects"] = 4, ["FindObjectsFinal"] = 1, ["EncryptInit"] = 3, ["Encrypt"] = 5, ["DecryptInit"] = 3, ["Decrypt"] = 5, ["SignInit"] = 3, ["Sign"] = 5,
        ["GenerateKey"] = 5, ["GenerateKeyPair"] = 8,
    };

    // The product keeps modules for the life of the process, and calls them from native code, which no collector sees.
    private static readonly ConcurrentBag<Delegate> Alive = [];

    private readonly FunctionList* _list;

    /// <param name="real">The CK_FUNCTION_LIST behind.</param>
    protected InterposedModule(nint real)
    {
        _list = (FunctionList*)NativeMemory.Alloc((nuint)sizeof(FunctionList));
        *_list = *(FunctionList*)real;
        foreach (var (name, count) in Arguments)
        {
            var place = (nint*)((byte*)_list + Marshal.OffsetOf<FunctionList>(name));
            *place = Wrap(name, count, *place);
        }
    }

    /// <summary>For the product's seam.</summary>
    public Pkcs11Module Load(string path) => Pkcs11Module.FromFunctionList((nint)_list);

    /// <summary>A call; the real function is behind <paramref name="real"/>.</summary>
    /// <param name="function">Its name without C_.</param>
    /// <param name="arguments">As they came; what is changed here is what the real one gets.</param>
    /// <param name="real">Calls it.</param>
    protected abstract CkResult Call(string function, nuint[] arguments, Func<CkResult> real);

    private nint Wrap(string name, int count, nint real)
    {
        Delegate wrapped = count switch
        {
            1 => (Function1)(a => Enter(name, real, a)),
            2 => (Function2)((a, b) => Enter(name, real, a, b)),
            3 => (Function3)((a, b, c) => Enter(name, real, a, b, c)),
            4 => (Function4)((a, b, c, d) => Enter(name, real, a, b, c, d)),
            5 => (Function5)((a, b, c, d, e) => Enter(name, real, a, b, c, d, e)),
            _ => (Function8)((a, b, c, d, e, f, g, h) => Enter(name, real, a, b, c, d, e, f, g, h)),
        };
        Alive.Add(wrapped);
        return Marshal.GetFunctionPointerForDelegate(wrapped);
    }

    private CkResult Enter(string name, nint real, params nuint[] arguments) =>
        name is "Finalize" ? CkResult.CKR_OK : Call(name, arguments, () => Forward(real, arguments));

    private static CkResult Forward(nint f, nuint[] a) => a.Length switch
    {
        1 => ((delegate* unmanaged[Cdecl]<nuint, CkResult>)f)(a[0]),
        2 => ((delegate* unmanaged[Cdecl]<nuint, nuint, CkResult>)f)(a[0], a[1]),
        3 => ((delegate* unmanaged[Cdecl]<nuint, nuint, nuint, CkResult>)f)(a[0], a[1], a[2]),
        4 => ((delegate* unmanaged[Cdecl]<nuint, nuint, nuint, nuint, CkResult>)f)(a[0], a[1], a[2], a[3]),
        5 => ((delegate* unmanaged[Cdecl]<nuint, nuint, nuint, nuint, nuint, CkResult>)f)(a[0], a[1], a[2], a[3], a[4]),
        _ => ((delegate* unmanaged[Cdecl]<nuint, nuint, nuint, nuint, nuint, nuint, nuint, nuint, CkResult>)f)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]),
    };

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate CkResult Function1(nuint a);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate CkResult Function2(nuint a, nuint b);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate CkResult Function3(nuint a, nuint b, nuint c);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate CkResult Function4(nuint a, nuint b, nuint c, nuint d);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate CkResult Function5(nuint a, nuint b, nuint c, nuint d, nuint e);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate CkResult Function8(nuint a, nuint b, nuint c, nuint d, nuint e, nuint f, nuint g, nuint h);
}
