namespace Touchmark.VirtualPrinter;

/// <summary>Printing from the printer's own storage (Klipper's <c>virtual_sdcard.py</c> and <c>pause_resume.py</c>).</summary>
internal sealed class SdCard
{
    /// <summary>Seconds from the order to the first line, in which other requests still get through.</summary>
    private const double StartTime = 0.001;
    private const int LinesAtOnce = 256;

    private readonly ReactorScope scope;
    private readonly GCode gcode;
    private readonly MoveCommands moves;
    private readonly FileStore files;
    private readonly PrintStats stats;
    private readonly double recoverSpeed;
    private readonly string onError;
    private string? path;
    private PrintSource? source;
    private long position;
    private bool working;
    private bool mustPause;
    private bool complete;
    private bool isPaused;
    private bool pausedFromFile;

    public SdCard(ReactorScope scope, GCode gcode, MoveCommands moves, FileStore files, PrintStats stats, PrinterConfig config)
    {
        this.scope = scope;
        this.gcode = gcode;
        this.moves = moves;
        this.files = files;
        this.stats = stats;
        recoverSpeed = config.Number("pause_resume", "recover_velocity");
        onError = config.Text("virtual_sdcard", "on_error_gcode", "");
        gcode.Register("SDCARD_PRINT_FILE", PrintAsync, "Loads a SD file and starts the print.  May include files in subdirectories.");
        gcode.Register("SDCARD_RESET_FILE", _ => ResetFile(), "Clears a loaded SD File. Stops the print if necessary");
        gcode.Register("M20", _ => ListFiles());
        gcode.Register("M21", _ => gcode.Respond("SD card ok"));
        gcode.Register("M23", SelectFileAsync);
        gcode.Register("M24", _ => ResumeAsync());
        gcode.Register("M25", _ => StopReading());
        gcode.Register("M26", command => position = source is null ? throw new CommandError("SD busy") : (long)command.Number("S", min: 0, max: source.Size));
        gcode.Register("M27", _ => gcode.Respond(source is null ? "Not SD printing." : $"SD printing byte {position}/{source.Size}"));
        gcode.Register("M28", static _ => throw new CommandError("SD write not supported"));
        gcode.Register("M29", static _ => throw new CommandError("SD write not supported"));
        gcode.Register("M30", static _ => throw new CommandError("SD write not supported"));
        gcode.Register("PAUSE", _ => PausePrint(), "Pauses the current print");
        gcode.Register("RESUME", command => ResumePrintAsync(command.Number("VELOCITY", recoverSpeed, above: 0)), "Resumes the print from a pause");
        gcode.Register("CLEAR_PAUSE", _ => isPaused = pausedFromFile = false, "Clears the current paused state without resuming the print");
        gcode.Register("CANCEL_PRINT", _ => Cancel(), "Cancel the current print");
    }

    public bool IsActive => working && !mustPause;

    /// <summary>What makes encrypted files and live sessions print here; null on a printer without it.</summary>
    public TouchmarkExtra? Extra { get; set; }

    /// <summary>The protected job that is loaded.</summary>
    public ProtectedJob? Protected => complete ? null : source as ProtectedJob;

    public double Progress => Protected is { IsLive: true } ? Extra!.SessionProgress : source is { Size: > 0 } ? (double)position / source.Size : complete ? 1 : 0;

    public JsonMap Status() => new()
    {
        ["file_path"] = source is not null && !complete ? files.Root + "/" + path : null,
        ["progress"] = Progress,
        ["is_active"] = IsActive,
        ["file_position"] = position,
        ["file_size"] = source?.Size ?? 0,
    };

    public JsonMap PauseStatus() => new() { ["is_paused"] = isPaused };

    /// <summary>A shutdown stops reading; Klipper then says <c>paused</c>, not <c>error</c>.</summary>
    public void Stop()
    {
        if (working)
            stats.Pause();
        StopReading();
    }

    /// <summary>What is read ends with the line at hand.</summary>
    public void StopReading()
    {
        mustPause = true;
        Protected?.Interrupt();
    }

    /// <summary>Ends a protected job as an error.</summary>
    public void Fail(ProtectedJob job, string text)
    {
        StopReading();
        if (job.IsClosed)
            return;
        Drop(job, text);
        stats.Finish("error", text);
    }

    /// <summary>Loads and starts a live session. False when something else is printed or paused.</summary>
    public async Task<bool> StartSessionAsync(LiveSession session)
    {
        await gcode.Mutex.LockAsync();
        try
        {
            if (working || (source is not null && !complete))
                return false;
            ResetFile();
            gcode.Respond($"File opened:{session.Name} Size:0");
            Select(session, session.Name);
            await ResumeAsync();
            return true;
        }
        finally
        {
            gcode.Mutex.Release();
        }
    }

    private async ValueTask PrintAsync(GCodeCommand command)
    {
        if (working)
            throw new CommandError("SD busy");
        ResetFile();
        await LoadAsync(command.Text("FILENAME").TrimStart('/'));
        await ResumeAsync();
    }

