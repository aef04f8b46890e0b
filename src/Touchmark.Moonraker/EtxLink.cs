using System.Net.Sockets;
using System.Security.Cryptography;

namespace Touchmark.Moonraker;

/// <summary>
/// Moonraker's Unix socket: UTF-8 JSON, each message ended by ETX in both directions
/// (Moonraker documentation, "Unix Socket Connection").
/// </summary>
internal sealed class EtxLink : MessageLink
{
    public const byte EndOfMessage = 0x03;

    private readonly WholeWriteStream _stream;
    private readonly byte[] _chunk = new byte[16 * 1024];
    private int _chunkStart;
    private int _chunkEnd;

    private EtxLink(WholeWriteStream stream) => _stream = stream;

    public static async Task<EtxLink> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new EtxLink(new WholeWriteStream(new NetworkStream(socket, ownsSocket: true)));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override async ValueTask<bool> ReceiveAsync(MessageBuffer target, CancellationToken cancellationToken)
    {
        target.Clear();
        while (true)
        {
            if (TakeUpToEnd(target))
            {
                return true;
            }

            _chunkStart = 0;
            _chunkEnd = await _stream.ReadAsync(_chunk, cancellationToken);
            if (_chunkEnd == 0)
            {
                return false;
            }
        }
    }

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        var message = new byte[json.Length + 1];
        json.CopyTo(message);
        message[^1] = EndOfMessage;
        await _stream.WriteAsync(message, cancellationToken);
    }

    public override async ValueTask SendSecretScriptAsync(ReadOnlyMemory<byte> script, long id, Memory<byte> scratch, CancellationToken cancellationToken)
    {
        try
        {
            var frame = SecretFrame.WriteEtx(script.Span, id, scratch.Span);
            await _stream.WriteAsync(scratch[frame], cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(scratch.Span);
        }
    }

    public override ValueTask DisposeAsync()
    {
        CryptographicOperations.ZeroMemory(_chunk);
        return _stream.DisposeAsync();
    }

    private bool TakeUpToEnd(MessageBuffer target)
    {
        var rest = _chunk.AsSpan(_chunkStart, _chunkEnd - _chunkStart);
        var end = rest.IndexOf(EndOfMessage);
        var taken = end < 0 ? rest : rest[..end];
        target.Append(taken);
        CryptographicOperations.ZeroMemory(taken);
        _chunkStart += taken.Length + (end < 0 ? 0 : 1);
        return end >= 0;
    }
}
