using System.Net.Sockets;
using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>
/// The Unix socket at which Klipper's and Moonraker's extras ask the gateway (spec/printer-socket.md). Mode 0600 in a 0700 folder, and the kernel's word on who calls: this user only.
/// </summary>
internal sealed class PrinterSocket : IAsyncDisposable
{
    /// <summary>Klipper and Moonraker take one each.</summary>
    private const int MostConnections = 8;

    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _free = new(MostConnections);
    private readonly string _path;
    private readonly PrinterSide _side;
    private readonly Task _serving;

    /// <param name="path">In a folder that this process holds locked: a socket left over by a killed gateway is replaced.</param>
    /// <param name="side">What callers are served from.</param>
    public PrinterSocket(string path, PrinterSide side)
    {
        _path = path;
        _side = side;
        _listener = UserSocket.Listen(path, MostConnections);
        _serving = ServeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        for (var i = 0; i < MostConnections; i++)
        {
            await _free.WaitAsync(CancellationToken.None);
        }

        File.Delete(_path);
        _stop.Dispose();
        _free.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _free.WaitAsync(_stop.Token);
                _ = ServeAsync(await AcceptAsync());
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // One caller's trouble is not the gateway's.
            }
        }
    }

    private async Task<Socket> AcceptAsync()
    {
        try
        {
            return await _listener.AcceptAsync(_stop.Token);
        }
        catch
        {
            _free.Release();
            throw;
        }
    }

    private async Task ServeAsync(Socket caller)
    {
        try
        {
            if (PeerCredentials.Of(caller) is { } peer && peer.Uid == PeerCredentials.OwnUid)
            {
                await using var connection = new PrinterConnection(caller, _side);
                await connection.ServeAsync(_stop.Token);
            }
            else
            {
                _side.Journal.Event("printer socket: another user's program was turned away");
                caller.Dispose();
            }
        }
        finally
        {
            _free.Release();
        }
    }
}
