namespace Touchmark.VirtualPrinter;

/// <summary>The record of prints from the printer's own storage (<c>server.history.*</c>).</summary>
internal sealed class History(MoonrakerServer server)
{
    private const int MaxJobs = 1000;

    private readonly List<JsonMap> jobs = [];
    private JsonMap? current;
    private int nextId = 1;

    public void Register(ApiTable api)
    {
        api.Add("server.history.list", List);
        api.Add("server.history.totals", _ => Totals());
        api.Add("server.history.get_job", request => new JsonMap
        {
            ["job"] = jobs.Find(job => (string)job["job_id"]! == request.Text("uid")) is { } found ? ForList(found) : throw new ApiError(404, $"Invalid job uid: {request.Text("uid")}"),
        });
        api.Add("server.history.delete_job", request =>
        {
            var removed = jobs.Where(job => request.BoolOr("all", false) || (string)job["job_id"]! == request.TextOr("uid", "")).ToArray();
            jobs.RemoveAll(job => removed.Contains(job));
            return new JsonMap { ["deleted_jobs"] = removed.Select(job => job["job_id"]).ToArray() };
        });
    }

    /// <summary>Looks at the print's state after each status update, as Moonraker does.</summary>
    public void Watch()
    {
        if (server.Klippy?.Stats.Status() is not { } stats)
            return;
        var state = (string)stats["state"]!;
        if (current is null && state == "printing")
        {
            Begin(stats);
        }
        else if (current is not null)
        {
            if (state is "printing" or "paused")
                Update(stats);
            else
                Finish(state switch { "complete" => "completed", "cancelled" => "cancelled", "error" => "error", _ => "cancelled" }, stats);
        }
    }

    /// <summary>A print that was going on before Moonraker had noticed the host: on record, but nobody is told, and its file is not known.</summary>
    public void Adopt(PrintStats stats)
    {
        if (stats.State != "printing")
            return;
        current = NewJob("", [], "No User");
        current["exists"] = false;
    }

    /// <summary>The host is gone, and its print with it; Moonraker tells nobody.</summary>
    public void Disconnected()
    {
        if (current is null)
            return;
        current["status"] = "klippy_disconnect";
        current["end_time"] = server.Reactor.UnixNow;
        current = null;
    }

    private void Begin(JsonMap stats)
    {
        var file = (string)stats["filename"]!;
        var metadata = new JsonMap();
        foreach (var (name, value) in server.Files.Find(file)?.Metadata ?? [])
        {
            if (name is not ("print_start_time" or "job_id"))
                metadata[name] = value;
        }

        current = NewJob(file, metadata, "_TRUSTED_USER_");
        Update(stats);
        server.Notify("notify_history_changed", new JsonMap { ["action"] = "added", ["job"] = current });
    }

    private JsonMap NewJob(string file, JsonMap metadata, string user)
    {
        var job = new JsonMap
        {
            ["end_time"] = null,
            ["filament_used"] = 0.0,
            ["filename"] = file,
            ["metadata"] = metadata,
            ["print_duration"] = 0.0,
            ["status"] = "in_progress",
            ["start_time"] = server.Reactor.UnixNow,
            ["total_duration"] = 0.0,
            ["auxiliary_data"] = Array.Empty<string>(),
            ["user"] = user,
            ["exists"] = true,
            ["job_id"] = nextId++.ToString("X6", System.Globalization.CultureInfo.InvariantCulture),
        };
        if (jobs.Count == MaxJobs)
            jobs.RemoveAt(0);
        jobs.Add(job);
        return job;
    }

    private void Update(JsonMap stats)
    {
        foreach (var field in new[] { "filament_used", "print_duration", "total_duration" })
            current![field] = stats[field];
    }

    private void Finish(string status, JsonMap stats)
    {
        if ((string)stats["filename"]! == (string)current!["filename"]!)
            Update(stats);
        current["status"] = status;
        current["end_time"] = server.Reactor.UnixNow;
        server.Notify("notify_history_changed", new JsonMap { ["action"] = "finished", ["job"] = current });
        current = null;
    }

    private JsonMap List(ApiRequest request)
    {
        var wanted = Enumerable.Reverse(jobs).Skip(Math.Max(0, request.IntOr("start", 0))).Take(Math.Max(0, request.IntOr("limit", 50)));
        return new JsonMap { ["count"] = jobs.Count, ["jobs"] = wanted.Select(ForList).ToArray() };
    }

    private JsonMap ForList(JsonMap job)
    {
        var result = new JsonMap();
        foreach (var field in new[] { "job_id", "user", "filename", "status", "start_time", "end_time", "print_duration", "total_duration", "filament_used", "metadata", "auxiliary_data" })
            result[field] = job[field];
        result["exists"] = server.Files.Find((string)job["filename"]!) is not null;
        return result;
    }

    private JsonMap Totals()
    {
        double Sum(string field) => jobs.Sum(job => (double)job[field]!);
        double Max(string field) => jobs.Count == 0 ? 0 : jobs.Max(job => (double)job[field]!);
        return new JsonMap
        {
            ["job_totals"] = new JsonMap
            {
                ["total_jobs"] = jobs.Count,
                ["total_time"] = Sum("total_duration"),
                ["total_print_time"] = Sum("print_duration"),
                ["total_filament_used"] = Sum("filament_used"),
                ["longest_job"] = Max("total_duration"),
                ["longest_print"] = Max("print_duration"),
            },
            ["auxiliary_totals"] = Array.Empty<string>(),
        };
    }
}
