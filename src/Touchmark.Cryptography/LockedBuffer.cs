using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>
/// Bytes that must not outlive their owner: native memory outside the garbage-collected heap (so no stray copies when it compacts), locked into RAM,
/// left out of core dumps, and overwritten on every way out.
/// </summary>
/// <remarks>
/// Small buffers share locked pages (<see cref="LockedMemory"/>), so a 32-byte key costs 64 bytes of the process's lock limit and not a page.
/// There are no guard pages: managed access goes through spans, which are bounds-checked.
/// A span does not keep its buffer alive: hold the buffer (a <c>using</c> or a field does) while a span of it is in use, and let no other thread dispose it
/// meanwhile. <see cref="MemoryManager{T}.Memory"/> that is pinned by an I/O operation is safe from both.
/// What still lives when the process exits is not overwritten here: other threads may be using it, and the kernel clears pages before it hands them out.
/// </remarks>
public sealed unsafe class LockedBuffer : MemoryManager<byte>
{
    private readonly LockedBlockHandle _block;
    private int _disposed;

    /// <summary>Makes a zeroed buffer of <paramref name="length"/> bytes.</summary>
    public LockedBuffer(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        Length = length;
        _block = new(LockedMemory.Heap, length);
    }

    /// <summary>Copies <paramref name="content"/>; wiping the source stays the caller's job.</summary>
    public static LockedBuffer CopyOf(ReadOnlySpan<byte> content)
    {
        var buffer = new LockedBuffer(content.Length);
        content.CopyTo(buffer.Span);
        return buffer;
    }

    /// <summary>A buffer of fresh random bytes: a new symmetric key or a seed.</summary>
    public static LockedBuffer Random(int length)
    {
        var buffer = new LockedBuffer(length);
        RandomNumberGenerator.Fill(buffer.Span);
        return buffer;
    }

    /// <summary>Length in bytes.</summary>
    public int Length { get; }

    /// <summary>Whether the operating system agreed to keep this memory out of swap; see <see cref="LockedMemory.Report"/> for why not.</summary>
    public bool IsLocked => _block.IsLocked;

    public Span<byte> Span => GetSpan();

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return _block.Bytes[..Length];
    }

    /// <summary>Overwrites the content with zeros; the buffer stays usable.</summary>
    public void Wipe() => CryptographicOperations.ZeroMemory(Span);

    /// <summary>
    /// Overwrites the content and gives the memory back. Memory that an I/O operation still has pinned is overwritten now and given back when it is
    /// unpinned.
    /// </summary>
    public void Dispose() => ((IDisposable)this).Dispose();

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, Length);
        bool added = false;
        _block.DangerousAddRef(ref added);
        return new MemoryHandle((byte*)_block.DangerousGetHandle() + elementIndex, pinnable: this);
    }

    public override void Unpin() => _block.DangerousRelease();

    protected override void Dispose(bool disposing)
    {
        if (!disposing || Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        CryptographicOperations.ZeroMemory(_block.Bytes);
        _block.Dispose();
    }
}

/// <summary>
/// Owns a block of the locked heap and counts who uses it; its critical finalizer wipes and returns the block of a buffer that nobody disposed.
/// </summary>
internal sealed class LockedBlockHandle : SafeHandle
{
    private readonly LockedHeap _heap;
    private readonly LockedBlock _block;

    internal LockedBlockHandle(LockedHeap heap, int length)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        _heap = heap;
        _block = heap.Rent(length);
        SetHandle(_block.Address);
    }

    public override bool IsInvalid => handle == 0;

    internal bool IsLocked => _block.IsLocked;

    internal unsafe Span<byte> Bytes => new((void*)handle, _block.Capacity);

    protected override bool ReleaseHandle()
    {
        _heap.Return(_block);
        return true;
    }
}
