using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Jobs;

/// <summary>What a printer prints next, and the bed that has to be clear for it.</summary>
[SupportedOSPlatform("linux")]
public sealed class PrinterQueueTests
{
    private const string BedSentence = "Waits for somebody to confirm that the bed is clear.";

    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task After_a_print_the_next_one_waits_until_somebody_has_confirmed_that_the_bed_is_clear(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        await using var gateway = await PrintOneAsync(bench);
        var next = await bench.OrderAsync();

        var waiting = await bench.FollowUntilAsync(next, WaitsForBed);
        Assert.Equal(("waiting", BedSentence), (waiting.GetProperty("state").GetString(), waiting.GetProperty("message").GetString()));
        var bed = (await bench.Manufacturer.GetAsync($"/api/printers/{bench.PrinterId:D}")).IsGood()["bed"];
        Assert.Equal((true, false), (bed.GetProperty("check").GetBoolean(), bed.GetProperty("is_clear").GetBoolean()));

        (await bench.Manufacturer.PostAsync($"/api/printers/{bench.PrinterId:D}/bed-clear")).IsGood();

        Assert.Equal("preflight", (await bench.FollowAsync(next, "preflight")).GetProperty("state").GetString());
        var record = Assert.Single(await ActsAsync(bench, "printer.bed_cleared"));
        Assert.Equal(bench.Manufacturer.Email, record.GetProperty("actor_email").GetString(), ignoreCase: true);
    }

    [Fact]
    public async Task A_bed_that_waits_to_be_cleared_waits_on_after_the_engine_was_restarted()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using (await PrintOneAsync(bench))
        {
        }

        await bench.Server.RestartAsync();
        await bench.SignInAgainAsync();
        var next = await bench.OrderAsync();
        await using var gateway = await bench.ConnectAsync();
        await bench.FollowUntilAsync(next, WaitsForBed);
        await bench.Server.RestartAsync();
        await bench.SignInAgainAsync();
        await using var again = await bench.ConnectAsync();
        await bench.FollowUntilAsync(next, WaitsForBed);

        (await bench.Manufacturer.PostAsync($"/api/printers/{bench.PrinterId:D}/bed-clear")).IsGood();
        await again.PrintAsync();

        Assert.Equal("done", (await bench.FollowAsync(next)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_print_that_was_stopped_in_the_middle_leaves_something_on_the_bed()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        (await bench.Manufacturer.PostAsync($"/api/printers/{bench.PrinterId:D}/bed-clear")).IsRefused(HttpStatusCode.Conflict, "PRINT_RUNNING");
        (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/cancel")).IsGood();
        await gateway.PrintAsync();
        await bench.FollowAsync(job);

        Assert.False((await bench.Manufacturer.GetAsync($"/api/printers/{bench.PrinterId:D}")).IsGood()["bed"].GetProperty("is_clear").GetBoolean());
    }

    [Fact]
    public async Task A_job_that_was_refused_before_anything_was_sent_leaves_the_bed_clear()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync(new Refusal("PRINTER_BUSY", "The printer runs another job.", new Dictionary<string, string>(), "Wait."));
        var job = await bench.OrderAsync();
        await gateway.PrintAsync();
        await bench.FollowAsync(job);

        Assert.Equal("preflight", (await bench.FollowAsync(await bench.OrderAsync(), "preflight")).GetProperty("state").GetString());
        Assert.True((await bench.Manufacturer.GetAsync($"/api/printers/{bench.PrinterId:D}")).IsGood()["bed"].GetProperty("is_clear").GetBoolean());
    }

    [Fact]
    public async Task A_printer_that_clears_its_bed_by_itself_goes_on_without_anybody()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await PrintOneAsync(bench);
        var next = await bench.OrderAsync();
        await bench.FollowUntilAsync(next, WaitsForBed);

        (await bench.Manufacturer.PutAsync($"/api/printers/{bench.PrinterId:D}/bed-check", new { required = false })).IsGood();

        Assert.Equal("preflight", (await bench.FollowAsync(next, "preflight")).GetProperty("state").GetString());
        Assert.Single(await ActsAsync(bench, "printer.bed_check_set"));
    }

