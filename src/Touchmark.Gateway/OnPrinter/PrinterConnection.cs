using System.Collections.Concurrent;
using System.Net.Sockets;
using Touchmark.Cryptography;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.Engine;
using Touchmark.Gateway.Live;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>What the socket's callers may know of the gateway.</summary>
internal sealed record PrinterSide(PrinterKeys Keys, Journal Journal, TimeProvider Time, Guid PrinterId, Func<string> Engine, LiveDesk Live, EngineDesk? Desk)
{
    /// <summary>The prints of the files that are open, on whichever connection.</summary>
    public ConcurrentDictionary<Guid, bool> FileJobs { get; } = [];

    /// <summary>Opens a file that a caller named; null when it is none.</summary>
    public Func<string, FileStream?> OpenFile { get; init; } = RegularFile.TryOpen;
}

/// <summary>
/// One program of this host on the printer socket (spec/printer-socket.md). Requests are taken in order; opening, making cards and waiting for a segment, which may take seconds, go on beside the others. Toolpath
/// text passes through two locked buffers, and is wiped when it is sent.
/// </summary>
internal sealed class PrinterConnection(Socket socket, PrinterSide side) : IAsyncDisposable
{
    private const int Version = 1;
    private const int MostOutstanding = 16;
    private const int LongestRead = 64 * 1024;

