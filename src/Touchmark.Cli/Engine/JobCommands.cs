using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Touchmark.Cli.Terminal;
using Touchmark.Streaming;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark job</c>.</summary>
internal static class JobCommands
{
    public static Command Create() => new("job", "Print jobs: start, watch, list, pause, cancel, halt.")
    {
        Estimate(),
        Start(),
        Watch(),
        Show(),
        Arguments.Asking("list", "List the jobs that you may see.", (engine, _, cancel) => engine.GetAsync("/api/jobs", cancel), jobs => Screen.Table(jobs, "There are no jobs yet.",
            new("Part", "design_name"), new("Printer", "printer_name"), new("State", "state"), new("Started", "created_at"), new("Id", "id"))),
        Priority(),
        Pause(),
        Resume(),
        Cancel(),
        Halt(),
    };

    private static Command Start()
    {
        var licence = new Option<Guid>("--licence") { Description = "The licence's id.", Required = true };
        var printer = new Option<Guid>("--printer") { Description = "The printer's id.", Required = true };
        var material = new Option<string>("--material") { Description = "The material.", DefaultValueFactory = _ => "PLA" };
        var quality = new Option<string>("--quality") { Description = "draft, standard or fine.", DefaultValueFactory = _ => "standard" };
        var lot = new Option<string?>("--lot") { Description = "The batch of the material, as its maker or you name it; the part can be found by it." };
        return Arguments.Asking("start", "Take a print from a licence and start it.", (engine, parsed, cancel) => engine.PostAsync("/api/jobs", new
        {
            LicenceId = parsed.GetValue(licence),
            PrinterId = parsed.GetValue(printer),
            Material = parsed.GetValue(material),
            Quality = parsed.GetValue(quality),
            MaterialLot = parsed.GetValue(lot),
        }, cancel), job => Screen.Line($"Job {Screen.Text(job, "id")} is {Screen.Text(job, "state")}. Watch it with: touchmark job watch {Screen.Text(job, "id")}"), licence, printer, material, quality, lot);
    }

    private static Command Estimate()
    {
        var licence = new Option<Guid>("--licence") { Description = "The licence's id.", Required = true };
        var printer = new Option<Guid>("--printer") { Description = "The printer's id.", Required = true };
        var material = new Option<string>("--material") { Description = "The material.", DefaultValueFactory = _ => "PLA" };
        var quality = new Option<string>("--quality") { Description = "draft, standard or fine.", DefaultValueFactory = _ => "standard" };
        return Arguments.Asking("estimate", "Slice without taking a print: how long it takes, what it uses, and what it costs where the printer has prices.", (engine, parsed, cancel) => engine.PostAsync("/api/slices", new
        {
            LicenceId = parsed.GetValue(licence),
            PrinterId = parsed.GetValue(printer),
            Material = parsed.GetValue(material),
            Quality = parsed.GetValue(quality),
        }, cancel), Screen.Facts, licence, printer, material, quality);
    }

    private static Command Show()
    {
        var id = Arguments.Id("job");
        return Arguments.Asking("show", "Show one job.", (engine, parsed, cancel) => engine.GetAsync($"/api/jobs/{parsed.GetValue(id)}", cancel), Screen.Facts, id);
    }

    private static Command Priority()
    {
        var id = Arguments.Id("job");
        var priority = new Argument<string>("priority") { Description = "urgent: before all that is normal; normal: as it was ordered." };
        priority.AcceptOnlyFromAmong("urgent", "normal");
        return Arguments.Asking("priority", "Put a job that waits before the others of its printer, or back among them.",
            (engine, parsed, cancel) => engine.PutAsync($"/api/jobs/{parsed.GetValue(id)}/priority", new { Priority = parsed.GetValue(priority) }, cancel), Screen.Facts, id, priority);
    }

