using System.Collections.Concurrent;
using Touchmark.Streaming;
using Touchmark.Streaming.Files;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>The files of one connection: what it asks of them, and those that it has open. They are closed with it.</summary>
internal sealed class FileDesk(PrinterSide side) : IDisposable
{
    /// <summary>A printer prints one file; a second may be opened before the first is closed.</summary>
    private const int MostOpen = 4;

    // Files are opened beside what else the connection asks for.
    private readonly ConcurrentDictionary<long, ProtectedFile> _open = [];
    private long _lastHandle;
    private string? _folder;

    public int OpenFiles => _open.Count;

    /// <summary>Keeps later paths to what lies in this folder.</summary>
    public void KeepTo(string? folder)
    {
        _folder = folder is null ? null : Real(folder);
        if (_folder is not null)
        {
            side.Desk?.Slicing.CleanUp(_folder);
        }
    }

    /// <summary>The folder, and a new file in it, that a request names as its target; null, and why, where it is none.</summary>
    public (string Folder, string Target)? Target(Request request, out Refusal? refusal)
    {
        refusal = FileRefusal.Path;
        if (request.Text("target") is not { } path || !IsPath(path) || Path.GetFileName(path) is not { Length: > 0 } name || name.StartsWith('.') || _folder is null)
        {
            return null;
        }

        try
        {
            var parent = Real(Path.GetDirectoryName(path)!);
            if ((parent != _folder && !parent.StartsWith(_folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)) || !Directory.Exists(parent))
            {
                return null;
            }

            var target = Path.Combine(parent, name);
            refusal = Path.Exists(target) || new FileInfo(target).LinkTarget is not null ? FileRefusal.Exists : null;
            return refusal is null ? (_folder, target) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public Answer Probe(Request request) => With(request, file =>
    {
        var kind = ProtectedFile.Probe(file);
        return Answer.Of(json => json.WriteString("kind", ProtectedFile.NameOf(kind)));
    });

    public async Task<Answer> CardAsync(Request request, CancellationToken cancellationToken)
    {
        if (Find(request, out var refusal) is not { } file)
        {
            return Answer.Refuse(refusal!);
        }

        try
        {
            await using (file)
            {
                var kind = ProtectedFile.Probe(file);
                (var card, refusal) = await ProtectedFile.CardAsync(file, NameOf(request), side, cancellationToken);
                return card is null ? Answer.Refuse(refusal!) : CardOf(kind, card);
            }
        }
        catch (Exception failure) when (FileRefusal.Of(failure) is not null)
        {
            return Answer.Refuse(FileRefusal.Of(failure)!);
        }
    }

    public async Task<Answer> OpenAsync(Request request, CancellationToken cancellationToken)
    {
        if (_open.Count >= MostOpen)
        {
            return Answer.Refuse("FILES_OPEN", $"{MostOpen} files are open already.", "Close one.");
        }

        if (Find(request, out var refusal) is not { } file)
        {
            return Answer.Refuse(refusal!);
        }

        ProtectedFile? opened = null;
        try
        {
            (opened, refusal) = await ProtectedFile.OpenAsync(file, NameOf(request), side, cancellationToken);
        }
        catch (Exception failure) when (FileRefusal.Of(failure) is not null)
        {
            refusal = FileRefusal.Of(failure);
        }
        finally
        {
            if (opened is null)
            {
                await file.DisposeAsync();
            }
        }

        if (opened is null)
        {
            side.Journal.Note($"file job refused: {refusal!.Code}");
            return Answer.Refuse(refusal);
        }

        var handle = Interlocked.Increment(ref _lastHandle);
        _open[handle] = opened;
        side.FileJobs[opened.Job] = true;
        side.Journal.Event($"file job: a {ProtectedFile.NameOf(opened.Kind)} file of {opened.Size} bytes is open");
        return Answer.Of(json =>
        {
            json.WriteNumber("handle", handle);
            opened.Describe(json);
        });
    }

    /// <summary>The file of a request's handle; null when it is not open.</summary>
    public ProtectedFile? Held(Request request) => request.Number("handle", 1, long.MaxValue) is { } handle ? _open.GetValueOrDefault(handle) : null;

    public Answer Close(Request request)
    {
        if (request.Number("handle", 1, long.MaxValue) is not { } handle || !_open.TryRemove(handle, out var file))
        {
            return UnknownHandle;
        }

        Release(file);
        side.Journal.Event($"file job: {Reason(request)}");
        side.Desk?.End(file.Job, Outcome(request));
        return Answer.Of(_ => { });
    }

    public static Answer UnknownHandle { get; } = Answer.Refuse("HANDLE_UNKNOWN", "This handle is not open.", "Open the file again.");

    public void Dispose()
    {
        foreach (var file in _open.Values)
        {
            Release(file);
        }

        if (!_open.IsEmpty)
        {
            side.Journal.Event("file job: closed, the printer's end of the socket is gone");
        }

        _open.Clear();
    }

    private void Release(ProtectedFile file)
    {
        side.FileJobs.TryRemove(file.Job, out _);
        file.Dispose();
    }

    private static string NameOf(Request request) => Path.GetFileName(request.Text("path")!);

    private static Answer CardOf(FileKind kind, GCodeCard card)
    {
        // Other formats are shown by no front end.
        var pictures = card.Thumbnails.Where(picture => picture.Format == "png").ToList();
        var raw = new byte[pictures.Sum(picture => picture.Image.Length)];
        var at = 0;
        foreach (var picture in pictures)
        {
            picture.Image.CopyTo(raw.AsMemory(at));
            at += picture.Image.Length;
        }

        return new Answer(
            json =>
            {
                json.WriteString("kind", ProtectedFile.NameOf(kind));
                json.WriteStartObject("metadata");
                card.WriteFields(json);
                json.WriteEndObject();
                json.WriteStartArray("thumbnails");
                foreach (var picture in pictures)
                {
                    json.WriteStartObject();
                    json.WriteNumber("width", picture.Width);
                    json.WriteNumber("height", picture.Height);
                    json.WriteNumber("bytes", picture.Image.Length);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            },
            Raw: raw);
    }

    // The journal takes no words from outside.
    private static string Reason(Request request) => request.Text("reason") switch
    {
        "complete" => "complete",
        "cancelled" => "cancelled",
        "error" => "ended by an error",
        "shutdown" => "ended, Klipper was shut down",
        _ => "closed",
    };

    private static string Outcome(Request request) => request.Text("reason") is "complete" or "cancelled" or "shutdown" ? request.Text("reason")! : "error";

    private Answer With(Request request, Func<FileStream, Answer> work)
    {
        if (Find(request, out var refusal) is not { } file)
        {
            return Answer.Refuse(refusal!);
        }

        try
        {
            using (file)
            {
                return work(file);
            }
        }
        catch (Exception failure) when (FileRefusal.Of(failure) is not null)
        {
            return Answer.Refuse(FileRefusal.Of(failure)!);
        }
    }

    private FileStream? Find(Request request, out Refusal? refusal)
    {
        refusal = null;
        if (request.Text("path") is not { } path || !IsPath(path))
        {
            refusal = FileRefusal.Path;
            return null;
        }

        try
        {
            var real = Real(path);
            if (_folder is not null && !real.StartsWith(_folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                refusal = FileRefusal.Path;
                return null;
            }

            if (File.Exists(real) && side.OpenFile(real) is { } file)
            {
                return file;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // Told below.
        }

        refusal = FileRefusal.NotFound;
        return null;
    }

    private static bool IsPath(string path) => Path.IsPathFullyQualified(path) && !path.Contains('\0') && Path.GetFullPath(path) == path;

    /// <summary>Where a path leads once every link on the way is followed.</summary>
    private static string Real(string path)
    {
        var parent = Path.GetDirectoryName(path);
        if (parent is null)
        {
            return path;
        }

        var here = Path.Combine(Real(parent), Path.GetFileName(path));
        return new FileInfo(here).ResolveLinkTarget(returnFinalTarget: true) is { } target ? Real(target.FullName) : here;
    }
}
