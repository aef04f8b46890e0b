using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>The engine goes away, or its storage fails, while a printer prints.</summary>
[SupportedOSPlatform("linux")]
public sealed class EngineEndingTests
{
    [Fact]
    public async Task An_engine_that_is_shut_down_stops_the_print_in_order_and_certifies_it()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync(until: PrintTests.HasPrintedALittle);

        bench.Server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await gateway.PrintAsync();
        // The engine lets go of the connection once the job has ended.
        await gateway.IsClosedAsync();
        await bench.Server.RestartAsync();
        var ended = await bench.FollowAgainAsync(job);

        Assert.Equal(EndReason.EngineStopping, gateway.Session.End!.Reason);
        Assert.Contains("TURN_OFF_HEATERS", gateway.Printer.Lines);
        PrintTests.AssertFailed(ended, "ENGINE_STOPPING");
        Assert.Equal("ENGINE_STOPPING", (await PrintTests.VerifyAsync(bench, ended)).Certificate!.ResultReason);
    }

    [Fact]
    public async Task An_engine_that_died_fails_the_job_keeps_the_print_counted_and_has_no_certificate_of_it()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync(until: PrintTests.HasPrintedALittle);

        // Whatever the dying engine still tries to write about the job fails.
        await bench.Server.Database.ExecuteAsync("create trigger dead before update on jobs when new.failure not like '%ENGINE_RESTARTED%' begin select raise(abort, 'dead'); end", null, default);
        await bench.Server.RestartAsync();
        var ended = await bench.FollowAgainAsync(job);

        PrintTests.AssertFailed(ended, "ENGINE_RESTARTED");
        Assert.False(ended.TryGetProperty("certificate_id", out _));
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_stored_leaves_no_job_that_is_done_and_no_print_that_is_given_back()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.Server.Database.ExecuteAsync("create trigger full before insert on certificates begin select raise(abort, 'full'); end", null, default);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();

        var ended = await bench.FollowAsync(job);

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

        var ended = await bench.FollowAsync(job);

        PrintTests.AssertFailed(ended, "INTERNAL");
        Assert.Equal(0, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from certificates", null, default));
        Assert.Equal(1, await bench.TakenAsync());
    }
}
