using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace Touchmark.Vault.Web;

/// <summary>Memory for connections in blocks of 32 KiB, from the pool that all of the process shares.</summary>
internal sealed class LargeBlocks : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool();

    private sealed class Pool : MemoryPool<byte>
    {
        private const int BlockBytes = 32 * 1024;

        public override int MaxBufferSize => Shared.MaxBufferSize;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Shared.Rent(Math.Max(minBufferSize, BlockBytes));

        protected override void Dispose(bool disposing)
        {
            // There is nothing of its own.
        }
    }
}
