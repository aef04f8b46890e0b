using Touchmark.Engine.Storage;

namespace Touchmark.Engine.Slicing;

/// <summary>A read-only view of a stream that ends after <paramref name="limit"/> bytes and says so once.</summary>
internal sealed class BoundedOutput(Stream inner, long limit, Action onFlood) : ForwardStream
{
    /// <summary>More than the limit came.</summary>
    public bool Flooded { get; private set; }

    /// <summary>The inner stream has come to its end.</summary>
    public bool Ended { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public override long Length => Passed;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Flooded)
        {
            return 0;
        }

        var count = await inner.ReadAsync(buffer, cancellationToken);
        Passed += count;
        Ended |= count == 0 && buffer.Length > 0;
        if (Passed > limit)
        {
            Flooded = true;
            onFlood();
            return 0;
        }

        return count;
    }

    /// <summary>Reads on to the end, so that the writer is not blocked by a reader that stopped early.</summary>
    public async Task DrainAsync(CancellationToken cancel)
    {
        var buffer = new byte[4096];
        while (await ReadAsync(buffer, cancel) > 0)
        {
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer) => throw new NotSupportedException("Read asynchronously.");
}
