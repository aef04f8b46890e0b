using System.Text;

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
    private byte[]? content;
    private int position;
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
        gcode.Register("SDCARD_PRINT_FILE", Print, "Loads a SD file and starts the print.  May include files in subdirectories.");
        gcode.Register("SDCARD_RESET_FILE", _ => ResetFile(), "Clears a loaded SD File. Stops the print if necessary");
        gcode.Register("M20", _ => ListFiles());
        gcode.Register("M21", _ => gcode.Respond("SD card ok"));
        gcode.Register("M23", SelectFile);
        gcode.Register("M24", _ => Resume());
        gcode.Register("M25", _ => mustPause = true);
        gcode.Register("M26", command => position = content is null ? throw new CommandError("SD busy") : (int)command.Number("S", min: 0, max: content.Length));
        gcode.Register("M27", _ => gcode.Respond(content is null ? "Not SD printing." : $"SD printing byte {position}/{content.Length}"));
        gcode.Register("M28", static _ => throw new CommandError("SD write not supported"));
        gcode.Register("M29", static _ => throw new CommandError("SD write not supported"));
        gcode.Register("M30", static _ => throw new CommandError("SD write not supported"));
        gcode.Register("PAUSE", _ => PausePrint(), "Pauses the current print");
        gcode.Register("RESUME", command => ResumePrintAsync(command.Number("VELOCITY", recoverSpeed, above: 0)), "Resumes the print from a pause");
        gcode.Register("CLEAR_PAUSE", _ => isPaused = pausedFromFile = false, "Clears the current paused state without resuming the print");
        gcode.Register("CANCEL_PRINT", _ => Cancel(), "Cancel the current print");
    }

    private bool IsActive => working && !mustPause;

    public double Progress => content is { Length: > 0 } ? (double)position / content.Length : complete ? 1 : 0;

    public JsonMap Status() => new()
    {
        ["file_path"] = content is not null && !complete ? FileStore.GCodeRoot + "/" + path : null,
        ["progress"] = Progress,
        ["is_active"] = IsActive,
        ["file_position"] = position,
        ["file_size"] = content?.Length ?? 0,
    };

    public JsonMap PauseStatus() => new() { ["is_paused"] = isPaused };

    /// <summary>A shutdown stops reading; Klipper then says <c>paused</c>, not <c>error</c>.</summary>
    public void Stop()
    {
        if (working)
            stats.Pause();
        mustPause = true;
    }

    private void Print(GCodeCommand command)
    {
        if (working)
            throw new CommandError("SD busy");
        ResetFile();
        Load(command.Text("FILENAME").TrimStart('/'));
        Resume();
    }

    private void SelectFile(GCodeCommand command)
    {
        if (working)
            throw new CommandError("SD busy");
        ResetFile();
        Load(command.RawParameters.TrimStart('/'));
    }

    private void Load(string name)
    {
        content = files.Read(name) ?? throw new CommandError("Unable to open file");
        path = name;
        gcode.Respond($"File opened:{name} Size:{content.Length}");
        gcode.Respond("File selected");
        stats.Select(name);
    }

    private void ResetFile()
    {
        if (content is not null)
            mustPause = true;
        content = null;
        path = null;
        position = 0;
        complete = false;
        stats.Reset();
    }

    private void ListFiles()
    {
        gcode.Respond("Begin file list");
        foreach (var (name, file) in files.List().Take(10_000))
            gcode.Respond($"{name} {file.Content.Length}");
        gcode.Respond("End file list");
    }

    private void Resume()
    {
        if (working)
            throw new CommandError("SD busy");
        if (content is null)
            return;
        mustPause = false;
        working = true;
        scope.Schedule(scope.Now + StartTime, () => _ = WorkAsync());
    }

    private async Task WorkAsync()
    {
        var file = content;
        string? error = null;
        var lines = 0;
        if (file is null || mustPause)
        {
            working = false;
            return;
        }

        stats.Start();
        while (!mustPause && position < file.Length)
        {
            if (gcode.Mutex.IsHeld)
            {
                await scope.Until(scope.Now + 0.1);
                continue;
            }

            var end = Array.IndexOf(file, (byte)'\n', position);
            var next = end < 0 ? file.Length : end + 1;
            var line = Encoding.UTF8.GetString(file, position, (end < 0 ? next : end) - position);
            try
            {
                await gcode.RunScriptAsync(line);
            }
            catch (CommandError failure)
            {
                error = failure.Message;
                break;
            }

            if (ReferenceEquals(content, file))
                position = next;
            // Reading a long comment block must not keep everyone else waiting.
            if (++lines % LinesAtOnce == 0)
                await scope.Until(scope.Now + StartTime);
        }

        working = false;
        if (error is not null)
        {
            stats.Finish("error", error);
            await RunQuietlyAsync(onError);
        }
        else if (ReferenceEquals(content, file) && position >= file.Length)
        {
            complete = true;
            stats.Finish("complete");
            gcode.Respond("Done printing file");
        }
        else if (content is not null)
        {
            stats.Pause();
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
            mustPause = true;
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
                mustPause = false;
            else
                Resume();
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
            mustPause = true;
            stats.Finish("cancelled");
            content = null;
            path = null;
            position = 0;
        }
        else
        {
            gcode.RespondInfo("action:cancel");
        }

        isPaused = pausedFromFile = false;
    }
}
