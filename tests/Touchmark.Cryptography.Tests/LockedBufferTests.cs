using System.Runtime.CompilerServices;

namespace Touchmark.Cryptography.Tests;

public sealed class LockedBufferTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(65)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void A_new_buffer_is_zeroed_writable_and_of_the_length_asked_for(int length)
    {
        using var buffer = new LockedBuffer(length);
        Assert.Equal(length, buffer.Span.Length);
        Assert.Equal(length, buffer.Memory.Length);
        Assert.False(buffer.Span.ContainsAnyExcept((byte)0));
        buffer.Span.Fill(0xA5);
        Assert.False(buffer.Memory.Span.ContainsAnyExcept((byte)0xA5));
    }

    [Fact]
    public void Neighbouring_buffers_do_not_overlap()
    {
        LockedBuffer[] buffers = [.. Enumerable.Range(0, 600).Select(i => new LockedBuffer(1 + (i % 130)))];
        for (int i = 0; i < buffers.Length; i++)
            buffers[i].Span.Fill((byte)i);
        for (int i = 0; i < buffers.Length; i++)
        {
            Assert.False(buffers[i].Span.ContainsAnyExcept((byte)i));
            buffers[i].Dispose();
        }
    }

    [Fact]
    public void Threads_that_take_and_give_back_buffers_never_share_one()
    {
        int mixed = 0;
        Parallel.For(0, 4000, i =>
        {
            using var buffer = new LockedBuffer(1 + (i % 200));
            if (buffer.Span.ContainsAnyExcept((byte)0))
                Interlocked.Increment(ref mixed);
            byte mine = (byte)(1 + (i % 255));
            buffer.Span.Fill(mine);
            Thread.Yield();
            if (buffer.Span.ContainsAnyExcept(mine))
                Interlocked.Increment(ref mixed);
        });
        Assert.Equal(0, mixed);
    }

    [Fact]
    public void Use_after_dispose_throws_for_span_memory_and_pin()
    {
        var buffer = new LockedBuffer(32);
        Memory<byte> memory = buffer.Memory;
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => memory.Pin());
    }

    [Fact]
    public unsafe void Disposing_overwrites_at_once_even_while_an_operation_has_the_memory_pinned()
    {
        var buffer = new LockedBuffer(4096);
        buffer.Span.Fill(0x5A);
        using System.Buffers.MemoryHandle pin = buffer.Memory.Pin();
        buffer.Dispose();
        var seen = new ReadOnlySpan<byte>(pin.Pointer, 4096);
        Assert.False(seen.ContainsAnyExcept((byte)0));
        using var next = new LockedBuffer(4096);
        next.Span.Fill(1);
        Assert.False(seen.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void What_nobody_disposed_is_wiped_and_given_back_by_its_finalizer()
    {
        var heap = new LockedHeap();
        HashSet<nint> abandoned = Abandon(heap);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        foreach (nint _ in abandoned)
        {
            using var next = new LockedBlockHandle(heap, 2048);
            Assert.Contains(next.DangerousGetHandle(), abandoned);
            Assert.False(next.Bytes.ContainsAnyExcept((byte)0));
        }

        // One slab's worth, so that the next round can only come from what was given back.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static HashSet<nint> Abandon(LockedHeap heap)
        {
            LockedBlockHandle[] blocks = [.. Enumerable.Range(0, 8).Select(_ => new LockedBlockHandle(heap, 2048))];
            Array.ForEach(blocks, b => b.Bytes.Fill(0xEE));
            return [.. blocks.Select(b => b.DangerousGetHandle())];
        }
    }

    [Fact]
    public void A_thousand_keys_take_no_more_locked_memory_than_their_slots()
    {
        var heap = new LockedHeap();
        LockedBlockHandle[] keys = [.. Enumerable.Range(0, 1000).Select(_ => new LockedBlockHandle(heap, 32))];
        LockedMemoryReport report = heap.Report();
        Assert.InRange(report.LockedBytes + report.UnlockedBytes, 1000 * 64, (1000 * 64) + (16 * 1024));
        Array.ForEach(keys, k => k.Dispose());
    }

    [Fact]
    public void What_could_not_be_locked_is_reported_with_figures_and_a_remedy()
    {
        // Far more than any usual RLIMIT_MEMLOCK; where there is no limit (root), all of it is locked and nothing is reported.
        using var large = new LockedBuffer(64 * 1024 * 1024);
        LockedMemoryReport report = LockedMemory.Report();
        if (large.IsLocked)
        {
            Assert.True(report.LockedBytes >= large.Length);
        }
        else
        {
            Assert.True(report.UnlockedBytes >= large.Length);
            Assert.Contains("ulimit -l", report.Shortfall, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_hardened_process_writes_no_core_file_and_may_lock_all_that_its_hard_limit_allows()
    {
        HardeningReport report = ProcessHardening.Apply();
        Assert.True(report.NoCoreFile);
        if (!OperatingSystem.IsLinux())
            return;
        Assert.True(report.NotDumpable);
        Assert.True(report.LockLimitRaised);
        string[] limits = File.ReadAllLines("/proc/self/limits");
        Assert.Matches(@"^Max core file size\s+0\s+0\s", limits.Single(l => l.StartsWith("Max core file size", StringComparison.Ordinal)));
        Assert.Matches(@"^Max locked memory\s+(\S+)\s+\1\s", limits.Single(l => l.StartsWith("Max locked memory", StringComparison.Ordinal)));
    }
}
