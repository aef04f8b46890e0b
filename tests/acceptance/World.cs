using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Touchmark.Acceptance;

/// <summary>
/// Real processes on this machine, as users start them: engine, virtual printer, gateway and the command line. Nothing of the product is linked in. Everything that they
/// write lies under <see cref="Folder"/>.
/// </summary>
internal sealed partial class World : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    /// <summary>More than any command or print takes on a busy machine: what has not ended by then waits for something that does not come.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(6);

    private readonly Dictionary<string, Running> running = [];
    private readonly Dictionary<string, string> lastJobs = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("touchmark-acceptance-").FullName;

    public string Engine { get; private set; } = "";

    public string Printer { get; private set; } = "";

    /// <summary>Which printer, with which gateway beside it, the next calls are about: another name, another bench.</summary>
    public string Bench { get; set; } = "";

    /// <summary>The engine's data folder.</summary>
    public string Data => Path.Combine(Folder, "engine");

    /// <summary>What the printer itself wrote down of its motion: the printer's business, and the only place where the toolpath may be found.</summary>
    public string PrinterRecord => Path.Combine(Folder, $"printer-record{Bench}.csv");

    public static string Root { get; } = FindRoot();

    /// <summary>As it ships where <c>./test</c> has published it: it is run a dozen times before each print, and then is compiled already.</summary>
    private static string CommandLine { get; } = Environment.GetEnvironmentVariable("TOUCHMARK_PROGRAM") ?? ProgramPath("Touchmark.Cli", "touchmark");

    public async Task StartEngineAsync(int port = 0, params string[] more)
    {
        Engine = await StartAsync("engine", ProgramPath("Touchmark.Engine", "touchmark-engine"), AddressPattern(), ["--data", Data, "--urls", $"http://127.0.0.1:{port}", .. more]);
    }

    /// <summary>Starts a witness of the logs that a policy file names, and answers with its line for a policy.</summary>
    public async Task<string> StartWitnessAsync(string name, string policy, int port = 0)
    {
        await StartAsync(name, CommandLine, AddressPattern(),
            "witness", "--data", Path.Combine(Folder, name), "--name", name, "--policy", policy, "--urls", $"http://127.0.0.1:{port}");
        return Said(name).Split('\n').First(line => line.StartsWith("witness ", StringComparison.Ordinal));
    }

    public async Task StartPrinterAsync(int seed = 1, int port = 0, params string[] more)
    {
        Printer = await StartAsync($"printer{Bench}", ProgramPath("Touchmark.VirtualPrinter", "virtual-printer"), AddressPattern(),
            ["--port", $"{port}", "--speed", "20", "--seed", $"{seed}", "--gcode-store-size", "0", "--record", PrinterRecord, .. more]);
    }

    /// <summary>As the leader of a process group of its own: what runs on the computer beside the printer.</summary>
    public Task StartGatewayAsync() => StartAsync($"gateway{Bench}", "setsid", ConnectedPattern(), ProgramPath("Touchmark.Gateway", "touchmark-gateway"), "run", "--home", Path.Combine(Folder, $"gateway{Bench}"));

    /// <summary>The folder of the vault beside the printer.</summary>
    public string Vault => Path.Combine(Folder, "vault");

    /// <summary>Makes a vault as <c>./run --vault</c> does: a token, a customer's root, a ceremony. Answers with the root's pin.</summary>
    public async Task<string> InstallVaultAsync(string printer)
    {
        var cli = ProgramPath("Touchmark.Cli", "touchmark");
        var ran = await RunAsync("vault", "bash", ["-euc",
            $"cd '{Root}'; . eng/prerequisites.sh; . eng/vault.sh; program() {{ echo \"{cli.Replace("Touchmark.Cli", "Touchmark.$1", StringComparison.Ordinal)[..^"touchmark".Length]}$2\"; }}; vault_install '{Vault}' '{printer}'; echo \"$vault_pin\""]);
        Assert.True(ran.ExitCode == 0, ran.Output + ran.Errors);
        return ran.Output.Trim();
    }

    public Task StartVaultAsync() => StartAsync("vault", "env", StartedPattern(),
        [$"SOFTHSM2_CONF={Vault}/softhsm2.conf", ProgramPath("Touchmark.Vault", "touchmark-vault"), "run", .. VaultOptions, "--socket", VaultSocket, "--signer", $"user:{Environment.UserName}"]);

    /// <summary>Runs the vault's program to its end.</summary>
    public Task<Ran> VaultAsync(params string[] arguments) => RunAsync("vault", "env", [$"SOFTHSM2_CONF={Vault}/softhsm2.conf", ProgramPath("Touchmark.Vault", "touchmark-vault"), .. arguments, .. VaultOptions]);

    public string VaultSocket => Path.Combine(Vault, "vault.sock");

    private string[] VaultOptions => ["--data", Path.Combine(Vault, "data"), "--module", "/usr/lib/softhsm/libsofthsm2.so", "--token", "touchmark", "--pin-file", Path.Combine(Vault, "pin")];

    /// <summary>Runs the gateway's program to its end.</summary>
    public Task<Ran> GatewayAsync(params string[] arguments) => RunAsync("gateway", ProgramPath("Touchmark.Gateway", "touchmark-gateway"), [.. arguments, "--home", Path.Combine(Folder, $"gateway{Bench}")]);

    /// <summary>Runs <c>touchmark</c> as one person, whose home is a folder of their own.</summary>
    public Task<Ran> AsAsync(string who, params string[] arguments) => RunAsync(who, CommandLine, arguments);

    /// <summary>Runs the second verifier, which shares no code with the product, on a file and the trust that this person has pinned.</summary>
    public Task<Ran> VerifyInPythonAsync(string who, string file) => PythonAsync(who, file, "--trust", Path.Combine(Folder, who, "trust.json"), "--json");

    /// <summary>Runs the second verifier.</summary>
    public Task<Ran> PythonAsync(string who, params string[] arguments) => RunAsync(who, "python3", ["-B", Path.Combine(Root, "clients", "python", "verify.py"), .. arguments]);

    /// <summary>As <see cref="AsAsync"/>, for a command that must succeed and answers in JSON.</summary>
    public async Task<JsonElement> AskAsync(string who, params string[] arguments)
    {
        var ran = await AsAsync(who, [.. arguments, "--json"]);
        Assert.True(ran.ExitCode == 0, $"touchmark {string.Join(' ', arguments)} ended with {ran.ExitCode}: {ran.Errors}");
        return JsonSerializer.Deserialize<JsonElement>(ran.Output);
    }

    /// <summary>All that comes before a first job: engine, printer, people, a licence for so many prints, and the printer enrolled with its gateway beside it.</summary>
    public async Task<(string Licence, string Printer)> EquipAsync(int prints, int repeats = 0)
    {
        await StartEngineAsync();
        await StartPrinterAsync();
        await SignInAsync();
        var licence = await LicenseAsync(prints);
        var printer = await EnrolAsync(repeats: repeats);
        await StartGatewayAsync();
        return (licence, printer);
    }

    public async Task SignInAsync()
    {
        Password("admin");
        await SucceedAsync("admin", "account", "create", "--engine", Engine, "--setup-token-file", Path.Combine(Data, "setup-token"), "--email", "admin@example.com",
            "--name", "Ada Admin", "--organisation", "Platform", "--role", "admin", "--password-file", Password("admin"));
        await SucceedAsync("admin", "login", Engine, "--email", "admin@example.com", "--password-file", Password("admin"));
        await JoinAsync("oem", "oem", "Bracket Works");
        await JoinAsync("maker", "manufacturer", "Maker Hall");
    }

    /// <summary>Gives somebody an account, and signs them in.</summary>
    public async Task JoinAsync(string who, string role, string organisation)
    {
        await SucceedAsync("admin", "account", "create", "--email", $"{who}@example.com", "--name", who, "--organisation", organisation, "--role", role, "--password-file", Password(who));
        await SucceedAsync(who, "login", Engine, "--email", $"{who}@example.com", "--password-file", Password(who));
    }

    /// <param name="engine">Where the gateway finds the engine; null for its own address.</param>
    /// <param name="printer">The same for the printer.</param>
    /// <param name="repeats">How often the printer is measured; 0 saves the seconds where a test is about something else.</param>
    public async Task<string> EnrolAsync(string? engine = null, string? printer = null, int repeats = 0)
    {
        var code = Text(await AskAsync("maker", "printer", "pair"), "code");
        var ran = await GatewayAsync(["enrol", "--engine", engine ?? Engine, "--code", code, "--printer", printer ?? Printer, "--name", "Bench printer", .. Measuring(repeats)]);
        Assert.True(ran.ExitCode == 0, ran.Errors);
        return Text((await AskAsync("maker", "printer", "list")).EnumerateArray().Last(), "id");
    }

    /// <summary>Presents the printer as it is now, and answers with what has to be accepted.</summary>
    public async Task<string> EnrolAgainAsync(int repeats)
    {
        var ran = await GatewayAsync(["enrol", "--again", .. Measuring(repeats)]);
        Assert.True(ran.ExitCode == 0, ran.Errors);
        return ran.Output[ran.Output.LastIndexOf(' ')..].Trim();
    }

    private static string[] Measuring(int repeats) => repeats == 0 ? ["--no-snapshot"] : ["--repeats", $"{repeats}"];

    /// <summary>Licenses the bracket, or the part of another file.</summary>
    public async Task<string> LicenseAsync(int prints, string? part = null, params string[] terms)
    {
        var design = Text(await AskAsync("oem", "design", "upload", part ?? Path.Combine(Root, "samples", "bracket.stl"), "--name", "Bracket"), "id");
        return Text(await AskAsync("oem", ["licence", "issue", "--design", design, "--manufacturer", "Maker Hall", "--prints", $"{prints}", "--material", "PLA", .. terms]), "id");
    }

    /// <summary>Starts a job on a printer whose bed somebody has looked at, which they can say when the print before is over for the engine, too.</summary>
    public async Task<string> StartJobAsync(string licence, string printer)
    {
        if (lastJobs.TryGetValue(printer, out var before))
        {
            await FinishAsync(before);
        }

        await SucceedAsync("maker", "printer", "bed-clear", printer);
        return await QueueJobAsync(licence, printer);
    }

    /// <summary>Starts a job that waits for its turn, whatever the printer does now.</summary>
    public async Task<string> QueueJobAsync(string licence, string printer) =>
        lastJobs[printer] = Text(await AskAsync("maker", "job", "start", "--licence", licence, "--printer", printer, "--quality", "draft"), "id");

    /// <summary>Follows a job to its end and answers with it.</summary>
    public async Task<JsonElement> FinishAsync(string job)
    {
        await AsAsync("maker", "job", "watch", job);
        return await AskAsync("maker", "job", "show", job);
    }

    /// <summary>Waits until a job's events show it past a point.</summary>
    public async Task<JsonElement> UntilAsync(string job, Func<JsonElement, bool> reached)
    {
        using var client = await ClientAsync("maker");
        await using var stream = await client.GetStreamAsync($"/api/jobs/{job}/events");
        using var limit = Limit();
        try
        {
            await foreach (var happened in System.Net.ServerSentEvents.SseParser.Create(stream).EnumerateAsync(limit.Token))
            {
                var state = JsonSerializer.Deserialize<JsonElement>(happened.Data);
                if (reached(state))
                {
                    return state;
                }
            }
        }
        catch (OperationCanceledException late) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"After {EndLimit.TotalMinutes} minutes the job is not so far: {await AskAsync("maker", "job", "show", job)}", late);
        }

        throw new InvalidOperationException($"The job ended before that: {await AskAsync("maker", "job", "show", job)}");
    }

    /// <summary>The engine's API as a person who is signed in.</summary>
    public async Task<HttpClient> ClientAsync(string who)
    {
        var session = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllBytesAsync(Path.Combine(Folder, who, "session.json")));
        var client = new HttpClient { BaseAddress = new Uri(Engine) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Text(session, "token"));
        return client;
    }

    /// <summary>Safe-rest by the printer's own truth: heaters off, fan full, head lifted and at rest (protocol.md, "Safe-rest").</summary>
    public async Task AssertSafeAsync()
    {
        using var client = new HttpClient { BaseAddress = new Uri(Printer) };
        var state = JsonSerializer.Deserialize<JsonElement>(await client.GetByteArrayAsync("/virtual/state"));
        state = state.TryGetProperty("result", out var inner) ? inner : state;
        Assert.Equal(0, state.GetProperty("nozzle").GetProperty("target").GetDouble());
        Assert.Equal(0, state.GetProperty("bed").GetProperty("target").GetDouble());
        Assert.Equal(1, state.GetProperty("fan_speed").GetDouble());
        Assert.Equal(0, state.GetProperty("queued_seconds").GetDouble());
        Assert.True(state.GetProperty("position")[2].GetDouble() > 9, $"The head is at Z {state.GetProperty("position")[2]}.");
    }

    /// <summary>The process that runs under a name of <see cref="IsRunning"/>.</summary>
    public int ProcessId(string name) => running[name].Process.Id;

    public bool IsRunning(string name) => running.ContainsKey(name);

    /// <summary>What a process has printed.</summary>
    public string Said(string name) => running.TryGetValue(name, out var program) ? string.Join('\n', program.Lines) : $"{name} does not run";

    /// <summary>Returns when a process has printed a line with this text.</summary>
    public Task SaidAsync(string name, string text) => running[name].SaidAsync(text).WaitAsync(StartLimit);

    /// <summary>Sends a signal that ends a process, or its whole group, and does not wait for the end unless it is at once.</summary>
    public async Task SignalAsync(string name, string signal, bool wholeGroup = false)
    {
        var id = running[name].Process.Id;
        using (var kill = Process.Start("kill", [$"-{signal}", "--", wholeGroup ? $"-{id}" : $"{id}"]))
        {
            await kill.WaitForExitAsync();
        }

        if (signal == "KILL")
        {
            await StopAsync(name, crash: true);
        }
    }

    /// <summary>Waits until it has ended by itself, and answers with its exit code.</summary>
    public async Task<int> ExitedAsync(string name)
    {
        await running[name].Process.WaitForExitAsync();
        return running[name].Process.ExitCode;
    }

    /// <summary>Ends a process: politely, or as a crash does.</summary>
    public async Task StopAsync(string name, bool crash = false)
    {
        if (!running.Remove(name, out var program))
        {
            return;
        }

        if (crash)
        {
            program.Process.Kill(entireProcessTree: true);
        }
        else if (!program.Process.HasExited)
        {
            Process.Start("kill", $"-TERM {program.Process.Id}").WaitForExit();
        }

        await program.Process.WaitForExitAsync();
        await File.WriteAllLinesAsync(Path.Combine(Folder, $"{name}.log"), program.Lines);
        program.Process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        // Gateways first: one that lost its printer or its engine takes its time to give it up.
        foreach (var name in running.Keys.OrderBy(name => name.StartsWith("gateway", StringComparison.Ordinal) ? 0 : name == "engine" ? 1 : 2).ToList())
        {
            await StopAsync(name);
        }

        Directory.Delete(Folder, recursive: true);
    }

    public static string Text(JsonElement value, string member) => value.TryGetProperty(member, out var found) && found.ValueKind == JsonValueKind.String ? found.GetString()! : "";

    private async Task SucceedAsync(string who, params string[] arguments)
    {
        var ran = await AsAsync(who, arguments);
        Assert.True(ran.ExitCode == 0, $"touchmark {arguments[0]} ended with {ran.ExitCode}: {ran.Errors}");
    }

    /// <summary>The file with somebody's password, which is made when it is first asked for.</summary>
    public string Password(string who)
    {
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(Folder, who)).FullName, "password");
        if (!File.Exists(file))
        {
            File.WriteAllText(file, Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(18)));
        }

        return file;
    }

    private static string ProgramPath(string project, string program)
    {
        var configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
        return Path.Combine(Root, "src", project, "bin", configuration, "net10.0", program);
    }

    private async Task<Ran> RunAsync(string home, string program, string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        info.Environment["TOUCHMARK_HOME"] = Path.Combine(Folder, home);
        using var process = Process.Start(info)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = Limit();
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Path.GetFileName(program)} {string.Join(' ', arguments)} was ended after {EndLimit.TotalMinutes} minutes: {await output}{await errors}", late);
        }

        return new Ran(process.ExitCode, await output, await errors);
    }

    private static CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(EndLimit);
        return limit;
    }

    private async Task<string> StartAsync(string name, string program, Regex ready, params string[] arguments)
    {
        var process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false } };
        var started = new Running(process);
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Take(string? line)
        {
            if (line is null)
            {
                return;
            }

            started.Add(line);
            if (ready.Match(line) is { Success: true } match)
            {
                found.TrySetResult(match.Value);
            }
        }

        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => found.TrySetException(new InvalidOperationException($"{name} ended with {process.ExitCode}: {string.Join('\n', started.Lines)}"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        running.Add(name, started);
        return await found.Task.WaitAsync(StartLimit);
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Touchmark.slnx")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    [GeneratedRegex("http://127\\.0\\.0\\.1:[1-9][0-9]*", RegexOptions.NonBacktracking)]
    private static partial Regex AddressPattern();

    [GeneratedRegex("Application started", RegexOptions.NonBacktracking)]
    private static partial Regex StartedPattern();

    [GeneratedRegex("engine: connected", RegexOptions.NonBacktracking)]
    private static partial Regex ConnectedPattern();
}

/// <summary>How a program ended.</summary>
internal sealed record Ran(int ExitCode, string Output, string Errors);
