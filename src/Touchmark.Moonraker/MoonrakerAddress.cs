using System.Diagnostics.CodeAnalysis;

namespace Touchmark.Moonraker;

/// <summary>How the bytes reach Moonraker; a certificate names it, because plain TCP can be read on the LAN.</summary>
public enum MoonrakerTransport
{
    /// <summary>Websocket over TCP without encryption.</summary>
    PlainTcp,

    /// <summary>Websocket over TLS.</summary>
    Tls,

    /// <summary>Moonraker's Unix socket (<c>printer_data/comms/moonraker.sock</c>): never leaves the host, needs no login.</summary>
    UnixSocket,
}

/// <summary>Where a Moonraker answers: <c>http://host:7125</c>, <c>https://host:7130</c>, <c>unix:/path/moonraker.sock</c> or a bare absolute path.</summary>
public sealed record MoonrakerAddress
{
    private MoonrakerAddress(MoonrakerTransport transport, string host, int port, string path)
    {
        Transport = transport;
        Host = host;
        Port = port;
        Path = path;
    }

    public MoonrakerTransport Transport { get; }

    /// <summary>Host name or address literal; empty for a Unix socket.</summary>
    public string Host { get; }

    /// <summary>TCP port; 0 for a Unix socket.</summary>
    public int Port { get; }

    /// <summary>The socket's path for a Unix socket; else the route prefix that a reverse proxy puts before <c>/websocket</c> (usually empty).</summary>
    public string Path { get; }

    /// <summary>Reads an address. URLs with credentials, a query or a fragment are refused: nothing secret belongs in an address.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out MoonrakerAddress? address)
    {
        address = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            return false;
        }

        var socketPath = text.StartsWith("unix:", StringComparison.OrdinalIgnoreCase) ? text["unix:".Length..]
            : text[0] == '/' ? text
            : null;
        if (socketPath is not null)
        {
            if (!System.IO.Path.IsPathRooted(socketPath))
            {
                return false;
            }

            address = new MoonrakerAddress(MoonrakerTransport.UnixSocket, "", 0, socketPath);
            return true;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            return false;
        }

        MoonrakerTransport? transport = uri.Scheme switch
        {
            "http" or "ws" => MoonrakerTransport.PlainTcp,
            "https" or "wss" => MoonrakerTransport.Tls,
            _ => null,
        };
        if (transport is not { } chosen || uri.Host.Length == 0)
        {
            return false;
        }

        address = new MoonrakerAddress(chosen, uri.IdnHost, uri.Port, uri.AbsolutePath.TrimEnd('/'));
        return true;
    }

    public override string ToString()
    {
        var host = Host.Contains(':') ? $"[{Host}]" : Host;
        return Transport switch
        {
            MoonrakerTransport.UnixSocket => $"unix:{Path}",
            MoonrakerTransport.Tls => $"https://{host}:{Port}{Path}",
            _ => $"http://{host}:{Port}{Path}",
        };
    }
}
