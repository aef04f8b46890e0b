using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Touchmark.Vault.Web;

/// <summary>Binds what Kestrel listens on.</summary>
internal static class ListenSocket
{
    /// <summary>Its own user and group may connect. Who of them may do what, roles say.</summary>
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    public static Socket Bind(EndPoint endpoint)
    {
        if (endpoint is UnixDomainSocketEndPoint && endpoint.ToString() is { } path)
        {
            // What a killed process left. Two processes never come here with one data folder: the manifest's lock is held by then.
            File.Delete(path);
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(endpoint);
            // Nobody connects between bind and listen, so nobody was let in by another mode.
            File.SetUnixFileMode(path, Mode);
            return socket;
        }

        return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
    }
}