    [Fact]
    public async Task Two_people_who_confirm_at_once_leave_one_record()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await PrintOneAsync(bench);

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => bench.Manufacturer.PostAsync($"/api/printers/{bench.PrinterId:D}/bed-clear")));

        Assert.All(answers, answer => answer.IsGood());
        Assert.Single(await ActsAsync(bench, "printer.bed_cleared"));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_urgent_job_is_printed_before_those_that_were_ordered_earlier(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        var jobs = await OrderAsync(bench, 3);
        foreach (var job in jobs)
        {
            await bench.FollowAsync(job, "waiting");
        }

        (await bench.Manufacturer.PutAsync($"/api/jobs/{jobs[2]:D}/priority", new { priority = "urgent" })).IsGood();
        (await bench.Manufacturer.PutAsync($"/api/jobs/{jobs[1]:D}/priority", new { priority = "urgent" })).IsGood();
        (await bench.Manufacturer.PutAsync($"/api/jobs/{jobs[1]:D}/priority", new { priority = "normal" })).IsGood();
        (await bench.Manufacturer.PutAsync($"/api/jobs/{jobs[1]:D}/priority", new { priority = "normal" })).IsGood();
        Assert.Equal([jobs[2], jobs[0], jobs[1]], await QueueAsync(bench));
        // Newest first: what was said again is no record of its own.
        var records = (await (await bench.Server.AdminAsync()).GetAsync("/api/audit?act=job.priority_set")).IsGood()["records"].EnumerateArray().ToList();
        Assert.Equal([(jobs[1], "normal"), (jobs[1], "urgent"), (jobs[2], "urgent")], records.Select(record => (
            Guid.Parse(record.GetProperty("subject").GetString()!["job/".Length..]), record.GetProperty("details").EnumerateArray().Single(detail => detail.GetProperty("name").GetString() == "priority").GetProperty("value").GetString()!)));
        Assert.All(records, record => Assert.Equal(bench.Manufacturer.Email, record.GetProperty("actor_email").GetString(), ignoreCase: true));

        await using var gateway = await bench.ConnectAsync();
        await bench.FollowAsync(jobs[2], "preflight");
        var second = await bench.FollowUntilAsync(jobs[0], now => now.TryGetProperty("waits_for", out var what) && what.GetString() == "turn");

        Assert.Equal("waiting for its turn: the printer has another job before it", second.GetProperty("message").GetString());
        (await bench.Manufacturer.PutAsync($"/api/jobs/{jobs[2]:D}/priority", new { priority = "normal" })).IsRefused(HttpStatusCode.Conflict, "JOB_BEGUN");
        Assert.Equal([jobs[2], jobs[0], jobs[1]], await QueueAsync(bench));
    }

    [Fact]
    public async Task A_job_that_is_taken_out_of_the_queue_lets_the_next_one_come()
    {
        await using var bench = await PrintBench.OpenAsync();
        var jobs = await OrderAsync(bench, 2);
        foreach (var job in jobs)
        {
            await bench.FollowAsync(job, "waiting");
        }

        (await bench.Manufacturer.PostAsync($"/api/jobs/{jobs[0]:D}/cancel")).IsGood();
        await bench.FollowAsync(jobs[0]);
        await using var gateway = await bench.ConnectAsync();

        await bench.FollowAsync(jobs[1], "preflight");
        Assert.Equal([jobs[1]], await QueueAsync(bench));
    }

    [Fact]
    public async Task What_is_said_on_another_node_counts()
    {
        await using var bench = await PrintBench.OpenAsync(StorageKind.Postgres);
        await using var gateway = await PrintOneAsync(bench);
        await using var other = await bench.Server.StartNodeAsync();
        var next = await bench.OrderAsync();
        await bench.FollowUntilAsync(next, WaitsForBed);

        using var there = bench.Manufacturer.At(other);
        (await there.PostAsync($"/api/printers/{bench.PrinterId:D}/bed-clear")).IsGood();
        bench.Server.Time.Advance(TimeSpan.FromSeconds(1));

        await bench.FollowAsync(next, "preflight");
    }

    [Fact]
    public async Task Who_is_not_of_the_shop_gets_the_answer_of_something_that_is_not_there()
    {
        await using var bench = await PrintBench.OpenAsync();
        var job = await bench.OrderAsync();
        using var other = await bench.Server.JoinAsync(Role.Manufacturer, "Another shop");
        using var auditor = await bench.Server.JoinAsync(Role.Auditor, "Auditors");

        (await other.GetAsync($"/api/printers/{bench.PrinterId:D}/queue")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await other.PostAsync($"/api/printers/{bench.PrinterId:D}/bed-clear")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await other.PutAsync($"/api/printers/{bench.PrinterId:D}/bed-check", new { required = false })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await other.PutAsync($"/api/jobs/{job:D}/priority", new { priority = "urgent" })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await bench.Oem.GetAsync($"/api/printers/{bench.PrinterId:D}/queue")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        Assert.Equal(HttpStatusCode.Forbidden, (await auditor.PostAsync($"/api/printers/{bench.PrinterId:D}/bed-clear")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await bench.Oem.PutAsync($"/api/jobs/{job:D}/priority", new { priority = "urgent" })).Status);
        Assert.Single((await auditor.GetAsync($"/api/printers/{bench.PrinterId:D}/queue")).IsGood().Body.EnumerateArray());
    }

    [Fact]
    public async Task The_pages_of_the_printer_and_of_the_print_say_it_and_have_the_buttons()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await PrintOneAsync(bench);
        var jobs = await OrderAsync(bench, 2);
        await bench.FollowUntilAsync(jobs[0], WaitsForBed);
        using var shop = await Browser.OfAsync(bench.Server, bench.Manufacturer);
        var page = $"/printers/{bench.PrinterId:D}";

        Assert.Contains(BedSentence, await shop.TextAsync($"/jobs/{jobs[0]:D}"), StringComparison.Ordinal);
        Assert.Contains("something may lie on the bed", await shop.TextAsync(page), StringComparison.Ordinal);
        using (var moved = await shop.SubmitAsync(page, $"/jobs/{jobs[1]:D}/priority", ("priority", "urgent"), ("from", "printer")))
        {
            Assert.Equal(page, moved.Headers.Location?.ToString());
        }

        Assert.Equal([jobs[1], jobs[0]], await QueueAsync(bench));
        using (var cleared = await shop.SubmitAsync($"/jobs/{jobs[1]:D}", $"/jobs/{jobs[1]:D}/bed-clear"))
        {
            Assert.Equal(HttpStatusCode.Found, cleared.StatusCode);
        }

        await bench.FollowAsync(jobs[1], "preflight");
        using (var set = await shop.SubmitAsync(page, $"{page}/bed-check", ("required", "no")))
        {
            Assert.Equal(page, set.Headers.Location?.ToString());
        }

        Assert.Contains("clears its bed by itself: one print follows the other", await shop.TextAsync(page), StringComparison.Ordinal);
    }

    private static bool WaitsForBed(JsonElement job) => job.TryGetProperty("waits_for", out var what) && what.GetString() == "bed";

    /// <summary>Prints a part, which stays on the bed.</summary>
    private static async Task<PrintingGateway> PrintOneAsync(PrintBench bench)
    {
        var gateway = await bench.ConnectAsync();
        var job = await bench.OrderAsync();
        await gateway.PrintAsync();
        Assert.Equal("done", (await bench.FollowAsync(job)).GetProperty("state").GetString());
        await gateway.DisposeAsync();
        return await bench.ConnectAsync();
    }

    /// <summary>Jobs that were ordered one after the other.</summary>
    private static async Task<Guid[]> OrderAsync(PrintBench bench, int many)
    {
        var jobs = new Guid[many];
        for (var number = 0; number < many; number++)
        {
            jobs[number] = await bench.OrderAsync();
            bench.Server.Time.Advance(TimeSpan.FromSeconds(1));
        }

        return jobs;
    }

    private static async Task<IEnumerable<Guid>> QueueAsync(PrintBench bench) =>
        (await bench.Manufacturer.GetAsync($"/api/printers/{bench.PrinterId:D}/queue")).IsGood().Body.EnumerateArray().Select(job => job.GetProperty("id").GetGuid());

    private static async Task<IEnumerable<JsonElement>> ActsAsync(PrintBench bench, string act) =>
        (await (await bench.Server.AdminAsync()).GetAsync($"/api/audit?subject=printer/{bench.PrinterId:D}")).IsGood()["records"].EnumerateArray().Where(record => record.GetProperty("act").GetString() == act);
}
