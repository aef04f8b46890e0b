using System.Numerics;
using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>How much secret memory the process holds, and what the operating system refused.</summary>
/// <param name="LockedBytes">Bytes that can reach neither swap nor a hibernation file.</param>
/// <param name="UnlockedBytes">Bytes that the system would not lock; they are wiped as well, but could be swapped out meanwhile.</param>
/// <param name="DumpableBytes">Bytes that the system would not leave out of a core dump (always, on systems other than Linux).</param>
/// <param name="LimitBytes">The process's lock limit (RLIMIT_MEMLOCK), null where there is none or it is not known.</param>
/// <param name="Shortfall">A sentence for people when something was refused, with the figures and the way to mend it; null when all is locked.</param>
public sealed record LockedMemoryReport(long LockedBytes, long UnlockedBytes, long DumpableBytes, long? LimitBytes, string? Shortfall);

/// <summary>The process's store of locked pages, which all <see cref="LockedBuffer"/>s share.</summary>
public static class LockedMemory
{
    // Process-wide because the limit that it husbands is: RLIMIT_MEMLOCK counts pages per process.
    internal static readonly LockedHeap Heap = new();

    /// <summary>States what is locked now, for start-up checks and diagnostics.</summary>
    public static LockedMemoryReport Report() => Heap.Report();
}

/// <summary>A piece of the heap. <paramref name="Capacity"/> is the slot's size, or the mapping's.</summary>
internal readonly record struct LockedBlock(nint Address, int Capacity, bool IsLocked);

/// <summary>
/// Slots of 64 to 4,096 bytes (powers of two) cut from 16 KiB mappings; a larger block is a mapping of its own. An emptied slot waits, wiped and still
/// locked, for the next secret of its size: a system call per secret would cost more than the memory does.
/// </summary>
internal sealed class LockedHeap
{
    private const int SlabBytes = 16 * 1024;
    private const int SmallestSlot = 64;
    private const int LargestSlot = 4096;

    private readonly Lock _gate = new();
    private readonly Stack<LockedBlock>[] _free =
        [.. Enumerable.Range(0, BitOperations.Log2(LargestSlot / SmallestSlot) + 1).Select(_ => new Stack<LockedBlock>())];

    private long _lockedBytes;
    private long _unlockedBytes;
    private long _dumpableBytes;
    private string? _lastRefusal;

    internal LockedBlock Rent(int length)
    {
        if (length > LargestSlot)
            return Map(length);
        int slot = Math.Max(SmallestSlot, (int)BitOperations.RoundUpToPowerOf2((uint)length));
        Stack<LockedBlock> free = _free[Class(slot)];
        lock (_gate)
        {
            if (free.Count == 0)
            {
                LockedBlock slab = Map(SlabBytes);
                for (int at = slab.Capacity - slot; at >= 0; at -= slot)
                    free.Push(slab with { Address = slab.Address + at, Capacity = slot });
            }
            return free.Pop();
        }
    }

    internal unsafe void Return(LockedBlock block)
    {
        CryptographicOperations.ZeroMemory(new Span<byte>((void*)block.Address, block.Capacity));
        if (block.Capacity > LargestSlot)
        {
            Unmap(block);
            return;
        }
        lock (_gate)
            _free[Class(block.Capacity)].Push(block);
    }

    internal LockedMemoryReport Report()
    {
        lock (_gate)
        {
            long? limit = NativePages.LockLimit();
            string? shortfall = _unlockedBytes == 0
                ? null
                : $"{_unlockedBytes} bytes of secret memory could not be locked and may reach swap "
                  + $"({_lastRefusal}; limit {limit?.ToString() ?? "unknown"} bytes): "
                  + "raise the limit (ulimit -l, LimitMEMLOCK= in a systemd unit) or turn swap off.";
            return new(_lockedBytes, _unlockedBytes, _dumpableBytes, limit, shortfall);
        }
    }

    private static int Class(int slot) => BitOperations.Log2((uint)slot) - BitOperations.Log2(SmallestSlot);

    private LockedBlock Map(int length)
    {
        int page = Environment.SystemPageSize;
        int capacity = checked((length + page - 1) / page * page);
        PageGrant grant = NativePages.Map(capacity);
        lock (_gate)
        {
            Count(grant, capacity);
            _lastRefusal = grant.Refusal ?? _lastRefusal;
        }
        return new(grant.Address, capacity, grant.IsLocked);
    }

    private void Unmap(LockedBlock block)
    {
        NativePages.Unmap(block.Address, block.Capacity);
        lock (_gate)
            Count(new(block.Address, block.IsLocked, NativePages.CanExcludeFromDumps, null), -block.Capacity);
    }

    private void Count(PageGrant grant, int bytes)
    {
        if (grant.IsLocked)
            _lockedBytes += bytes;
        else
            _unlockedBytes += bytes;
        if (!grant.IsLeftOutOfDumps)
            _dumpableBytes += bytes;
    }
}
