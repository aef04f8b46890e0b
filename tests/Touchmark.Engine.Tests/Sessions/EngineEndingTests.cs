using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>The engine goes away, or its storage fails, while a printer prints.</summary>
[SupportedOSPlatform("linux")]
public sealed class EngineEndingTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_engine_that_is_restarted_in_order_goes_on_with_the_print(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        bench.Server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await gateway.IsClosedAsync();
        await gateway.CutAsync();
        await bench.Server.RestartAsync();
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.PrintAsync();
        var ended = await bench.FollowAgainAsync(job);

        Assert.Equal(EndReason.Completed, gateway.Session.End!.Reason);
        Assert.Equal("done", ended.GetProperty("state").GetString());
        var verdict = await PrintTests.VerifyAsync(bench, ended);
        Assert.True(verdict.IsValid);
        Assert.Contains(verdict.Certificate!.Alerts, alert => alert.Code == "RESUMED" && alert.Text.Contains("restarted", StringComparison.Ordinal));
        Assert.Equal(1, await bench.TakenAsync());
        Assert.Equal(0, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from sessions", null, default));
    }

    [Fact]
    public async Task An_engine_that_died_goes_on_from_what_it_saved()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await bench.Server.Services.GetRequiredService<SessionKeeper>().SaveAsync(default);

        // Whatever the dying engine still tries to write about the session fails.
        await bench.Server.Database.ExecuteAsync("create trigger dead before update on sessions begin select raise(abort, 'dead'); end", null, default);
        await gateway.CutAsync();
        await bench.Server.RestartAsync();
        await bench.Server.Database.ExecuteAsync("drop trigger dead", null, default);
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.PrintAsync();

        Assert.Equal("done", (await bench.FollowAgainAsync(job)).GetProperty("state").GetString());
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task An_engine_that_died_within_the_first_second_of_a_print_goes_on_with_it()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.Server.Database.ExecuteAsync("create trigger dead before update on sessions begin select raise(abort, 'dead'); end", null, default);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync(until: PrintTests.HasPrintedALittle);
        await gateway.CutAsync();
        await bench.Server.RestartAsync();
        await bench.Server.Database.ExecuteAsync("drop trigger dead", null, default);
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.PrintAsync();

        var ended = await bench.FollowAgainAsync(job);
        Assert.Equal("done", ended.GetProperty("state").GetString());
        Assert.True((await PrintTests.VerifyAsync(bench, ended)).IsValid);
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task A_session_that_was_saved_again_after_a_restart_can_be_read_after_another()
    {
        await using var bench = await PrintBench.OpenAsync(layers: 3);
        await using var gateway = await bench.ConnectAsync();
        await bench.StartJobAsync();
        await gateway.PrintAsync(until: PrintTests.HasPrintedALittle);
        await gateway.CutAsync();
        await bench.Server.RestartAsync();
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.PrintAsync(until: static gateway => gateway.Printer.ExecutedSeconds > 5);
        await bench.Server.Services.GetRequiredService<SessionKeeper>().SaveAsync(default);
        await gateway.CutAsync();
        await bench.Server.RestartAsync();

        Assert.Equal((long)JobState.Streaming, await bench.Server.Database.FirstOrDefaultAsync<long>("select state from jobs", null, default));
    }

    [Fact]
    public async Task An_engine_that_died_before_it_wrote_the_end_of_a_print_down_hears_it_again()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.Server.Database.ExecuteAsync("create trigger lost before update on jobs when new.ended_at is not null begin select raise(ignore); end", null, default);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        await gateway.CutAsync();
        await bench.Server.RestartAsync();
        await bench.Server.Database.ExecuteAsync("drop trigger lost", null, default);
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        Assert.Equal(WireType.Resume, WireFrame.Peek(await gateway.NextAsync(), out _));
        await gateway.SendAsync(gateway.Session.LastWord);

        var ended = await bench.FollowAgainAsync(job);

        Assert.Equal("done", ended.GetProperty("state").GetString());
        var verdict = await PrintTests.VerifyAsync(bench, ended);
        Assert.True(verdict.IsValid);
        Assert.Equal(gateway.Offered!.Segments, (ulong)verdict.Certificate!.Segments);
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task An_engine_that_had_saved_nothing_fails_the_job_and_keeps_the_print_counted()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await bench.Server.Database.ExecuteAsync("create trigger dead before insert on sessions begin select raise(abort, 'dead'); end", null, default);
        await bench.Server.Database.ExecuteAsync("delete from sessions", null, default);
        await bench.Server.RestartAsync();
        var ended = await bench.FollowAgainAsync(job);

        PrintTests.AssertFailed(ended, "ENGINE_RESTARTED");
        Assert.False(ended.TryGetProperty("certificate_id", out _));
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task A_gateway_that_does_not_come_back_to_the_restarted_engine_fails_the_job_with_a_certificate()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await gateway.CutAsync();
        await bench.Server.RestartAsync();
        bench.Server.Time.Advance(TimeSpan.FromSeconds(60));
        var ended = await bench.FollowAgainAsync(job);

        PrintTests.AssertFailed(ended, "CONNECTION_LOST");
        Assert.True((await PrintTests.VerifyAsync(bench, ended)).IsValid);
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task A_database_that_fails_at_the_end_of_a_print_is_tried_again()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.Server.Database.ExecuteAsync("create trigger full before insert on certificates begin select raise(abort, 'full'); end", null, default);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        await bench.Server.Database.ExecuteAsync("drop trigger full", null, default);

        var ended = await bench.FollowThroughAsync(job);

        Assert.Equal("done", ended.GetProperty("state").GetString());
        Assert.True((await PrintTests.VerifyAsync(bench, ended)).IsValid);
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_stored_leaves_no_job_that_is_done_and_no_print_that_is_given_back()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.Server.Database.ExecuteAsync("create trigger full before insert on certificates begin select raise(abort, 'full'); end", null, default);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();

        var ended = await bench.FollowThroughAsync(job);

        PrintTests.AssertFailed(ended, "INTERNAL");
        Assert.Equal(1, await bench.TakenAsync());
        Assert.Equal(0, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from certificates", null, default));
    }

    [Fact]
    public async Task A_fault_between_the_certificate_and_the_end_of_its_job_leaves_neither()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.Server.Database.ExecuteAsync(
            "create trigger torn before update on jobs when new.certificate_id is not null begin select raise(abort, 'torn'); end", null, default);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();

        var ended = await bench.FollowThroughAsync(job);

        PrintTests.AssertFailed(ended, "INTERNAL");
        Assert.Equal(0, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from certificates", null, default));
        Assert.Equal(1, await bench.TakenAsync());
    }
}
