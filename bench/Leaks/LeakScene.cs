using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Touchmark.Leaks;

namespace Touchmark.Bench;

/// <summary>
/// An engine, a gateway and a virtual printer as real processes, with somebody between gateway and printer who writes down what is sent (the book), and the search of
/// every place in which a line of it could be.
/// </summary>
internal sealed class LeakScene : IAsyncDisposable
{
    /// <summary>Of a home, where programs keep what they keep; package caches and the like would take minutes to look through.</summary>
    private static readonly string[] HomeFolders = [".touchmark", ".config", ".cache", ".aspnet", ".dotnet", ".PrusaSlicer"];

    /// <summary>Where programs of ours, the runtime and the slicer put files.</summary>
    private static readonly string[] Folders = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/var/log", "/var/crash", "/var/lib/systemd/coredump",
        .. HomeFolders.Select(name => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), name))];

    private readonly DirectoryInfo folder;
    private readonly Started engine;
    private readonly Started printer;
    private readonly FrameRelay relay;
    private readonly string program;
    private readonly DateTime began = DateTime.UnixEpoch.AddTicks(TimeProvider.System.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks);
    private Started? gateway;

    private LeakScene(DirectoryInfo folder, string program, Started engine, Started printer, FrameRelay relay, Shop shop, LineBook book) =>
        (this.folder, this.program, this.engine, this.printer, this.relay, Shop, Book) = (folder, program, engine, printer, relay, shop, book);

    public Shop Shop { get; }

    public LineBook Book { get; }

    public string Home => Path.Combine(folder.FullName, "gateway");

    public int Gateway => gateway!.Id;

    public static async Task<LeakScene> OpenAsync(string program, int prints)
    {
        var place = Directory.CreateTempSubdirectory("touchmark-leaks-");
        var data = Path.Combine(place.FullName, "engine");
        var server = await Started.EngineAsync(data);
        var machine = await Started.VirtualPrinterAsync("--speed", "12", "--gcode-store-size", "0");
        var book = new LineBook();
        var between = new FrameRelay(new Uri(machine.Address), (toPrinter, message) => Note(book, toPrinter, message));
        var shop = await Shop.OpenAsync(new Uri(server.Address), data, Block.Stl(16, 14, 0.8f), prints);
        var scene = new LeakScene(place, program, server, machine, between, shop, book);
        await scene.RunAsync("enrol", "--engine", server.Address, "--code", await shop.PairingCodeAsync(), "--printer", between.Address.ToString(), "--no-snapshot");
        return scene;
    }

    /// <summary>Starts the gateway with core files as large as the system allows, and its output in a file.</summary>
    public void StartGateway() => gateway = Started.Run("/bin/bash", "-c", $"ulimit -c unlimited; cd '{folder.FullName}'; exec '{program}' run --home '{Home}' >>output.log 2>&1");

    /// <summary>Ends the gateway by a signal and waits until it is gone.</summary>
    public async Task SignalAsync(string signal)
    {
        await Process.Start("kill", ["-" + signal, Gateway.ToString(CultureInfo.InvariantCulture)]).WaitForExitAsync();
        await gateway!.ExitedAsync();
    }

    public Task<string> AskGatewayAsync(string word) => RunAsync(word);

    /// <summary>Lines in the gateway's memory and words, with the size of what was searched, for whoever doubts it: quick enough to be done again and again in a print.</summary>
    public async Task<Dictionary<string, Finding>> SearchGatewayAsync()
    {
        var memory = ProcessMemory.Search(Gateway, Book);
        return new Dictionary<string, Finding>(StringComparer.Ordinal)
        {
            [Places.GatewayLocked] = new(memory.InLocked.Count, memory.Locked, memory.DumpableLocked > 0 ? $"{memory.DumpableLocked} bytes may be dumped" : ""),
            [Places.GatewayUnlocked] = new(memory.InUnlocked.Count, memory.Unlocked, string.Join("; ", memory.Where.Take(3))),
            [Places.Diagnostics] = InText(await AskGatewayAsync("diagnostics") + await AskGatewayAsync("status")),
        };
    }

    /// <summary>Lines in each place; none for the gateway when it is gone.</summary>
    public async Task<IReadOnlyDictionary<string, Finding>> SearchAsync(bool running)
    {
        var found = running ? await SearchGatewayAsync() : new Dictionary<string, Finding>(StringComparer.Ordinal);
        found[Places.Files] = InFiles(Touched().Concat(FileSearch.OpenIn(engine.Id)).Concat(running ? FileSearch.OpenIn(Gateway) : []));
        using var moonraker = new HttpClient { BaseAddress = new Uri(printer.Address) };
        found[Places.Store] = InText(await moonraker.GetStringAsync(new Uri("server/gcode_store?count=1000", UriKind.Relative)));
        using var log = await moonraker.GetAsync(new Uri("server/files/klippy.log", UriKind.Relative));
        if (log.IsSuccessStatusCode)
        {
            found[Places.Log] = InText(await log.Content.ReadAsStringAsync());
        }

        var slicing = ProcessMemory.Search(engine.Id, Book);
        found[Places.Engine] = new(slicing.InUnlocked.Count + slicing.InLocked.Count, slicing.Locked + slicing.Unlocked, "");
        var control = ProcessMemory.Search(printer.Id, Book);
        found[Places.Printer] = new(control.InUnlocked.Count + control.InLocked.Count, control.Locked + control.Unlocked, "");
        return found;
    }

    /// <summary>Core files that appeared since the start where one of the gateway would be.</summary>
    public IReadOnlyList<FileInfo> Cores() => CoreFiles.Since(folder.FullName, began);

    /// <summary>Shows that a program without this protection leaves a core file here.</summary>
    public async Task<IReadOnlyList<FileInfo>> CoreOfAnotherAsync()
    {
        var place = folder.CreateSubdirectory("control");
        using var other = Started.Run("/bin/bash", "-c", $"ulimit -c unlimited; cd '{place.FullName}'; exec sleep 600");
        await Started.UntilAsync(() => File.ReadAllText($"/proc/{other.Id}/comm").Trim() == "sleep");
        await Process.Start("kill", ["-XCPU", other.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExitAsync();
        await other.ExitedAsync();
        var cores = CoreFiles.Since(place.FullName, began);
        place.Delete(recursive: true);
        return cores;
    }

    public async ValueTask DisposeAsync()
    {
        gateway?.Dispose();
        Shop.Dispose();
        await relay.DisposeAsync();
        printer.Dispose();
        engine.Dispose();
        folder.Delete(recursive: true);
    }

    private static void Note(LineBook book, bool toPrinter, byte[] message)
    {
        if (!toPrinter || message.AsSpan().IndexOf("\"printer.gcode.script\""u8) < 0)
        {
            return;
        }

        using var request = JsonDocument.Parse(message);
        if (request.RootElement.GetProperty("params").TryGetProperty("script", out var script))
        {
            book.Add(script.GetString()!);
        }
    }

    private IEnumerable<string> Touched() => Folders.Where(Directory.Exists).SelectMany(place => FileSearch.TouchedSince(place, began)).Distinct(StringComparer.Ordinal);

    private Finding InFiles(IEnumerable<string> files)
    {
        var (lines, size, where) = (new HashSet<string>(StringComparer.Ordinal), 0L, new List<string>());
        foreach (var file in files)
        {
            var before = lines.Count;
            size += FileSearch.Search(file, Book, lines) ?? 0;
            if (lines.Count > before)
            {
                where.Add(file);
            }
        }

        return new(lines.Count, size, string.Join("; ", where.Take(3)));
    }

    private Finding InText(string text)
    {
        var lines = new HashSet<string>(StringComparer.Ordinal);
        Book.Search(Encoding.UTF8.GetBytes(text), lines);
        return new(lines.Count, text.Length, "");
    }

    private async Task<string> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, [.. arguments, "--home", Home]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var told = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? told : throw new InvalidOperationException($"{program} {arguments[0]} failed: {told}");
    }
}

/// <summary>What one place held.</summary>
/// <param name="Lines">Different lines of the toolpath.</param>
/// <param name="Searched">Bytes.</param>
/// <param name="Where">For whoever has to mend it.</param>
internal readonly record struct Finding(int Lines, long Searched, string Where);

/// <summary>The places, in the order of the table.</summary>
internal static class Places
{
    public const string GatewayUnlocked = "gateway, memory that may be swapped";
    public const string GatewayLocked = "gateway, locked memory";
    public const string Diagnostics = "gateway, diagnostics and status";
    public const string Files = "files written since the start (engine's data, homes, /tmp, /run, /dev/shm, logs), and open ones";
    public const string Store = "Moonraker's gcode_store";
    public const string Log = "klippy.log";
    public const string Engine = "engine, memory";
    public const string Printer = "virtual printer, memory (control: it must be found there)";
}