    private static readonly TimeSpan AlivePeriod = TimeSpan.FromSeconds(2);

    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly FrameSender _sender = new(socket, side.Time);
    private readonly FileDesk _files = new(side);
    private readonly LockedBuffer _text = new(LongestRead);
    private readonly LockedBuffer _segment = new(SegmentSealer.MaxPlaintext);
    private readonly SemaphoreSlim _asking = new(1);
    private readonly List<Task> _beside = [];
    private Extra? _extra;
    private Task _telling = Task.CompletedTask;
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
            await Task.WhenAll([alive, _telling, .. _beside]);
            await LeaveAsync(stop);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _files.Dispose();
        _text.Dispose();
        _segment.Dispose();
        _sender.Dispose();
        _asking.Dispose();
    }

    private async Task TakeAsync(Request request, CancellationToken cancellationToken)
    {
        if (request.Op == "hello")
        {
            await _sender.SendAsync(request, Greet(request, cancellationToken), cancellationToken);
        }
        else if (!_greeted)
        {
            throw new InvalidDataException("no hello");
        }
        else if (request.Op is "open" or "card" or "next" or "slice" or "refresh_token")
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
            await _sender.SendAsync(request, await AnsweredAsync(request, cancellationToken), cancellationToken);
        }
    }

    private Answer Greet(Request request, CancellationToken cancellationToken)
    {
        if (request.Number("version", Version, Version) is null || request.Text("role") is not ("klipper" or "moonraker"))
        {
            return Answer.Refuse("VERSION_UNKNOWN", $"This gateway speaks version {Version} with klipper and moonraker.", "Bring the gateway and the printer's extras to the same version.");
        }

        _greeted = true;
        if (request.Text("role") == "klipper" && _extra is null)
        {
            _extra = new Extra();
            _telling = TellAsync(_extra, cancellationToken);
            side.Live.Join(_extra);
        }

        _files.KeepTo(request.Text("gcodes") is { } folder && Path.IsPathFullyQualified(folder) ? folder : null);
        return Answer.Of(json =>
        {
            json.WriteNumber("version", Version);
            json.WriteString("gateway", Program.Version);
        });
    }

    private async ValueTask<Answer> AnsweredAsync(Request request, CancellationToken cancellationToken) => request.Op switch
    {
        "probe" => _files.Probe(request),
        "close" when Session(request) is { } handle => await CloseAsync(handle, request, cancellationToken),
        "close" => _files.Close(request),
        "status" => Answer.Of(json =>
        {
            json.WriteString("printer_id", $"{side.PrinterId:D}");
            json.WriteString("engine", side.Engine());
            json.WriteNumber("open_files", _files.OpenFiles);
            json.WriteString("job", side.Live.Job is { } session ? $"{session:D}" : side.FileJobs.Keys.Select(job => $"{job:D}").FirstOrDefault());
            EngineOps.Write(json, "token", side.Desk?.Token.Status);
        }),
        _ => Answer.Refuse("OP_UNKNOWN", "This gateway does not know that operation.", "Bring the gateway and the printer's extras to the same version."),
    };

    private async Task WorkAsync(Request request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _working);
        try
        {
            await (request.Op switch
            {
                "next" => NextAsync(request, cancellationToken),
                "open" => AnswerAsync(request, _files.OpenAsync(request, cancellationToken), cancellationToken),
                "card" => AnswerAsync(request, _files.CardAsync(request, cancellationToken), cancellationToken),
                _ => AnswerAsync(request, EngineOps.AnswerAsync(request, side.Desk, _files, _sender, cancellationToken), cancellationToken),
            });
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

    private async Task AnswerAsync(Request request, Task<Answer> work, CancellationToken cancellationToken) => await _sender.SendAsync(request, await work, cancellationToken);

    /// <summary>The handle of a session that this connection prints; null where the request names another one, or none.</summary>
    private long? Session(Request request) => _extra is not null && request.Number("handle", LiveDesk.FirstHandle, long.MaxValue) is { } handle && side.Live.Holds(_extra, handle) ? handle : null;

    private async Task NextAsync(Request request, CancellationToken cancellationToken)
    {
        if (Session(request) is not { } handle)
        {
            await _sender.SendAsync(request, FileDesk.UnknownHandle, cancellationToken);
            return;
        }

        // A second one waits for the first one's answer to be out: there is one buffer.
        await _asking.WaitAsync(cancellationToken);
        try
        {
            var order = new SegmentOrder(_segment);
            await side.Live.AskAsync(handle, order, cancellationToken);
            var segment = await order.AnswerAsync(cancellationToken);
            await _sender.SendAsync(
                request,
                segment.IsRefused
                    ? Answer.Refuse("SESSION_ENDED", "The session is over.", "Close its handle.")
                    : Answer.Of(json => json.WriteBoolean("eof", segment.IsEnd)) with { Raw = _segment.Memory[..segment.Length] },
                cancellationToken);
        }
        finally
        {
            _segment.Wipe();
            _asking.Release();
        }
    }

    private async Task<Answer> CloseAsync(long handle, Request request, CancellationToken cancellationToken)
    {
        await side.Live.CloseAsync(
            handle,
            request.Text("reason") switch { "complete" => JobEnd.Complete, "cancelled" => JobEnd.Cancelled, "shutdown" => JobEnd.Shutdown, _ => JobEnd.Error },
            cancellationToken);
        return Answer.Of(_ => { });
    }

    private async Task TellAsync(Extra extra, CancellationToken stop)
    {
        try
        {
            await foreach (var word in extra.Words.ReadAllAsync(stop))
            {
                await _sender.SendAsync(word, default, stop);
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The reading side sees it too.
        }
    }

    private async Task LeaveAsync(CancellationToken stop)
    {
        try
        {
            await (_extra is null ? ValueTask.CompletedTask : side.Live.LeaveAsync(_extra, stop));
        }
        catch (OperationCanceledException)
        {
            // The gateway ends, and its prints with it.
        }
    }

    private async Task ReadAsync(Request request, CancellationToken cancellationToken)
    {
        if (_files.Held(request) is not { } file)
        {
            await _sender.SendAsync(request, FileDesk.UnknownHandle, cancellationToken);
            return;
        }

        if (request.Number("offset", 0, file.Size) is not { } offset || request.Number("length", 1, LongestRead) is not { } length)
        {
            await _sender.SendAsync(request, Answer.Refuse("RANGE_REFUSED", $"A read begins within the {file.Size} bytes of the file and takes 1 to {LongestRead}.", "Ask for less."), cancellationToken);
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
            await _sender.SendAsync(request, Answer.Refuse("FILE_ALTERED", "The file was altered after it was opened, or its disk failed.", "Upload it again, and print it anew."), cancellationToken);
            return;
        }

        try
        {
            await _sender.SendAsync(request, Answer.Of(json => json.WriteBoolean("eof", offset + read == file.Size)) with { Raw = _text.Memory[..read] }, cancellationToken);
        }
        finally
        {
            _text.Wipe();
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
                if (_files.OpenFiles > 0 || _working > 0 || (_extra is not null && side.Live.Holds(_extra)))
                {
                    await _sender.SendAsync(json => json.WriteString("event", "alive"), default, stop);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The reading side sees it too.
        }
    }
}
