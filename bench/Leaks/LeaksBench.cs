using System.Globalization;
using Spectre.Console;
using Touchmark.Leaks;

namespace Touchmark.Bench;

/// <summary>
/// Where lines of a toolpath can be found while it is printed and after each way in which a print can end: memory, files, logs, the printer's own records. The gateway is
/// the program as it is handed out. Needs root, because the gateway's memory is closed to everybody else.
/// </summary>
internal static class LeaksBench
{
    private static readonly (string Place, string Expected)[] Expected =
    [
        (Places.GatewayUnlocked, "none"),
        (Places.GatewayLocked, "the window while it prints, then none"),
        (Places.Diagnostics, "none"),
        (Places.Files, "none"),
        (Places.Store, "none"),
        (Places.Log, "the last 20 requests after a shutdown"),
        (Places.Engine, "yes: it slices"),
        (Places.Printer, "yes: it prints"),
    ];

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-");
        try
        {
            await RunAsync(await GatewayBench.PublishAsync(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RunAsync(string program)
    {
        await using var scene = await LeakScene.OpenAsync(program, prints: 5);
        var columns = new List<(string Name, IReadOnlyDictionary<string, Finding> Found)>();
        scene.StartGateway();

        var job = await OrderAsync(scene);
        var (during, sweeps) = await SweepAsync(scene, job, until: "done");
        columns.Add(($"while it prints, {sweeps} searches", during));
        columns.Add(("finished", await scene.SearchAsync(running: true)));

        job = await OrderAsync(scene);
        await HalfwayAsync(scene, job);
        await scene.Shop.EndAsync(job, "cancel");
        await SweepAsync(scene, job, until: "cancelled");
        columns.Add(("cancelled", await scene.SearchAsync(running: true)));

        job = await OrderAsync(scene);
        await HalfwayAsync(scene, job);
        await scene.Shop.EndAsync(job, "halt");
        await SweepAsync(scene, job, until: "failed");
        columns.Add(("halted", await scene.SearchAsync(running: true)));

        job = await OrderAsync(scene);
        await HalfwayAsync(scene, job);
        // Its default is a core file, and the runtime leaves it at that; the first SIGABRT it swallows.
        await scene.SignalAsync("XCPU");
        var cores = scene.Cores();
        columns.Add(("gateway crashed", await scene.SearchAsync(running: false)));

        Print(columns);
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{scene.Book.Count} lines of toolpath searched for: those that move and extrude, by their pair of coordinates, in ASCII and UTF-16."));
        var control = await scene.CoreOfAnotherAsync();
        AnsiConsole.WriteLine($"core files allowed, core_pattern '{CoreFiles.Pattern}', after SIGXCPU of the gateway: {CoreFiles.Describe(cores)}; of another program in its place: {CoreFiles.Describe(control)}");
        if (control.Count == 0)
        {
            AnsiConsole.WriteLine("No program leaves a core file here: that the gateway left none shows nothing on this machine.");
        }

        foreach (var (name, found) in columns)
        {
            foreach (var (place, finding) in found.Where(found => found.Value.Where.Length > 0))
            {
                AnsiConsole.WriteLine($"{name}, {place}: {finding.Where}");
            }
        }
    }

    private static async Task<Guid> OrderAsync(LeakScene scene) => await scene.Shop.OrderAsync(await scene.Shop.PrinterAsync());

    private static async Task HalfwayAsync(LeakScene scene, Guid job)
    {
        await Started.UntilAsync(async () => (await scene.Shop.JobAsync(job)) is var now && State(now) switch
        {
            "streaming" => now.GetProperty("progress").GetDouble() > 0.5,
            "done" or "failed" or "cancelled" => throw new InvalidOperationException($"The print ended too soon: {now}"),
            _ => false,
        });
    }

    /// <summary>Searches the gateway again and again until the job has ended; the most that was found in each place.</summary>
    private static async Task<(IReadOnlyDictionary<string, Finding> Most, int Sweeps)> SweepAsync(LeakScene scene, Guid job, string until)
    {
        var (most, sweeps) = (new Dictionary<string, Finding>(StringComparer.Ordinal), 0);
        while (true)
        {
            var now = await scene.Shop.JobAsync(job);
            if (State(now) is "done" or "failed" or "cancelled")
            {
                return State(now) == until ? (most, sweeps) : throw new InvalidOperationException($"The print was to end as {until}: {now}");
            }

            // Before the first lines there is nothing to look for.
            if (State(now) == "streaming" && now.GetProperty("progress").GetDouble() > 0.05)
            {
                sweeps++;
                foreach (var (place, found) in await scene.SearchGatewayAsync())
                {
                    most[place] = most.TryGetValue(place, out var before) && before.Lines >= found.Lines ? before : found;
                }
            }
        }
    }

    private static string State(System.Text.Json.JsonElement job) => job.GetProperty("state").GetString()!;

    private static void Print(List<(string Name, IReadOnlyDictionary<string, Finding> Found)> columns)
    {
        var table = new Table().Border(TableBorder.Markdown).AddColumn("place").AddColumn("searched, MiB");
        columns.ForEach(column => table.AddColumn(new TableColumn(column.Name).RightAligned()));
        table.AddColumn("expected");
        foreach (var (place, expected) in Expected.Where(row => columns.Exists(column => column.Found.ContainsKey(row.Place))))
        {
            var size = columns.Max(column => column.Found.TryGetValue(place, out var found) ? found.Searched : 0) / 1048576.0;
            table.AddRow([place, size.ToString("0.0", CultureInfo.InvariantCulture),
                .. columns.Select(column => column.Found.TryGetValue(place, out var found) ? found.Lines.ToString(CultureInfo.InvariantCulture) : "–"), expected]);
        }

        AnsiConsole.Write(table);
    }
}
