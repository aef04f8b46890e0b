using System.Net.Sockets;

namespace Touchmark.Gateway.Configuration;

/// <summary>Unix sockets in the gateway's folder, for programs of its own user: mode 0600.</summary>
internal static class UserSocket
{
    /// <param name="path">In a folder that this process holds locked: a socket left over by a killed gateway is replaced.</param>
    /// <param name="backlog">Callers that may wait to be accepted.</param>
    /// <exception cref="GatewayError">The path is too long for a socket.</exception>
    public static Socket Listen(string path, int backlog)
    {
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
        }
        catch (ArgumentOutOfRangeException)
        {
            listener.Dispose();
            throw new GatewayError("HOME_PATH_TOO_LONG", $"A socket's path may have about 100 bytes; {path} has {path.Length}.", "Give a shorter folder with --home DIR.");
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        listener.Listen(backlog);
        return listener;
    }
}
