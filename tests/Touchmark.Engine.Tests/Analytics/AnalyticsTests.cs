using System.Globalization;
using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Analytics;

/// <summary>Prints, refusals and alerts, counted for whoever they concern.</summary>
[SupportedOSPlatform("linux")]
public sealed class AnalyticsTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Prints_and_refusals_are_counted_by_week_and_by_reason(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        await bench.PrintPartAsync();
        // As if it had been a week ago.
        await bench.Server.Database.ExecuteAsync("update jobs set ended_at = ended_at - @Week; update print_weeks set week = week - 1", new { Week = (long)TimeSpan.FromDays(7).TotalMicroseconds }, default);
        await using (var gateway = await bench.ConnectAsync(new Refusal("PRINTER_BUSY", "The printer runs another job.", new Dictionary<string, string>(), "Wait.")))
        {
            var refused = await bench.StartJobAsync();
            await gateway.PrintAsync();
            await bench.FollowAsync(refused);
        }

        await using (var gateway = await bench.ConnectAsync())
        {
            var stopped = await bench.StartPrintAsync(gateway);
            (await bench.Manufacturer.PostAsync($"/api/jobs/{stopped:D}/cancel")).IsGood();
            await gateway.PrintAsync();
            await bench.FollowAsync(stopped);
        }

        using var auditor = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        foreach (var person in new[] { bench.Oem, bench.Manufacturer, auditor })
        {
            var counted = (await person.GetAsync("/api/analytics?weeks=4")).IsGood().Body;
            Assert.Equal([(0, 0, 0), (0, 0, 0), (1, 0, 0), (0, 1, 1)], counted.GetProperty("weeks").EnumerateArray().Select(week => (Of(week, "printed"), Of(week, "refused"), Of(week, "stopped"))));
            Assert.Contains(("refused", "PRINTER_BUSY", 1), counted.GetProperty("reasons").EnumerateArray().Select(reason => (reason.GetProperty("outcome").GetString()!, reason.GetProperty("code").GetString()!, Of(reason, "count"))));
            Assert.Equal((1, 1, 1), counted.GetProperty("designs").EnumerateArray().Select(design => (Of(design, "printed"), Of(design, "refused"), Of(design, "stopped"))).Single());
        }

        var oem = (await bench.Oem.GetAsync("/api/analytics")).IsGood().Body;
        Assert.Equal("Maker", oem.GetProperty("shops")[0].GetProperty("name").GetString());
        Assert.Empty(oem.GetProperty("printers").EnumerateArray());
        var csv = await bench.Oem.Http.GetStringAsync(new Uri("/api/analytics.csv?weeks=4", UriKind.Relative));
        // Alerts have a test of their own: a machine that is slow enough raises some.
        Assert.Equal(["printed,failed,stopped,refused", "0,0,0,0", "0,0,0,0", "1,0,0,0", "0,0,1,1"], csv.TrimEnd().Split("\r\n").Select(line => line[(line.IndexOf(',') + 1)..line.LastIndexOf(',')]));
        Assert.Equal(DayOfWeek.Monday, DateOnly.ParseExact(csv.Split("\r\n")[1][..10], "yyyy-MM-dd", CultureInfo.InvariantCulture).DayOfWeek);
    }

    [Fact]
    public async Task Alerts_of_certificates_are_counted()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await gateway.CutAsync();
        await bench.UntilAwayAsync(job);
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.PrintAsync();
        await bench.FollowAsync(job);

        var counted = (await bench.Oem.GetAsync("/api/analytics?weeks=4")).IsGood().Body;

        Assert.Equal(1, Of(counted.GetProperty("weeks")[3], "alerts"));
        Assert.Contains(counted.GetProperty("reasons").EnumerateArray(), reason => reason.GetProperty("code").GetString() == "RESUMED" && reason.GetProperty("outcome").GetString() == "alert");
    }

    [Fact]
    public async Task Nobody_is_told_of_prints_that_are_not_theirs()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.PrintPartAsync();
        using var rival = await bench.Server.JoinAsync(Role.Oem, "Rival Works");
        using var custodian = await bench.Server.JoinAsync(Role.Custodian, "Clinic");

        var counted = (await rival.GetAsync("/api/analytics")).IsGood().Body;
        Assert.All(counted.GetProperty("weeks").EnumerateArray(), week => Assert.Equal(0, Of(week, "printed")));
        Assert.Empty(counted.GetProperty("designs").EnumerateArray());
        Assert.Empty(counted.GetProperty("shops").EnumerateArray());
        Assert.Equal(HttpStatusCode.Forbidden, (await custodian.GetAsync("/api/analytics")).Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(12)]
    [InlineData(105)]
    [InlineData(int.MaxValue)]
    public async Task So_many_weeks_are_refused(int weeks)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, oem);

        (await oem.GetAsync($"/api/analytics?weeks={weeks}")).IsRefused(HttpStatusCode.BadRequest, "WEEKS_INVALID");
        await browser.TextAsync($"/analytics?weeks={weeks}", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task The_page_shows_bars_and_the_same_figures_as_a_table()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var browser = await Browser.OfAsync(bench.Server, bench.Manufacturer);
        Assert.Contains("Nothing to count yet", await browser.TextAsync("/analytics"), StringComparison.Ordinal);
        await bench.PrintPartAsync();

        var page = await browser.TextAsync("/analytics?weeks=4");

        Assert.Contains("4 weeks: 1 printed, 0 failed, 0 stopped, 0 refused.", page, StringComparison.Ordinal);
        Assert.Contains("class=\"chart-printed\"", page, StringComparison.Ordinal);
        Assert.Contains($"/printers/{bench.PrinterId:D}", page, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task The_overview_counts_all_jobs_and_not_the_latest_ones(StorageKind storage)
    {
        await using var shop = await PrintShop.OpenAsync("printf 'G28\\nM112\\n' > part.gcode", prints: 1, storage: storage);
        var job = (await shop.OrderAsync()).IsGood().Id;
        await shop.UntilAsync(job, "failed");
        // As if many had failed before, and some of them longer ago than a week.
        await CopyAsync(shop, job, times: 70, TimeSpan.Zero);
        await CopyAsync(shop, job, times: 5, TimeSpan.FromDays(8));
        using var browser = await Browser.OfAsync(shop.Server, shop.Maker);

        Assert.Contains("<span class=\"figure\">71</span><span class=\"soft\">Failed in seven days</span>", await browser.TextAsync("/"), StringComparison.Ordinal);
    }

    private static async Task CopyAsync(PrintShop shop, Guid job, int times, TimeSpan ago)
    {
        await using var work = await shop.Server.Database.BeginAsync(default);
        for (var number = 0; number < times; number++)
        {
            await work.ExecuteAsync(
                """
                insert into jobs (id, licence_id, print_number, design_id, owner_id, printer_id, organisation_id, created_by, material, quality, state, failure, failure_code, created_at, ended_at)
                select @Id, licence_id, print_number, design_id, owner_id, printer_id, organisation_id, created_by, material, quality, state, failure, failure_code, created_at - @Ago, ended_at - @Ago from jobs where id = @Job
                """,
                new { Id = Guid.CreateVersion7(shop.Server.Time.GetUtcNow()), Job = job, Ago = (long)ago.TotalMicroseconds }, default);
        }

        await work.CommitAsync(default);
    }

    private static int Of(JsonElement counts, string member) => counts.GetProperty(member).GetInt32();
}