    private ValueTask SelectFileAsync(GCodeCommand command)
    {
        if (working)
            throw new CommandError("SD busy");
        ResetFile();
        return LoadAsync(command.RawParameters.TrimStart('/'));
    }

    private async ValueTask LoadAsync(string name)
    {
        var content = files.Read(name) ?? throw new CommandError("Unable to open file");
        var job = Extra is not null && TouchmarkExtra.LooksEncrypted(content) ? await Extra.OpenAsync(name) : null;
        PrintSource opened = job is null ? new PlainFile(content) : job;
        gcode.Respond($"File opened:{name} Size:{opened.Size}");
        gcode.Respond("File selected");
        Select(opened, name);
    }

    private void Select(PrintSource opened, string name)
    {
        (source, path) = (opened, name);
        stats.Select(name);
        if (Protected is { } job)
            Extra!.Begin(job);
    }

    private void ResetFile()
    {
        if (source is not null)
            StopReading();
        Close();
        complete = false;
        stats.Reset();
    }

    /// <summary>Nothing is loaded any more; a protected job that had not ended was cancelled.</summary>
    private void Close()
    {
        Protected?.End("cancelled");
        source = null;
        path = null;
        position = 0;
    }

    private void Drop(ProtectedJob job, string text)
    {
        job.End("error", text);
        if (ReferenceEquals(source, job))
            Close();
    }

    private void ListFiles()
    {
        gcode.Respond("Begin file list");
        foreach (var (name, file) in files.List().Take(10_000))
            gcode.Respond($"{name} {file.Content.Length}");
        gcode.Respond("End file list");
    }

    private async ValueTask ResumeAsync()
    {
        if (working)
            throw new CommandError("SD busy");
        if (source is null)
            return;
        if (Protected is { } job)
        {
            await TouchmarkExtra.PrepareAsync(job, position);
            if (working || !ReferenceEquals(source, job))
                throw new CommandError("SD busy");
        }

        GoOn();
        working = true;
        scope.Schedule(scope.Now + StartTime, () => _ = WorkAsync());
    }

    private void GoOn()
    {
        mustPause = false;
        Protected?.Continue();
    }

    private async Task WorkAsync()
    {
        var file = source;
        string? error = null;
        var lines = 0;
        if (file is null || mustPause)
        {
            working = false;
            return;
        }

        stats.Start();
        while (!mustPause && !file.IsOver(position))
        {
            if (gcode.Mutex.IsHeld)
            {
                await scope.Until(scope.Now + 0.1);
                continue;
            }

            if (await file.LineAsync(position) is not (var line, var next))
                continue;
            try
            {
                await RunAsync(file, line);
            }
            catch (CommandError failure)
            {
                error = file is ProtectedJob ? Withheld.From(failure.Message, line) : failure.Message;
                break;
            }

            if (ReferenceEquals(source, file))
                position = next;
            // Reading a long comment block must not keep everyone else waiting.
            if (++lines % LinesAtOnce == 0)
                await scope.Until(scope.Now + StartTime);
        }

        working = false;
        if (error is not null)
        {
            stats.Finish("error", error);
            if (file is ProtectedJob job)
                Drop(job, "");
            await RunQuietlyAsync(onError);
        }
        else if (ReferenceEquals(source, file) && file.IsOver(position))
        {
            Protected?.End("complete");
            complete = true;
            stats.Finish("complete");
            gcode.Respond("Done printing file");
        }
        else if (source is not null)
        {
            stats.Pause();
        }
    }

    /// <summary>Runs a line; no answer to one of a protected job repeats it.</summary>
    private async Task RunAsync(PrintSource file, string line)
    {
        gcode.Withholds = file is ProtectedJob ? line : null;
        try
        {
            await gcode.RunScriptAsync(line);
        }
        finally
        {
            gcode.Withholds = null;
        }
    }

    private async Task RunQuietlyAsync(string script)
    {
        try
        {
            await gcode.RunScriptAsync(script);
        }
        catch (CommandError)
        {
            // Already told of on the console.
        }
    }

    private void PausePrint()
    {
        if (isPaused)
        {
            gcode.RespondInfo("Print already paused");
            return;
        }

        pausedFromFile = IsActive;
        if (pausedFromFile)
            StopReading();
        else
            gcode.RespondInfo("action:paused");
        isPaused = true;
        moves.Save("PAUSE_STATE");
    }

    private async ValueTask ResumePrintAsync(double speed)
    {
        if (!isPaused)
        {
            gcode.RespondInfo("Print is not paused, resume aborted");
            return;
        }

        await moves.RestoreAsync("PAUSE_STATE", move: true, speed);
        isPaused = false;
        if (pausedFromFile)
        {
            pausedFromFile = false;
            if (working)
                GoOn();
            else
                await ResumeAsync();
        }
        else
        {
            gcode.RespondInfo("action:resumed");
        }
    }

    private void Cancel()
    {
        if (IsActive || pausedFromFile)
        {
            StopReading();
            stats.Finish("cancelled");
            Close();
        }
        else
        {
            gcode.RespondInfo("action:cancel");
        }

        isPaused = pausedFromFile = false;
    }
}
