using System.Net;
using System.Text;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Jobs;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class JobTests
{
    [Fact]
    public async Task The_real_slicer_slices_the_bracket_and_no_line_of_it_is_on_the_disk()
    {
        await using var shop = await PrintShop.OpenAsync(script: null);
        var job = (await shop.OrderAsync()).IsGood().Id;

        await shop.UntilAsync(job, "waiting");

        Assert.Equal(1, await shop.Server.Database.FirstOrDefaultAsync<long>("select count(*) from slices where slicer like 'PrusaSlicer 2.%sha256:%' and segments > 100", null, default));
        foreach (var file in Directory.EnumerateFiles(shop.Server.Data, "*", SearchOption.AllDirectories))
        {
            Assert.Equal(-1, Bytes.Of(file).AsSpan().IndexOf("G1 X"u8));
        }

        Assert.DoesNotContain(shop.Server.Log.Lines, line => line.Contains("G1 X", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("kill -SEGV $$", "SLICER_CRASHED")]
    [InlineData("exit 0", "SLICER_EMPTY")]
    [InlineData("echo 'too large' >&2; exit 1", "SLICER_REFUSED")]
    [InlineData("printf 'G28\\nM112\\n' > part.gcode", "TOOLPATH_REFUSED")]
    public async Task Slicer_that_fails_fails_the_job_and_gives_the_print_back(string script, string code)
    {
        await using var shop = await PrintShop.OpenAsync(script);
        var job = await shop.UntilAsync((await shop.OrderAsync()).IsGood().Id, "failed");

        Assert.Equal(code, job.GetProperty("failure").GetProperty("code").GetString());
        Assert.NotEmpty(job.GetProperty("failure").GetProperty("fix").GetString()!);
        Assert.Equal(0, await shop.TakenAsync());
    }

    [Fact]
    public async Task Toolpath_refusal_names_the_line()
    {
        await using var shop = await PrintShop.OpenAsync("printf 'G28\\nM112\\n' > part.gcode");
        var job = await shop.UntilAsync((await shop.OrderAsync()).IsGood().Id, "failed");
        Assert.Equal(2, job.GetProperty("failure").GetProperty("figures").GetProperty("lines")[0].GetProperty("line").GetInt64());
    }

    [Fact]
    public async Task Last_print_of_a_licence_is_taken_by_one_of_two_jobs_at_once()
    {
        await using var shop = await PrintShop.OpenAsync(prints: 1);

        var answers = await Task.WhenAll(shop.OrderAsync(), shop.OrderAsync());

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.Single(answers, answer => answer.Code == "LICENCE_USED_UP");
        Assert.Equal(1, await shop.TakenAsync());
    }

    [Theory]
    [InlineData("sleep 1000", "slicing")]
    [InlineData(PrintShop.Square, "waiting")]
    public async Task Job_that_is_cancelled_before_anything_was_sent_gives_its_print_back(string script, string state)
    {
        await using var shop = await PrintShop.OpenAsync(script);
        var job = (await shop.OrderAsync()).IsGood().Id;
        await shop.UntilAsync(job, state);

        (await shop.Maker.PostAsync($"/api/jobs/{job:D}/cancel")).IsGood();

        await shop.UntilAsync(job, "cancelled");
        Assert.Equal(0, await shop.TakenAsync());
        Assert.False(shop.Slicer!.IsRunning);
        (await shop.Maker.PostAsync($"/api/jobs/{job:D}/cancel")).IsRefused(HttpStatusCode.Conflict, "JOB_ENDED");
    }

    [Fact]
    public async Task Revoking_the_licence_ends_a_job_that_waits()
    {
        await using var shop = await PrintShop.OpenAsync();
        var job = (await shop.OrderAsync()).IsGood().Id;
        await shop.UntilAsync(job, "waiting");

        (await shop.Oem.PostAsync($"/api/licences/{shop.LicenceId:D}/revoke", new { reason = "No longer made" })).IsGood();

        var ended = await shop.UntilAsync(job, "failed");
        Assert.Equal("LICENCE_REVOKED", ended.GetProperty("failure").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Second_job_of_the_same_kind_uses_the_same_slice()
    {
        await using var shop = await PrintShop.OpenAsync();
        await shop.UntilAsync((await shop.OrderAsync()).IsGood().Id, "waiting");
        await shop.UntilAsync((await shop.OrderAsync()).IsGood().Id, "waiting");
        await shop.UntilAsync((await shop.OrderAsync(quality: "fine")).IsGood().Id, "waiting");
        Assert.Equal(2, await shop.Server.Database.FirstOrDefaultAsync<long>("select count(*) from slices", null, default));
    }

    [Fact]
    public async Task Engine_that_restarts_goes_on_with_a_job_of_which_nothing_was_sent()
    {
        await using var shop = await PrintShop.OpenAsync();
        var job = (await shop.OrderAsync()).IsGood().Id;
        await shop.UntilAsync(job, "waiting");

        await shop.Server.RestartAsync();

        Assert.Equal(1, await shop.Server.Database.FirstOrDefaultAsync<long>("select taken from licences", null, default));
        Assert.Null(await shop.Server.Database.FirstOrDefaultAsync<string>("select failure from jobs", null, default));
    }

    [Fact]
    public async Task Engine_that_died_in_the_middle_of_a_print_fails_its_job_and_keeps_the_print_counted()
    {
        await using var shop = await PrintShop.OpenAsync();
        var job = (await shop.OrderAsync()).IsGood().Id;
        await shop.UntilAsync(job, "waiting");
        await shop.Server.Database.ExecuteAsync("update jobs set state = @Streaming", new { JobState.Streaming }, default);

        await shop.Server.RestartAsync();

        Assert.Equal(1, await shop.Server.Database.FirstOrDefaultAsync<long>("select taken from licences", null, default));
        Assert.Contains("ENGINE_RESTARTED", await shop.Server.Database.FirstOrDefaultAsync<string>("select failure from jobs", null, default), StringComparison.Ordinal);
        Assert.Equal((long)JobState.Failed, await shop.Server.Database.FirstOrDefaultAsync<long>("select state from jobs", null, default));
    }

    [Theory]
    [InlineData("WOOD", "draft", "MATERIAL_UNKNOWN")]
    [InlineData("PLA", "exquisite", "QUALITY_UNKNOWN")]
    public async Task Settings_that_do_not_exist_are_refused_before_a_print_is_taken(string material, string quality, string code)
    {
        await using var shop = await PrintShop.OpenAsync();
        (await shop.OrderAsync(material, quality)).IsRefused(HttpStatusCode.BadRequest, code);
        Assert.Equal(0, await shop.TakenAsync());
    }

    [Fact]
    public async Task Job_of_others_is_not_to_be_seen()
    {
        await using var shop = await PrintShop.OpenAsync();
        var job = (await shop.OrderAsync()).IsGood().Id;
        using var other = await shop.Server.JoinAsync(Engine.Accounts.Role.Manufacturer, "Another shop");
        (await other.GetAsync($"/api/jobs/{job:D}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await other.GetAsync($"/api/jobs/{job:D}/events")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await shop.Oem.GetAsync($"/api/jobs/{job:D}")).IsGood();
    }

    [Fact]
    public void Job_states_are_frozen_because_they_are_in_databases() =>
        Assert.Equal("Queued=1 Slicing=2 Waiting=3 Preflight=4 Streaming=5 Done=6 Failed=7 Cancelled=8",
            string.Join(' ', Enum.GetValues<JobState>().Select(state => new StringBuilder().Append(state).Append('=').Append((long)state))));
}