    private static Command Pause()
    {
        var id = Arguments.Id("job");
        return Arguments.Asking("pause", $"Pause a print: what was sent is printed to its end, then the head is raised. After {SessionSettings.LongestPause.Minutes} minutes the print is ended.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/jobs/{parsed.GetValue(id)}/pause", null, cancel), Screen.Facts, id);
    }

    private static Command Resume()
    {
        var id = Arguments.Id("job");
        return Arguments.Asking("resume", "Let a paused print go on.", (engine, parsed, cancel) => engine.PostAsync($"/api/jobs/{parsed.GetValue(id)}/resume", null, cancel), Screen.Facts, id);
    }

    private static Command Cancel()
    {
        var id = Arguments.Id("job");
        return Arguments.Asking("cancel", "Stop a job; the printer comes to rest safely.", (engine, parsed, cancel) => engine.PostAsync($"/api/jobs/{parsed.GetValue(id)}/cancel", null, cancel), Screen.Facts, id);
    }

    private static Command Halt()
    {
        var id = Arguments.Id("job");
        return Arguments.Asking("halt", "Emergency: stop the printer of a job within a second. Its head stays where it is, on the part.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/jobs/{parsed.GetValue(id)}/halt", null, cancel), Screen.Facts, id);
    }

    private static Command Watch()
    {
        var id = Arguments.Id("job");
        var command = new Command("watch", "Follow a job to its end. Exit code 0 when the part was printed, 1 otherwise.") { id };
        command.SetAction(async (parsed, cancel) =>
        {
            using var engine = EngineClient.SignedIn();
            var path = $"/api/jobs/{parsed.GetValue(id)}";
            if (Screen.IsTerminal)
            {
                await AnsiConsole.Progress().Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn()).StartAsync(progress => FollowAsync(engine, path, new Bars(progress).Show, cancel));
            }
            else
            {
                await FollowAsync(engine, path, new Lines().Show, cancel);
            }

            return Conclude(await engine.GetAsync(path, cancel));
        });
        return command;
    }

    private static async Task FollowAsync(EngineClient engine, string path, Action<JsonElement> show, CancellationToken cancel)
    {
        await foreach (var job in ServerEvents.FollowAsync(engine, path + "/events", cancel))
        {
            show(job);
            if (Screen.Text(job, "state") is "done" or "failed" or "cancelled")
            {
                return;
            }
        }
    }

    private static int Conclude(JsonElement job)
    {
        if (Screen.Text(job, "state") == "done")
        {
            Screen.Line($"Printed. Certificate {Screen.Text(job, "certificate_id")}.{Rest(job)}");
            return 0;
        }

        var failure = job.TryGetProperty("failure", out var told) && told.ValueKind == JsonValueKind.Object ? told : default;
        var code = Screen.Text(failure, "code");
        throw new CliFailure($"the job is {Screen.Text(job, "state")}{(code.Length > 0 ? $": {Screen.Text(failure, "text")} ({code})" : ".")}{Rest(job)}", Screen.Text(failure, "fix") is { Length: > 0 } fix ? fix : null);
    }

    /// <summary>How the printer was left; nothing where nothing was printed.</summary>
    private static string Rest(JsonElement job) => Screen.Text(job, "at_rest") switch
    {
        "yes" => " The printer is at rest.",
        "no" => " The printer did not report that it is at rest: look at it.",
        _ => "",
    };

    private static double Share(JsonElement job, string member) =>
        double.TryParse(Screen.Text(job, member), NumberStyles.Float, CultureInfo.InvariantCulture, out var share) ? Math.Clamp(share, 0, 1) : 0;

    private static string Describe(JsonElement job)
    {
        var text = Screen.Text(job, "state");
        return (Screen.Text(job, "message") is { Length: > 0 } message ? $"{text}: {message}" : text) + Adjusted(job);
    }

    /// <summary>What the engine has adjusted now, in brackets.</summary>
    private static string Adjusted(JsonElement job)
    {
        if (!job.TryGetProperty("session", out var session) || session.ValueKind != JsonValueKind.Object
            || !session.TryGetProperty("adjusted", out var adjusted) || adjusted.ValueKind != JsonValueKind.Object)
        {
            return "";
        }

        var changes = new List<string>();
        if (Number(adjusted, "speed_factor") is < 1 and var factor)
        {
            changes.Add(string.Create(CultureInfo.InvariantCulture, $"feed {factor:P0}"));
        }

        foreach (var heater in new[] { "nozzle", "bed" })
        {
            if (Number(adjusted, $"{heater}_trim_c") is > 0 and var trim)
            {
                changes.Add(string.Create(CultureInfo.InvariantCulture, $"{heater} {trim:0.#} °C lower"));
            }
        }

        return changes.Count == 0 ? "" : $" ({string.Join(", ", changes)}: {Screen.Text(adjusted, "why")})";
    }

    private static double? Number(JsonElement of, string member) =>
        of.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    /// <summary>A bar for each state that the job passes through.</summary>
    private sealed class Bars(ProgressContext progress)
    {
        private ProgressTask? bar;
        private string state = "";

        public void Show(JsonElement job)
        {
            var now = Screen.Text(job, "state");
            if (now != state)
            {
                bar?.Value(bar.MaxValue);
                bar = progress.AddTask(Markup.Escape(now));
                state = now;
            }

            bar!.Description = Markup.Escape(Describe(job));
            bar.Value = Share(job, "progress") * 100;
        }
    }

    /// <summary>A line whenever the state, a pause or what is adjusted changes, or another tenth is done.</summary>
    private sealed class Lines
    {
        private (string State, int Tenth, string Adjusted, string Paused, bool Ending) last;

        public void Show(JsonElement job)
        {
            var now = (Screen.Text(job, "state"), (int)(Share(job, "progress") * 10), Adjusted(job), job.TryGetProperty("paused", out var paused) ? Screen.Text(paused, "stands") : "", job.TryGetProperty("ending", out var ending) && ending.ValueKind == JsonValueKind.Object);
            if (now == last)
            {
                return;
            }

            last = now;
            Screen.Line(string.Create(CultureInfo.InvariantCulture, $"{Describe(job)} {Share(job, "progress"):P0}"));
        }
    }
}
