using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Streaming;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>What the socket's callers may know of the gateway.</summary>
internal sealed record PrinterSide(PrinterKeys Keys, Journal Journal, TimeProvider Time, Guid PrinterId, Func<string> Engine);

/// <summary>
/// One program of this host on the printer socket (spec/printer-socket.md). Requests are taken in order; opening and making cards, which may take seconds, go on beside the others. Toolpath text passes
/// through one locked buffer, and is wiped when it is sent.
/// </summary>
internal sealed class PrinterConnection(Socket socket, PrinterSide side) : IAsyncDisposable
{
    private const int Version = 1;
    private const int MostOutstanding = 16;
    private const int LongestRead = 64 * 1024;
    private const int PrefixSize = sizeof(uint);

    private static readonly TimeSpan AlivePeriod = TimeSpan.FromSeconds(2);

    /// <summary>A caller that takes nothing for so long is gone, or wants to hold what is in the buffer.</summary>
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(10);

    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly FileDesk _files = new(side.Keys, side.Journal, side.Time);
    private readonly LockedBuffer _text = new(LongestRead);
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ArrayBufferWriter<byte> _frame = new(1024);
    private readonly List<Task> _beside = [];
    private bool _greeted;
    private volatile int _working;

    /// <summary>Serves until the other side is done, breaks the protocol, or <paramref name="stop"/>.</summary>
    public async Task ServeAsync(CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var alive = SayAliveAsync(ended.Token);
        try
        {
            while (await Request.ReadAsync(_stream, stop) is { } request)
            {
                await TakeAsync(request, ended.Token);
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException or InvalidDataException or OperationCanceledException or ObjectDisposedException)
        {
            if (failure is InvalidDataException)
            {
                side.Journal.Note($"printer socket: closed, {failure.Message}");
            }
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll([alive, .. _beside]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _files.Dispose();
        _text.Dispose();
        _sending.Dispose();
    }

    private async Task TakeAsync(Request request, CancellationToken cancellationToken)
    {
        if (request.Op == "hello")
        {
            await SendAsync(request, Greet(request), cancellationToken);
        }
        else if (!_greeted)
        {
            throw new InvalidDataException("no hello");
        }
        else if (request.Op is "open" or "card")
        {
            _beside.RemoveAll(task => task.IsCompleted);
            if (_beside.Count >= MostOutstanding)
            {
                throw new InvalidDataException($"more than {MostOutstanding} requests at once");
            }

            _beside.Add(WorkAsync(request, cancellationToken));
        }
        else if (request.Op == "read")
        {
            await ReadAsync(request, cancellationToken);
        }
        else
        {
            await SendAsync(request, Answered(request), cancellationToken);
        }
    }

    private Answer Greet(Request request)
    {
        if (request.Number("version", Version, Version) is null || request.Text("role") is not ("klipper" or "moonraker"))
        {
            return Answer.Refuse("VERSION_UNKNOWN", $"This gateway speaks version {Version} with klipper and moonraker.", "Bring the gateway and the printer's extras to the same version.");
        }

        _greeted = true;
        _files.KeepTo(request.Text("gcodes") is { } folder && Path.IsPathFullyQualified(folder) ? folder : null);
        return Answer.Of(json =>
        {
            json.WriteNumber("version", Version);
            json.WriteString("gateway", Program.Version);
        });
    }

    private Answer Answered(Request request) => request.Op switch
    {
        "probe" => _files.Probe(request),
        "close" => _files.Close(request),
        "status" => Answer.Of(json =>
        {
            json.WriteString("printer_id", $"{side.PrinterId:D}");
            json.WriteString("engine", side.Engine());
            json.WriteNumber("open_files", _files.OpenFiles);
        }),
        _ => Answer.Refuse("OP_UNKNOWN", "This gateway does not know that operation.", "Bring the gateway and the printer's extras to the same version."),
    };

    private async Task WorkAsync(Request request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _working);
        try
        {
            var work = request.Op == "open" ? _files.OpenAsync(request, cancellationToken) : _files.CardAsync(request, cancellationToken);
            await SendAsync(request, await work, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The caller is gone; what was opened is closed with the connection.
        }
        finally
        {
            Interlocked.Decrement(ref _working);
        }
    }

    private async Task ReadAsync(Request request, CancellationToken cancellationToken)
    {
        if (_files.Held(request) is not { } file)
        {
            await SendAsync(request, FileDesk.UnknownHandle, cancellationToken);
            return;
        }

        if (request.Number("offset", 0, file.Size) is not { } offset || request.Number("length", 1, LongestRead) is not { } length)
        {
            await SendAsync(request, Answer.Refuse("RANGE_REFUSED", $"A read begins within the {file.Size} bytes of the file and takes 1 to {LongestRead}.", "Ask for less."), cancellationToken);
            return;
        }

        int read;
        try
        {
            read = file.Read(offset, _text.Span[..(int)length]);
        }
        catch (Exception failure) when (failure is InvalidDataException or IOException)
        {
            side.Journal.Event("file job: the file was altered or lost while it printed");
            await SendAsync(request, Answer.Refuse("FILE_ALTERED", "The file was altered after it was opened, or its disk failed.", "Upload it again, and print it anew."), cancellationToken);
            return;
        }

        try
        {
            await SendAsync(request, Answer.Of(json => json.WriteBoolean("eof", offset + read == file.Size)) with { Raw = _text.Memory[..read] }, cancellationToken);
        }
        finally
        {
            _text.Wipe();
        }
    }

    private Task SendAsync(Request request, Answer answer, CancellationToken cancellationToken) => SendAsync(
        json =>
        {
            json.WriteNumber("id", request.Id);
            json.WriteBoolean("ok", answer.Refused is null);
            if (answer.Refused is { } refused)
            {
                Write(json, refused);
            }
            else
            {
                answer.Fields!(json);
            }

            if (!answer.Raw.IsEmpty)
            {
                json.WriteNumber("bytes", answer.Raw.Length);
            }
        },
        answer.Raw,
        cancellationToken);

    private async Task SendAsync(Action<Utf8JsonWriter> write, ReadOnlyMemory<byte> raw, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            _frame.ResetWrittenCount();
            _frame.Advance(PrefixSize);
            using (var json = new Utf8JsonWriter(_frame))
            {
                json.WriteStartObject();
                write(json);
                json.WriteEndObject();
            }

            var frame = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_frame.WrittenMemory);
            BinaryPrimitives.WriteInt32BigEndian(frame.Span, frame.Length - PrefixSize);
            using var limit = new CancellationTokenSource(SendLimit, side.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            await _stream.WriteAsync(frame, either.Token);
            if (!raw.IsEmpty)
            {
                await _stream.WriteAsync(raw, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Half a frame may be out: nothing can follow it.
            socket.Close();
            throw;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The extra's dead-man timer listens for this while a file is open, or being opened again in the middle of a print.</summary>
    private async Task SayAliveAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(AlivePeriod, side.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (_files.OpenFiles > 0 || _working > 0)
                {
                    await SendAsync(json => json.WriteString("event", "alive"), default, stop);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The reading side sees it too.
        }
    }

    private static void Write(Utf8JsonWriter json, Refusal refused)
    {
        json.WriteString("code", refused.Code);
        json.WriteString("text", refused.Text);
        json.WriteStartObject("figures");
        foreach (var (name, value) in refused.Figures)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteString("fix", refused.Fix);
    }
}
