namespace Touchmark.VirtualPrinter;

/// <summary>
/// Klipper's G-code dispatcher (<c>gcode.py</c>): one script at a time under a mutex, each line handed to the command that it names; the first error ends
/// the script; an unknown command is only told about.
/// </summary>
internal sealed class GCode(ReactorScope scope, Func<string, bool> obeys)
{
    private readonly Dictionary<string, Entry> commands = new(StringComparer.Ordinal);

    /// <summary>How a command is carried out.</summary>
    public delegate ValueTask Handler(GCodeCommand command);

    /// <summary>A line for the console of every client.</summary>
    public event Action<string>? Output;

    /// <summary>Raised after a command failed.</summary>
    public event Action? Failed;

    /// <summary>Why commands are refused at present; null when the printer is ready.</summary>
    public Func<string?> Refusal { get; set; } = static () => null;

    public ReactorMutex Mutex { get; } = new(scope);

    /// <summary>Names and help texts of the registered commands.</summary>
    public IEnumerable<(string Name, string? Help)> Commands => commands.Select(entry => (entry.Key, entry.Value.Help));

    public void Register(string name, Handler handler, string? help = null, bool whenNotReady = false) =>
        commands[name] = new Entry(handler, help, whenNotReady, name.Length < 2 || !char.IsAsciiDigit(name[1]));

    public void Register(string name, Action<GCodeCommand> handler, string? help = null, bool whenNotReady = false) =>
        Register(name, command => { handler(command); return ValueTask.CompletedTask; }, help, whenNotReady);

    /// <summary>Gives a command another name, so that a macro can take its place (<c>rename_existing</c>).</summary>
    public void Rename(string name, string newName)
    {
        commands[newName] = commands[name] with { Help = $"Renamed builtin of '{name}'" };
        commands.Remove(name);
    }

    /// <summary>Runs a script when it is its turn. Ends when the last line is queued, which is before it is carried out.</summary>
    public async Task RunScriptAsync(string script)
    {
        await Mutex.LockAsync();
        try
        {
            await RunInsideAsync(script);
        }
        finally
        {
            Mutex.Release();
        }
    }

    /// <summary>Runs a script from inside a command, which holds the mutex already.</summary>
    public async Task RunInsideAsync(string script)
    {
        var rest = script.AsMemory();
        while (rest.Length > 0)
        {
            var end = rest.Span.IndexOf('\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            await RunLineAsync(line.ToString());
        }
    }

    /// <summary>A line that runs and that no answer may repeat; null as a rule.</summary>
    public string? Withholds { get; set; }

    public void Respond(string line) => Output?.Invoke(Withholds is { } own && (line.StartsWith("!!", StringComparison.Ordinal) || line.StartsWith("//", StringComparison.Ordinal)) ? Withheld.From(line, own) : line);

    /// <summary>A message for people: each line after <c>//</c>.</summary>
    public void RespondInfo(string text) => Respond("// " + string.Join("\n// ", text.Trim().Split('\n').Select(line => line.Trim())));

    private async ValueTask RunLineAsync(string text)
    {
        var command = GCodeCommand.Parse(text);
        try
        {
            if (commands.TryGetValue(command.Name, out var entry) && (entry.WhenNotReady || Refusal() is null))
            {
                if (entry.IsExtended)
                    command.ReadExtended();
                if (obeys(command.Name))
                    await entry.Handler(command);
                return;
            }

            await RunUnknownAsync(command);
        }
        catch (CommandError error)
        {
            RespondError(error.Message);
            Failed?.Invoke();
            throw;
        }
    }

    private ValueTask RunUnknownAsync(GCodeCommand command)
    {
        if (Refusal() is { } refusal)
            throw new CommandError(refusal);
        if (command.Name.Length == 0)
            return ValueTask.CompletedTask;
        var first = command.Name.Split(' ')[0];
        if (first is "M117" or "M118" or "M23")
            return commands[first].Handler(command);
        if (command.Name is "M140" or "M104" && command.Number("S", 0) == 0)
            return ValueTask.CompletedTask;
        RespondInfo($"Unknown command:\"{command.Name}\"");
        return ValueTask.CompletedTask;
    }

    private void RespondError(string message)
    {
        var text = message.Trim();
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        if (end >= 0)
            RespondInfo(text);
        Respond("!! " + (end < 0 ? text : text[..end]).Trim());
    }

    private sealed record Entry(Handler Handler, string? Help, bool WhenNotReady, bool IsExtended);
}
