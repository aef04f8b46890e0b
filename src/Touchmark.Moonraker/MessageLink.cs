using System.Security.Cryptography;

namespace Touchmark.Moonraker;

/// <summary>One connection that carries whole JSON messages, in either of Moonraker's two framings.</summary>
internal abstract class MessageLink : IAsyncDisposable
{
    /// <summary>The longest message accepted: <c>configfile</c> of a large printer with every macro is about 1 MiB.</summary>
    public const int LongestMessage = 16 * 1024 * 1024;

    /// <summary>Receives one message into <paramref name="target"/>, which it empties first. False: the other side closed.</summary>
    /// <exception cref="InvalidDataException">The message is longer than <see cref="LongestMessage"/>.</exception>
    public abstract ValueTask<bool> ReceiveAsync(MessageBuffer target, CancellationToken cancellationToken);

    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> json, CancellationToken cancellationToken);

    /// <summary>Sends a script that must not touch ordinary managed memory; <paramref name="scratch"/> holds the frame and is wiped afterwards.</summary>
    public abstract ValueTask SendSecretScriptAsync(ReadOnlyMemory<byte> script, long id, Memory<byte> scratch, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}

/// <summary>A growing byte buffer with a limit. It wipes what it held before it gives memory back, because refusals quote the line they refuse.</summary>
internal sealed class MessageBuffer : IDisposable
{
    private const int Usual = 64 * 1024;
    private byte[] _bytes = new byte[Usual];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    /// <summary>Room for at least one byte more.</summary>
    public Memory<byte> Free
    {
        get
        {
            if (Length == _bytes.Length)
            {
                Grow();
            }

            return _bytes.AsMemory(Length);
        }
    }

    public void Advance(int count) => Length += count;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var free = Free.Span;
            var count = Math.Min(free.Length, bytes.Length);
            bytes[..count].CopyTo(free);
            Advance(count);
            bytes = bytes[count..];
        }
    }

    public void Clear()
    {
        CryptographicOperations.ZeroMemory(_bytes.AsSpan(0, Length));
        Length = 0;
        if (_bytes.Length > 16 * Usual)
        {
            _bytes = new byte[Usual];
        }
    }

    public void Dispose() => Clear();

    private void Grow()
    {
        if (_bytes.Length >= MessageLink.LongestMessage)
        {
            throw new InvalidDataException($"A message exceeds {MessageLink.LongestMessage} bytes.");
        }

        var larger = new byte[Math.Min(_bytes.Length * 2, MessageLink.LongestMessage)];
        _bytes.AsSpan(0, Length).CopyTo(larger);
        CryptographicOperations.ZeroMemory(_bytes);
        _bytes = larger;
    }
}
