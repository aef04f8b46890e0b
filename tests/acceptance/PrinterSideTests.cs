using System.Buffers.Binary;
using System.Text;
using Touchmark.Leaks;

namespace Touchmark.Acceptance;

/// <summary>
/// Prints through the printer's own <c>virtual_sdcard</c>, as <c>./run --on-printer</c> does, and searches the printer's side for the lines: every file of printer and gateway, what they say, what a
/// front end was told, and what Moonraker tells whoever asks.
/// </summary>
public sealed class PrinterSideTests
{
    [Fact]
    public async Task No_line_of_an_encrypted_file_is_anywhere_on_the_printers_side_after_finish_cancel_and_crash()
    {
        await using var scene = await Scene.CreateAsync();
        var file = Path.Combine(scene.World.Folder, "maker", "bracket.gcode");
        var got = await scene.World.AsAsync("maker", "printer", "seal", scene.Printer, "--licence", scene.Licence, "--quality", "draft", "--output", file);
        Assert.True(got.ExitCode == 0, got.Errors);

        await scene.FrontEnd.PrintAsync(file);
        Assert.Equal("completed", await scene.FrontEnd.FinishedAsync());
        await scene.SearchAsync();

        await scene.FrontEnd.PrintAsync(file);
        await scene.FrontEnd.ProgressAsync(0.3);
        await scene.FrontEnd.PostAsync("printer/print/cancel");
        Assert.Equal("cancelled", await scene.FrontEnd.FinishedAsync());
        await scene.SearchAsync();

        await scene.FrontEnd.PrintAsync(file);
        await scene.FrontEnd.ProgressAsync(0.3);
        await scene.World.SignalAsync("printer", "KILL");
        await scene.RestartPrinterAsync();
        await scene.SearchAsync();

        await scene.ProveAsync();
    }

    [Fact]
    public async Task No_line_of_a_live_session_is_anywhere_on_the_printers_side_after_finish_cancel_and_crash()
    {
        await using var scene = await Scene.CreateAsync();

        var job = await scene.World.FinishAsync(await scene.World.StartJobAsync(scene.Licence, scene.Printer));
        Assert.True(World.Text(job, "state") == "done", job.ToString());
        Assert.Equal("completed", await scene.FrontEnd.FinishedAsync());
        var certificate = await scene.World.AskAsync("maker", "certificate", "show", World.Text(job, "certificate_id"));
        Assert.StartsWith("extra+", World.Text(certificate, "printer_transport"), StringComparison.Ordinal);
        await scene.SearchAsync();

        await scene.StartSessionAsync();
        await scene.FrontEnd.PostAsync("printer/print/cancel");
        Assert.Equal("cancelled", await scene.FrontEnd.FinishedAsync());
        await scene.SearchAsync();

        await scene.StartSessionAsync();
        await scene.World.SignalAsync("gateway", "KILL", wholeGroup: true);
        Assert.Equal("error", await scene.FrontEnd.FinishedAsync());
        await scene.SearchAsync();

        await scene.ProveAsync();
    }

    /// <summary>An engine, a printer with the extra and a gateway, somebody between the two who knows every line, and a front end that looks on.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        /// <summary>A segment is asked for when the one before is queued: what this machine takes for that, the printer waits so many times as long.</summary>
        private const string Speed = "5";

        private readonly LineBook book = new();
        private readonly SocketRelay between;
        private readonly List<byte[]> toldBefore = [];
        private string line = "";

        private Scene() => between = new SocketRelay(Path.Combine(World.Folder, "relay.sock"), Path.Combine(World.Folder, "gateway", "gateway", "printer.sock"), Note);

        public World World { get; } = new();

        public FrontEnd FrontEnd { get; private set; } = null!;

        public string Licence { get; private set; } = "";

        public string Printer { get; private set; } = "";

        private string GCodes => Path.Combine(World.Folder, "gcodes");

        public static async Task<Scene> CreateAsync()
        {
            var scene = new Scene();
            Directory.CreateDirectory(scene.GCodes);
            await scene.World.StartEngineAsync();
            await scene.StartPrinterAsync();
            await scene.World.SignInAsync();
            scene.Licence = await scene.World.LicenseAsync(prints: 4, part: SmallBracket(scene.World.Folder));
            scene.Printer = await scene.World.EnrolAsync();
            await scene.World.StartGatewayAsync();
            // Enrolment puts the dead-man timer in and restarts Klipper, which ends subscriptions.
            scene.FrontEnd = await FrontEnd.OpenAsync(scene.World.Printer);
            // A job that begins before would go through Moonraker, which keeps what it is sent.
            await scene.FrontEnd.ConnectedAsync();
            return scene;
        }

