using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Touchmark.Cryptography.Pkcs11;

/// <summary>What a token says of itself; the library is the module's own description and version.</summary>
public sealed record TokenInfo(string Label, string Manufacturer, string Model, string Serial, string Library);

/// <summary>
/// A PKCS#11 module: one per process and library, as its state is the process's. Several threads may use it. Linux and macOS only: on Windows CK_ULONG has 32
/// bits and the structures are packed, and nothing here was made or tried for that.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A module lives as long as its process, and so does its lock.")]
public sealed unsafe class Pkcs11Module
{
    private const int MostSlots = 1024;
    private const int MostMechanisms = 4096;

    // A library that is loaded twice is the same library, and C_Finalize by one user ends it for the other: so they share the lock.
    private static readonly ConcurrentDictionary<nint, Pkcs11Module> Loaded = new();

    private readonly ReaderWriterLockSlim _initialised = new();
    private readonly FunctionList* _functions;
    private int _generation;

    private Pkcs11Module(FunctionList* functions)
    {
        _functions = functions;
    }

    internal FunctionList* Functions => _functions;

    /// <summary>Grows by one with each initialisation; sessions and handles of an earlier one are void.</summary>
    internal int Generation => Volatile.Read(ref _generation);

    /// <summary>Loads a module's library and initialises it. A library is never unloaded: modules leave threads and exit handlers behind.</summary>
    /// <exception cref="PlatformNotSupportedException">On Windows.</exception>
    /// <exception cref="DllNotFoundException">No such library, or one of its own libraries is missing.</exception>
    /// <exception cref="EntryPointNotFoundException">It is no PKCS#11 module.</exception>
    /// <exception cref="Pkcs11Exception">It cannot be initialised.</exception>
    public static Pkcs11Module Load(string path)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("PKCS#11 modules can be used on Linux and macOS only.");
        nint library = NativeLibrary.Load(path);
        var getFunctionList = (delegate* unmanaged[Cdecl]<FunctionList**, CkResult>)NativeLibrary.GetExport(library, "C_GetFunctionList");
        FunctionList* functions = null;
        Check("C_GetFunctionList", getFunctionList(&functions));
        return FromFunctionList((nint)functions);
    }

    /// <summary>A module by its CK_FUNCTION_LIST, which has to stay where it is.</summary>
    public static Pkcs11Module FromFunctionList(nint functions)
    {
        if (functions == 0)
            throw new ArgumentException("There is no function list.", nameof(functions));
        Pkcs11Module module = Loaded.GetOrAdd(functions, static list => new((FunctionList*)list));
        module.EnsureInitialised();
        return module;
    }

    /// <summary>The tokens that are there now.</summary>
    public IReadOnlyList<TokenInfo> Tokens()
    {
        using (Enter())
            return [.. Slots().Select(slot => slot.Info)];
    }

    /// <summary>
    /// Ends the module and begins anew, which is how many modules notice that a token came back. Everybody's sessions are void after it.
    /// </summary>
    /// <param name="patience">How long to wait for calls that are under way in other threads.</param>
    /// <exception cref="TokenBusyException">They did not end in that time.</exception>
    public void Reinitialise(TimeSpan patience)
    {
        if (!_initialised.TryEnterWriteLock(patience))
            throw new TokenBusyException($"Calls into the PKCS#11 module have not come back for {patience.TotalSeconds:0.###} s.");
        try
        {
            CkResult ended = _functions->Finalize(null);
            if (ended is not CkResult.CKR_CRYPTOKI_NOT_INITIALIZED)
                Check("C_Finalize", ended);
            Initialise();
        }
        finally
        {
            _initialised.ExitWriteLock();
        }
    }

    /// <summary>Held while native code runs, so that nobody ends the module under it.</summary>
    internal Entered Enter()
    {
        _initialised.EnterReadLock();
        return new(_initialised);
    }

    /// <summary>Looks for a token. The module has to be entered.</summary>
    internal (nuint Slot, TokenInfo Info)? Find(string label, string? serial)
    {
        var found = Slots().Where(slot => slot.Info.Label == label && (serial is null || slot.Info.Serial == serial)).ToList();
        return found.Count switch
        {
            0 => null,
            1 => found[0],
            _ => throw new TokenAbsentException($"{found.Count} tokens have the label '{label}': name the serial number of the one to use."),
        };
    }

    /// <summary>The mechanisms that a token offers. The module has to be entered.</summary>
    internal IReadOnlySet<nuint> Mechanisms(nuint slot)
    {
        nuint count = 0;
        Check("C_GetMechanismList", _functions->GetMechanismList(slot, null, &count));
        if (count > MostMechanisms)
            throw new TokenLiedException($"The token claims {count} mechanisms; at most {MostMechanisms} are believed.");
        var types = new nuint[count];
        nuint filled = count;
        fixed (nuint* t = types)
            Check("C_GetMechanismList", _functions->GetMechanismList(slot, t, &filled));
        return types[..(int)Math.Min(filled, count)].ToHashSet();
    }

    internal static void Check(string function, CkResult result)
    {
        if (result != CkResult.CKR_OK)
            throw new Pkcs11Exception(function, result);
    }

    private void EnsureInitialised()
    {
        _initialised.EnterWriteLock();
        try
        {
            if (_generation == 0)
                Initialise();
        }
        finally
        {
            _initialised.ExitWriteLock();
        }
    }

    private void Initialise()
    {
        var arguments = new InitializeArguments { Flags = Flags.OsLocking };
        CkResult begun = _functions->Initialize(&arguments);
        if (begun is not CkResult.CKR_CRYPTOKI_ALREADY_INITIALIZED)
            Check("C_Initialize", begun);
        Volatile.Write(ref _generation, _generation + 1);
    }

    private List<(nuint Slot, TokenInfo Info)> Slots()
    {
        nuint count = 0;
        // Asked for the number alone, a module looks for slots anew (PKCS#11, C_GetSlotList).
        Check("C_GetSlotList", _functions->GetSlotList(1, null, &count));
        if (count > MostSlots)
            throw new TokenLiedException($"The module claims {count} slots; at most {MostSlots} are believed.");
        var ids = new nuint[count];
        nuint filled = count;
        fixed (nuint* i = ids)
            Check("C_GetSlotList", _functions->GetSlotList(1, i, &filled));
        NativeModuleInfo module;
        Check("C_GetInfo", _functions->GetInfo(&module));
        string library = $"{Text(module.Library, 32)} {module.LibraryMajor}.{module.LibraryMinor}".TrimStart();
        var tokens = new List<(nuint, TokenInfo)>();
        foreach (nuint id in ids.AsSpan(0, (int)Math.Min(filled, count)))
        {
            NativeTokenInfo token;
            // A token may be pulled between the list and the question.
            if (_functions->GetTokenInfo(id, &token) == CkResult.CKR_OK)
                tokens.Add((id, new(Text(token.Label, 32), Text(token.Manufacturer, 32), Text(token.Model, 16), Text(token.Serial, 16), library)));
        }
        return tokens;
    }

    /// <summary>Texts are UTF-8, filled up with blanks; some modules end them with zeros.</summary>
    private static string Text(byte* text, int length) => Encoding.UTF8.GetString(text, length).TrimEnd(' ', '\0');

    internal readonly ref struct Entered(ReaderWriterLockSlim gate)
    {
        public void Dispose() => gate.ExitReadLock();
    }
}
