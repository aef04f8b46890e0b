using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;

namespace Touchmark.Moonraker;

/// <summary>
/// Moonraker's <c>/websocket</c>. The framework does the handshake and the ordinary frames; this class supplies the stream beneath it (TCP, or
/// TLS over TCP) and so can write secret frames to the same connection. Compression is never offered: a frame is what it says.
/// </summary>
internal sealed class WebSocketLink : MessageLink
{
    private readonly ClientWebSocket _socket;
    private readonly HttpMessageInvoker _invoker;
    private readonly WholeWriteStream _stream;

    private WebSocketLink(ClientWebSocket socket, HttpMessageInvoker invoker, WholeWriteStream stream)
    {
        _socket = socket;
        _invoker = invoker;
        _stream = stream;
    }

    public static async Task<WebSocketLink> ConnectAsync(MoonrakerAddress address, CancellationToken cancellationToken)
    {
        WholeWriteStream? opened = null;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            MaxResponseHeadersLength = 16,
            ConnectCallback = async (_, cancellation) => opened = new WholeWriteStream(await OpenAsync(address, cancellation)),
        };
        var invoker = new HttpMessageInvoker(handler);
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version11;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(5);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(10);
        socket.Options.CollectHttpResponseDetails = true;
        try
        {
            // Always ws: the callback above has put TLS below, where the whole writes can be seen.
            var uri = new UriBuilder("ws", address.Host, address.Port, address.Path + "/websocket").Uri;
            await socket.ConnectAsync(uri, invoker, cancellationToken);
            return new WebSocketLink(socket, invoker, opened!);
        }
        catch (WebSocketException) when (socket.HttpStatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            Release();
            throw new MoonrakerException(
                MoonrakerFailure.Unauthorised,
                $"Moonraker at {address} asks for a login; add this computer to trusted_clients in moonraker.conf.",
                (int)socket.HttpStatusCode);
        }
        catch
        {
            Release();
            throw;
        }

        void Release()
        {
            socket.Dispose();
            invoker.Dispose();
            opened?.Dispose();
        }
    }

    public override async ValueTask<bool> ReceiveAsync(MessageBuffer target, CancellationToken cancellationToken)
    {
        target.Clear();
        while (true)
        {
            var received = await _socket.ReceiveAsync(target.Free, cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return false;
            }

            target.Advance(received.Count);
            if (received.EndOfMessage)
            {
                return true;
            }
        }
    }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        _socket.SendAsync(json, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);

    public override async ValueTask SendSecretScriptAsync(ReadOnlyMemory<byte> script, long id, Memory<byte> scratch, CancellationToken cancellationToken)
    {
        try
        {
            var frame = SecretFrame.WriteWebSocket(script.Span, id, scratch.Span);
            await _stream.WriteAsync(scratch[frame], cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(scratch.Span);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _socket.Abort();
        _socket.Dispose();
        await _stream.DisposeAsync();
        _invoker.Dispose();
    }

    private static async Task<Stream> OpenAsync(MoonrakerAddress address, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(address.Host, address.Port), cancellationToken);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (address.Transport != MoonrakerTransport.Tls)
            {
                return stream;
            }

            var tls = new SslStream(stream);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.Host }, cancellationToken);
            return tls;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
