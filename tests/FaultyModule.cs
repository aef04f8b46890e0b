using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Tests;

/// <summary>What a faulty module does with a call.</summary>
internal enum Misdeed
{
    /// <summary>Refuses.</summary>
    Refuse,

    /// <summary>Does it, and says that it did not.</summary>
    RefuseAfterwards,

    /// <summary>Says that it did it, and did not.</summary>
    Pretend,

    /// <summary>Does it, and flips a bit of what it wrote.</summary>
    FlipBit,

    /// <summary>Does it, and states another length.</summary>
    StateLength,

    /// <summary>Does it with another key.</summary>
    UseKey,

    /// <summary>Does not come back before it is let.</summary>
    Hang,
}

/// <summary>A fault, as data.</summary>
/// <param name="Function">The function without C_.</param>
/// <param name="Misdeed">What happens.</param>
/// <param name="Result">What is returned, where it refuses.</param>
/// <param name="After">Calls that are let pass before.</param>
/// <param name="Times">Calls that it happens to.</param>
/// <param name="Number">The length or the key.</param>
internal sealed record Fault(
    string Function, Misdeed Misdeed, CkResult Result = CkResult.CKR_OK, int After = 0, int Times = int.MaxValue, nuint Number = 0);

/// <summary>A module that does what it is told to do wrong, and passes everything else on to SoftHSM.</summary>
internal sealed unsafe class FaultyModule() : InterposedModule(SoftHsm.Instance.Functions)
{
    private readonly Lock _gate = new();
    private Fault? _fault;
    private int _calls;

    /// <summary>The fault from now on; null for none.</summary>
    public Fault? Fault
    {
        set
        {
            lock (_gate)
                (_fault, _calls) = (value, 0);
        }
    }

    /// <summary>Released once for each call that hangs.</summary>
    public SemaphoreSlim Hanging { get; } = new(0);

    /// <summary>Lets hanging calls go on.</summary>
    public ManualResetEventSlim Released { get; } = new();

    protected override CkResult Call(string function, nuint[] arguments, Func<CkResult> real)
    {
        Fault? fault = Strikes(function);
        switch (fault?.Misdeed)
        {
            case Misdeed.Refuse:
                return fault.Result;
            case Misdeed.RefuseAfterwards:
                _ = real();
                return fault.Result;
            case Misdeed.Pretend:
                return CkResult.CKR_OK;
            case Misdeed.FlipBit:
                CkResult result = real();
                *(byte*)arguments[3] ^= 1;
                return result;
            case Misdeed.StateLength:
                return StateLength(function, arguments, real(), fault.Number);
            case Misdeed.UseKey:
                arguments[2] = fault.Number;
                return real();
            case Misdeed.Hang:
                Hanging.Release();
                Released.Wait();
                return real();
            default:
                return real();
        }
    }

    private static CkResult StateLength(string function, nuint[] arguments, CkResult result, nuint length)
    {
        if (function is "GetAttributeValue")
            ((NativeAttribute*)arguments[2])->Length = length;
        else
            *(nuint*)arguments[function is "Sign" or "Encrypt" or "Decrypt" ? 4 : function is "FindObjects" ? 3 : 2] = length;
        return result;
    }

    private Fault? Strikes(string function)
    {
        lock (_gate)
        {
            if (_fault is not { } fault || fault.Function != function)
                return null;
            _calls++;
            return _calls > fault.After && _calls - fault.After <= fault.Times ? fault : null;
        }
    }
}
