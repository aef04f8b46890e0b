using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Touchmark.Leaks;

namespace Touchmark.Acceptance;

/// <summary>
/// Searches for the lines of a toolpath, which somebody between gateway and printer wrote down: the gateway's memory, all files, what it says, what the printer keeps.
/// <c>bench/run leaks</c> does the same at length.
/// </summary>
public sealed class LeakTests
{
    /// <summary>SIGXCPU on Linux (signal(7)).</summary>
    private const int SignalXcpu = 24;

    [Fact]
    public async Task No_line_of_a_print_is_outside_locked_memory_while_it_runs_and_none_is_anywhere_after_it_whatever_its_end()
    {
        await using var world = new World();
        var book = new LineBook();
        await world.StartEngineAsync();
        await world.StartPrinterAsync();
        await using var between = new FrameRelay(new Uri(world.Printer), (toPrinter, message) => Note(book, toPrinter, message));
        await world.SignInAsync();
        var licence = await world.LicenseAsync(prints: 3);
        var printer = await world.EnrolAsync(printer: between.Address.ToString());
        await world.StartGatewayAsync();

        var job = await world.StartJobAsync(licence, printer);
        var (windowWasSeen, next) = (false, 0.05);
        await world.UntilAsync(job, now =>
        {
            // One search takes longer than the next event: twenty in a print are enough.
            if (World.Text(now, "state") == "streaming" && now.GetProperty("progress").GetDouble() is var progress && progress > next)
            {
                next = progress + 0.05;
                windowWasSeen |= SearchGateway(world, book).InLocked.Count > 0;
            }

            return World.Text(now, "state") is "done" or "failed" or "cancelled";
        });
        Assert.Equal("done", World.Text(await world.AskAsync("maker", "job", "show", job), "state"));
        Assert.True(book.Count > 100, $"Only {book.Count} lines were seen.");
        // The control: these lines are found where they must be.
        Assert.NotEmpty(ProcessMemory.Search(world.ProcessId("printer"), book).InUnlocked);
        Assert.True(windowWasSeen, "The window was never found in the locked memory, so the search is blind.");
        await SearchEverywhereAsync(world, book);

        job = await world.StartJobAsync(licence, printer);
        await world.UntilAsync(job, now => now.GetProperty("progress").GetDouble() > 0.3);
        await world.AskAsync("maker", "job", "cancel", job);
        Assert.Equal("cancelled", World.Text(await world.FinishAsync(job), "state"));
        await SearchEverywhereAsync(world, book);

        job = await world.StartJobAsync(licence, printer);
        await world.UntilAsync(job, now => now.GetProperty("progress").GetDouble() > 0.3);
        AssertNoCore(world.ProcessId("gateway"));
        var crash = TimeProvider.System.GetUtcNow().UtcDateTime;
        // Its default is a core file, and the runtime leaves it at that; the first SIGABRT it swallows.
        Process.Start("kill", ["-XCPU", world.ProcessId("gateway").ToString(CultureInfo.InvariantCulture)]).WaitForExit();
        Assert.Equal(128 + SignalXcpu, await world.ExitedAsync("gateway"));
        await world.StopAsync("gateway");
        Assert.Empty(CoreFiles.Since(Environment.CurrentDirectory, crash));
        SayWhetherCoresAreWritten(world, crash);
        SearchFiles(world, book);
    }

    private static MemoryFinding SearchGateway(World world, LineBook book)
    {
        var found = ProcessMemory.Search(world.ProcessId("gateway"), book);
        Assert.True(found.InUnlocked.Count == 0, $"{found.InUnlocked.Count} lines lie in memory that may be swapped: {string.Join("; ", found.Where)}");
        Assert.Equal(0, found.DumpableLocked);
        Assert.True(found.Unlocked > 10_000_000, $"Only {found.Unlocked} bytes were searched.");
        return found;
    }

    private static async Task SearchEverywhereAsync(World world, LineBook book)
    {
        var memory = SearchGateway(world, book);
        Assert.True(memory.InLocked.Count == 0, $"{memory.InLocked.Count} lines were not wiped.");
        var said = world.Said("gateway") + world.Said("engine") + (await world.GatewayAsync("diagnostics")).Output + (await world.GatewayAsync("status")).Output;
        using var moonraker = new HttpClient { BaseAddress = new Uri(world.Printer) };
        said += await moonraker.GetStringAsync(new Uri("server/gcode_store?count=1000", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(0, book.Search(Encoding.UTF8.GetBytes(said), new HashSet<string>(StringComparer.Ordinal)));
        SearchFiles(world, book);
    }

    private static void SearchFiles(World world, LineBook book)
    {
        var files = FileSearch.TouchedSince(world.Folder, DateTime.UnixEpoch).Concat(FileSearch.OpenIn(world.ProcessId("engine"))).ToList();
        Assert.True(files.Count > 10, $"Only {files.Count} files were there to search.");
        foreach (var file in files)
        {
            var lines = new HashSet<string>(StringComparer.Ordinal);
            FileSearch.Search(file, book, lines);
            Assert.True(lines.Count == 0, $"{file} holds {lines.Count} lines of the toolpath.");
        }
    }

    /// <summary>No core file may be as long as one byte, and no core handler gets the memory: what is not dumpable belongs to root in /proc (proc(5)).</summary>
    private static void AssertNoCore(int processId)
    {
        Assert.Contains(File.ReadLines($"/proc/{processId}/limits"), line => line.StartsWith("Max core file size", StringComparison.Ordinal)
            && line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4..6] is ["0", "0"]);
    }

    /// <summary>The control: whether a program without this protection leaves a core file on this machine, so that the check could find one.</summary>
    private static void SayWhetherCoresAreWritten(World world, DateTime since)
    {
        var place = Directory.CreateDirectory(Path.Combine(world.Folder, "control"));
        using (var control = Process.Start("/bin/bash", ["-c", $"ulimit -c unlimited; cd '{place.FullName}' && kill -XCPU $$"]))
        {
            control.WaitForExit();
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"core_pattern '{CoreFiles.Pattern}'; a program that may be dumped leaves {CoreFiles.Describe(CoreFiles.Since(place.FullName, since))}, so that the gateway left none "
            + (CoreFiles.Since(place.FullName, since).Count > 0 ? "shows something." : "shows nothing on this machine."));
        place.Delete(recursive: true);
    }

    private static void Note(LineBook book, bool toPrinter, byte[] message)
    {
        if (toPrinter && message.AsSpan().IndexOf("\"printer.gcode.script\""u8) >= 0)
        {
            using var request = JsonDocument.Parse(message);
            book.Add(request.RootElement.GetProperty("params").GetProperty("script").GetString()!);
        }
    }
}
