using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Touchmark.Vault.Hsm;

/// <summary>
/// An NV counter of a TPM 2.0 (TPM 2.0 Library, part 3, TPM2_NV_Increment) through the ESYS library of the TPM software stack. It can only grow, and one that is
/// removed and defined again begins above all that there ever were. The index is the operator's to define, and needs no password: whoever increments it, too, is seen.
/// </summary>
/// <remarks>One thread at a time.</remarks>
internal sealed unsafe partial class TpmCounter : IDisposable
{
    private const string UsualTpm = "device:/dev/tpmrm0";

    // tss2_esys.h, tss2_tpm2_types.h
    private const uint None = 0xfff;
    private const uint EmptyPassword = 0x0ff;
    private const uint NotWrittenYet = 0x14a;
    private const uint NoSuchHandle = 0x18b;

    private readonly string _tpm;
    private readonly uint _index;
    private nint _connection;
    private nint _context;
    private uint _counter;

    /// <param name="option"><c>0x01500016</c>, or with the way to the TPM in front (TCTI): <c>device:/dev/tpmrm0@0x01500016</c>.</param>
    /// <exception cref="FormatException">It is neither.</exception>
    public TpmCounter(string option)
    {
        var at = option.LastIndexOf('@');
        _tpm = at < 0 ? UsualTpm : option[..at];
        var index = option[(at + 1)..];
        if (!index.StartsWith("0x", StringComparison.Ordinal) || !uint.TryParse(index.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _index))
        {
            throw new FormatException($"A TPM counter is named like 0x01500016 or device:/dev/tpmrm0@0x01500016, not '{option}'.");
        }
    }

    public long Read() => Use(() =>
    {
        var result = Esys_NV_Read(_context, _counter, _counter, EmptyPassword, None, None, sizeof(ulong), 0, out var data);
        if ((result & 0xffff) == NotWrittenYet)
        {
            // A counter that was only defined has no value before it is incremented for the first time.
            Check("TPM2_NV_Increment", Esys_NV_Increment(_context, _counter, _counter, EmptyPassword, None, None));
            result = Esys_NV_Read(_context, _counter, _counter, EmptyPassword, None, None, sizeof(ulong), 0, out data);
        }
        Check("TPM2_NV_Read", result);
        try
        {
            // TPM2B_MAX_NV_BUFFER: u16 size, then the bytes.
            return *(ushort*)data == sizeof(ulong)
                ? BinaryPrimitives.ReadInt64BigEndian(new ReadOnlySpan<byte>((byte*)data + sizeof(ushort), sizeof(ulong)))
                : throw Failed($"The NV index 0x{_index:x8} is no counter.");
        }
        finally
        {
            Esys_Free(data);
        }
    });

    /// <returns>The value after it.</returns>
    public long Increment()
    {
        var before = Read();
        Use(() =>
        {
            Check("TPM2_NV_Increment", Esys_NV_Increment(_context, _counter, _counter, EmptyPassword, None, None));
            return 0;
        });
        var after = Read();
        return after > before ? after : throw Failed($"The TPM's counter stood at {before}, was incremented, and stands at {after}.");
    }

    public void Dispose()
    {
        if (_context != 0)
        {
            Esys_Finalize(ref _context);
        }
        if (_connection != 0)
        {
            Tss2_TctiLdr_Finalize(ref _connection);
        }
    }

    /// <summary>Connects where need be; a failed call ends the connection, so that the next one begins anew.</summary>
    private T Use<T>(Func<T> work)
    {
        try
        {
            if (_context == 0)
            {
                Connect();
            }
            return work();
        }
        catch (DllNotFoundException missing)
        {
            throw Failed($"The TPM software stack is not installed ({missing.Message})");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private void Connect()
    {
        Check($"the connection to {_tpm}", Tss2_TctiLdr_Initialize(_tpm, out _connection));
        Check("Esys_Initialize", Esys_Initialize(out _context, _connection, 0));
        var found = Esys_TR_FromTPMPublic(_context, _index, None, None, None, out _counter);
        if ((found & 0xfff) == NoSuchHandle)
        {
            throw Failed($"The TPM has no NV index 0x{_index:x8}.");
        }
        Check("TPM2_NV_ReadPublic", found);
    }

    private void Check(string what, uint result)
    {
        if (result != 0)
        {
            throw Failed($"{what} failed with 0x{result:x8}.");
        }
    }

    private HsmException Failed(string reason) => new(new HsmFault(
        HsmState.Failing, "HSM_TPM_COUNTER", $"The TPM's counter cannot be used: {reason}",
        $"Look at the TPM ({_tpm}); an index is defined by: tpm2_nvdefine 0x{_index:x8} -C o -a \"nt=counter|authread|authwrite|no_da\"."));

    [LibraryImport("libtss2-tctildr.so.0", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint Tss2_TctiLdr_Initialize(string nameAndConfiguration, out nint context);

    [LibraryImport("libtss2-tctildr.so.0")]
    private static partial void Tss2_TctiLdr_Finalize(ref nint context);

    [LibraryImport("libtss2-esys.so.0")]
    private static partial uint Esys_Initialize(out nint context, nint connection, nint abiVersion);

    [LibraryImport("libtss2-esys.so.0")]
    private static partial void Esys_Finalize(ref nint context);

    [LibraryImport("libtss2-esys.so.0")]
    private static partial uint Esys_TR_FromTPMPublic(nint context, uint handle, uint session1, uint session2, uint session3, out uint item);

    [LibraryImport("libtss2-esys.so.0")]
    private static partial uint Esys_NV_Increment(nint context, uint authorisation, uint index, uint session1, uint session2, uint session3);

    [LibraryImport("libtss2-esys.so.0")]
    private static partial uint Esys_NV_Read(nint context, uint authorisation, uint index, uint session1, uint session2, uint session3, ushort size, ushort offset, out nint data);

    [LibraryImport("libtss2-esys.so.0")]
    private static partial void Esys_Free(nint data);
}
