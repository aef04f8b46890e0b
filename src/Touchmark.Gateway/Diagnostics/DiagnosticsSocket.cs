using System.Net.Sockets;
using System.Text;
using Touchmark.Gateway.Configuration;

namespace Touchmark.Gateway.Diagnostics;

/// <summary>
/// How a second process of the same user sees a running gateway: a Unix socket in its 0700 folder. One word in (<c>log</c> or <c>status</c>), lines out.
/// </summary>
internal sealed class DiagnosticsSocket : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly string _path;
    private readonly Func<string, IEnumerable<string>> _answer;
    private readonly TimeProvider _time;
    private readonly Task _serving;

    /// <param name="home">Its folder must be locked by this process: a socket left over by a killed gateway is replaced.</param>
    /// <param name="answer">The lines for a word.</param>
    /// <param name="time">For the limit on how long a caller may take.</param>
    public DiagnosticsSocket(GatewayHome home, Func<string, IEnumerable<string>> answer, TimeProvider time)
    {
        _path = home.SocketPath;
        _answer = answer;
        _time = time;
        _listener = UserSocket.Listen(_path, 4);
        _serving = ServeAsync();
    }

    /// <summary>Asks the gateway that runs in this folder; null when none does.</summary>
    public static async Task<string?> AskAsync(GatewayHome home, string word, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(home.SocketPath), cancellationToken);
        }
        catch (Exception failure) when (failure is SocketException or ArgumentOutOfRangeException)
        {
            return null;
        }

        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(word + "\n"), cancellationToken);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        File.Delete(_path);
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var caller = await _listener.AcceptAsync(_stop.Token);
                using var limit = new CancellationTokenSource(Patience, _time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, limit.Token);
                await AnswerAsync(caller, either.Token);
            }
            catch (Exception failure) when (failure is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
            {
                // One caller's trouble is not the gateway's.
            }
        }
    }

    private async Task AnswerAsync(Socket caller, CancellationToken cancellationToken)
    {
        await using var stream = new NetworkStream(caller);
        var word = new byte[16];
        var length = 0;
        while (length < word.Length && word.AsSpan(0, length).IndexOf((byte)'\n') < 0)
        {
            var read = await stream.ReadAsync(word.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return;
            }

            length += read;
        }

        var text = string.Join('\n', _answer(Encoding.ASCII.GetString(word, 0, length).Trim()));
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\n"), cancellationToken);
    }
}