        public async Task RestartPrinterAsync()
        {
            toldBefore.Add(FrontEnd.Told);
            await FrontEnd.DisposeAsync();
            await StartPrinterAsync(new Uri(World.Printer).Port);
            FrontEnd = await FrontEnd.OpenAsync(World.Printer);
        }

        /// <summary>Starts a job and returns in the middle of it.</summary>
        public async Task StartSessionAsync()
        {
            await World.UntilAsync(await World.StartJobAsync(Licence, Printer), now => now.GetProperty("progress").GetDouble() > 0.3);
            await FrontEnd.ProgressAsync(0);
        }

        /// <summary>That no line is found.</summary>
        public async Task SearchAsync()
        {
            Assert.True(book.Count > 100, $"Only {book.Count} lines were seen.");
            Assert.Empty(await PlacesAsync());
            Assert.Contains("virtual_sdcard", string.Concat(toldBefore.Append(FrontEnd.Told).Select(Encoding.UTF8.GetString)), StringComparison.Ordinal);
        }

        /// <summary>That one would be found: in a file, in the console's memory and by the front end.</summary>
        public async Task ProveAsync()
        {
            var planted = Path.Combine(GCodes, "planted");
            await File.WriteAllTextAsync(planted, line, TestContext.Current.CancellationToken);
            await FrontEnd.PostAsync("printer/gcode/script?script=" + Uri.EscapeDataString("M118 " + line));
            Assert.Equal([planted, "server/gcode_store", "websocket"], (await PlacesAsync()).Order(StringComparer.Ordinal));
        }

        public async ValueTask DisposeAsync()
        {
            if (FrontEnd is not null)
            {
                await FrontEnd.DisposeAsync();
            }

            await between.DisposeAsync();
            await World.DisposeAsync();
        }

        /// <summary>A third of the sample: few layers, so that a print is over soon.</summary>
        private static string SmallBracket(string folder)
        {
            // Binary STL: 84 bytes of header, then facets of 50: a normal, three corners, two bytes.
            var model = File.ReadAllBytes(Path.Combine(World.Root, "samples", "bracket.stl"));
            for (var facet = 84; facet + 50 <= model.Length; facet += 50)
            {
                for (var place = facet + 12; place < facet + 48; place += sizeof(float))
                {
                    BinaryPrimitives.WriteSingleLittleEndian(model.AsSpan(place), BinaryPrimitives.ReadSingleLittleEndian(model.AsSpan(place)) / 3);
                }
            }

            var file = Path.Combine(folder, "small.stl");
            File.WriteAllBytes(file, model);
            return file;
        }

        private Task StartPrinterAsync(int port = 0) =>
            World.StartPrinterAsync(port: port, more: ["--speed", Speed, "--gcode-store-size", "1000", "--touchmark", between.Path, "--gcodes", GCodes]);

        private void Note(string lines)
        {
            foreach (var one in lines.Split('\n'))
            {
                var before = book.Count;
                book.Add(one);
                line = book.Count > before ? one : line;
            }
        }

        private async Task<IReadOnlyList<string>> PlacesAsync()
        {
            var places = new List<string>();
            var open = new[] { "printer", "gateway" }.Where(World.IsRunning).SelectMany(name => FileSearch.OpenIn(World.ProcessId(name)).Where(link => new FileInfo(link).LinkTarget != World.PrinterRecord));
            var files = FileSearch.TouchedSince(World.Folder, DateTime.UnixEpoch).Where(file => file != World.PrinterRecord).ToList();
            Assert.Contains(files, file => file.StartsWith(Path.Combine(World.Folder, "gateway"), StringComparison.Ordinal));
            foreach (var file in files.Concat(open))
            {
                var found = new HashSet<string>(StringComparer.Ordinal);
                FileSearch.Search(file, book, found);
                Note(file, found.Count);
            }

            foreach (var (address, content) in await FrontEnd.EverythingAsync())
            {
                Note(address, book.Search(content, new HashSet<string>(StringComparer.Ordinal)));
            }

            foreach (var told in toldBefore)
            {
                Note("websocket before the crash", book.Search(told, new HashSet<string>(StringComparer.Ordinal)));
            }

            foreach (var name in new[] { "printer", "gateway", "engine" })
            {
                Note($"what the {name} says", book.Search(Encoding.UTF8.GetBytes(World.Said(name)), new HashSet<string>(StringComparer.Ordinal)));
            }

            return places;

            void Note(string place, int lines)
            {
                if (lines > 0)
                {
                    places.Add(place);
                }
            }
        }
    }
}
