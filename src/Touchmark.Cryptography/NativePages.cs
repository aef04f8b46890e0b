using System.Runtime.InteropServices;

namespace Touchmark.Cryptography;

/// <summary>What the operating system gave: the address, and which of the two wishes it granted.</summary>
internal readonly record struct PageGrant(nint Address, bool IsLocked, bool IsLeftOutOfDumps, string? Refusal);

/// <summary>Anonymous pages from the operating system, locked and left out of dumps where it can.</summary>
internal static partial class NativePages
{
    private const int ReadWrite = 0x1 | 0x2; // PROT_READ | PROT_WRITE
    private const int DontDump = 16; // MADV_DONTDUMP, Linux
    private const int PageReadWrite = 0x04;
    private const int CommitAndReserve = 0x3000;
    private const int ReleaseMapping = 0x8000;

    // MAP_PRIVATE | MAP_ANONYMOUS
    private static int PrivateAnonymous => OperatingSystem.IsMacOS() ? 0x1002 : 0x22;

    internal static bool CanExcludeFromDumps => OperatingSystem.IsLinux();

    internal static PageGrant Map(int length)
    {
        if (OperatingSystem.IsWindows())
        {
            nint pages = VirtualAlloc(0, (nuint)length, CommitAndReserve, PageReadWrite);
            if (pages == 0)
                throw new IOException($"The system has no memory for a secret of {length} bytes: {Marshal.GetLastPInvokeErrorMessage()}.");
            bool granted = VirtualLock(pages, (nuint)length);
            return new(pages, granted, false, granted ? null : Marshal.GetLastPInvokeErrorMessage());
        }

        nint address = MMap(0, (nuint)length, ReadWrite, PrivateAnonymous, -1, 0);
        if (address == -1)
            throw new IOException($"The system has no memory for a secret of {length} bytes: {Marshal.GetLastPInvokeErrorMessage()}.");
        bool locked = MLock(address, (nuint)length) == 0;
        string? refusal = locked ? null : Marshal.GetLastPInvokeErrorMessage();
        bool leftOut = CanExcludeFromDumps && MAdvise(address, (nuint)length, DontDump) == 0;
        return new(address, locked, leftOut, refusal);
    }

    internal static void Unmap(nint address, int length)
    {
        if (OperatingSystem.IsWindows())
            _ = VirtualFree(address, 0, ReleaseMapping);
        else
            _ = MUnmap(address, (nuint)length);
    }

    /// <summary>The soft RLIMIT_MEMLOCK in bytes; null when unlimited or unknown.</summary>
    internal static long? LockLimit() =>
        !OperatingSystem.IsWindows() && ResourceLimits.TryGet(ResourceLimits.LockedMemory, out ulong soft, out _) && soft < long.MaxValue ? (long)soft : null;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MMap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int MUnmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mlock", SetLastError = true)]
    private static partial int MLock(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int MAdvise(nint address, nuint length, int advice);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial nint VirtualAlloc(nint address, nuint size, int allocationType, int protection);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualFree(nint address, nuint size, int freeType);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualLock(nint address, nuint size);
}

/// <summary>getrlimit and setrlimit of POSIX systems.</summary>
internal static partial class ResourceLimits
{
    internal const int CoreFile = 4; // RLIMIT_CORE

    internal static int LockedMemory => OperatingSystem.IsMacOS() ? 6 : 8; // RLIMIT_MEMLOCK

    internal static bool TryGet(int resource, out ulong soft, out ulong hard)
    {
        bool known = GetRLimit(resource, out Pair pair) == 0;
        (soft, hard) = (pair.Soft, pair.Hard);
        return known;
    }

    internal static bool TrySet(int resource, ulong soft, ulong hard) => SetRLimit(resource, new Pair { Soft = soft, Hard = hard }) == 0;

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetRLimit(int resource, out Pair limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetRLimit(int resource, in Pair limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Pair
    {
        internal ulong Soft;
        internal ulong Hard;
    }
}
