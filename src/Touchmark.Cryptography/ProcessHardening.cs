using System.Runtime.InteropServices;

namespace Touchmark.Cryptography;

/// <summary>What <see cref="ProcessHardening.Apply"/> achieved.</summary>
/// <param name="NotDumpable">No core dump, and no other process of the same user may attach or read the memory (Linux).</param>
/// <param name="NoCoreFile">The size limit for core files is zero, also for children; on Windows: crash reports leave the heap out.</param>
/// <param name="LockLimitRaised">The soft limit for locked memory stands at its hard limit.</param>
public sealed record HardeningReport(bool NotDumpable, bool NoCoreFile, bool LockLimitRaised);

/// <summary>Closes the ways by which a process's memory reaches a disk or a neighbour. Call once, first thing in <c>Main</c>.</summary>
public static partial class ProcessHardening
{
    private const int SetDumpable = 4; // PR_SET_DUMPABLE
    private const int NoHeapInReports = 1; // WER_FAULT_REPORTING_FLAG_NOHEAP

    public static HardeningReport Apply()
    {
        if (OperatingSystem.IsWindows())
            return new(NotDumpable: false, NoCoreFile: WerSetFlags(NoHeapInReports) == 0, LockLimitRaised: false);

        bool notDumpable = OperatingSystem.IsLinux() && PrCtl(SetDumpable, 0, 0, 0, 0) == 0;
        bool noCore = ResourceLimits.TrySet(ResourceLimits.CoreFile, 0, 0);
        bool raised = ResourceLimits.TryGet(ResourceLimits.LockedMemory, out ulong soft, out ulong hard)
            && (soft == hard || ResourceLimits.TrySet(ResourceLimits.LockedMemory, hard, hard));
        return new(notDumpable, noCore, raised);
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int PrCtl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("kernel32")]
    private static partial int WerSetFlags(int flags);
}
