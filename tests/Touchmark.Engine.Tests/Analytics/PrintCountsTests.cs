using System.Runtime.Versioning;
using Touchmark.Engine.Analytics;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Analytics;

/// <summary>What is kept of prints against a count of the jobs themselves, after histories of a year and more that are different each.</summary>
[SupportedOSPlatform("linux")]
public sealed class PrintCountsTests
{
    public static TheoryData<StorageKind, int> Histories => [.. ServerFactory.BothDatabases.SelectMany(storage => Enumerable.Range(1, 4).Select(seed => new TheoryDataRow<StorageKind, int>(storage.Data, seed)))];

    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(Histories))]
    public async Task What_is_kept_is_what_a_count_of_the_jobs_says(StorageKind storage, int seed)
    {
        await using var world = await PrintedWorld.OpenAsync(storage, seed);
        for (var step = 0; step < 12; step++)
        {
            await world.LiveAsync();
            await world.CheckAsync();
        }
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task What_was_printed_before_there_were_counts_is_counted_by_the_migration(StorageKind storage)
    {
        await using var world = await PrintedWorld.OpenAsync(storage, seed: 99);
        await world.LiveAsync();
        await world.LiveAsync();

        await world.Server.RestartAsync(async database =>
        {
            // An engine that starts ends what was under way, at its own time: none is left to it.
            await database.ExecuteAsync("delete from jobs where state < @Done", new { JobState.Done }, default);
            // As a database of before: the alerts lay in a row for each certificate.
            await database.ExecuteAsync(
                """
                drop view counted_names; drop view counted_jobs; drop view job_outcomes; drop table print_names; drop table print_spans; drop table print_weeks;
                create table print_alerts (certificate_id text not null, code text not null, owner_id text not null, organisation_id text not null, raised bigint not null, ended_at bigint not null);
                delete from schema_migrations where number in (250, 261);
                """, null, default);
            foreach (var raised in new[] { 2, 3 })
            {
                await database.ExecuteAsync("insert into print_alerts (certificate_id, code, owner_id, organisation_id, raised, ended_at) values (@Id, 'PRINTER_SLOW', @Owner, @Shop, @Raised, @Now)",
                    new { Id = Guid.CreateVersion7(), world.Owner, world.Shop, Raised = raised, Now = world.Time.GetUtcNow() }, default);
            }
        });

        await world.CheckAsync(alerts: 5);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_job_that_two_end_at_once_is_counted_once(StorageKind storage)
    {
        await using var world = await PrintedWorld.OpenAsync(storage, seed: 7);
        await using var other = storage == StorageKind.Postgres ? await world.Server.StartNodeAsync() : null;
        JobStore[] nodes = [world.Jobs(world.Server), world.Jobs(other ?? world.Server)];
        for (var number = 0; number < 20; number++)
        {
            var job = await world.BeginAsync();
            await Task.WhenAll(nodes.Select((node, which) => node.EndAsync(job, which == 0 ? JobState.Done : JobState.Cancelled, null, printed: true, certify: null, default)));
        }

        await world.CheckAsync();
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_end_that_is_not_written_down_is_not_counted(StorageKind storage)
    {
        await using var world = await PrintedWorld.OpenAsync(storage, seed: 8);
        var job = await world.BeginAsync();
        var jobs = world.Jobs(world.Server);

        await Assert.ThrowsAsync<IOException>(() => jobs.EndAsync(job, JobState.Done, null, printed: true, certify: null, default, _ => throw new IOException("The engine stops here.")));
        await world.CheckAsync();
        await jobs.EndAsync(job, JobState.Failed, new JobFailure("ENGINE_RESTARTED", "", ""), printed: true, certify: null, default);
        await jobs.EndAsync(job, JobState.Done, null, printed: true, certify: null, default);

        await world.CheckAsync();
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task The_weeks_that_are_over_leave_the_names_once_while_prints_end_at_two_nodes(StorageKind storage)
    {
        await using var world = await PrintedWorld.OpenAsync(storage, seed: 9);
        await using var other = storage == StorageKind.Postgres ? await world.Server.StartNodeAsync() : null;
        ServerFactory[] nodes = [world.Server, other ?? world.Server];
        for (var week = 0; week < 30; week++)
        {
            world.Time.Advance(TimeSpan.FromDays(7));
            var begun = new List<Guid> { await world.BeginAsync(), await world.BeginAsync(), await world.BeginAsync(), await world.BeginAsync() };
            await Task.WhenAll([
                .. nodes.Select(node => PrintCounts.TurnAsync(node.Database, world.ThisWeek, default)),
                .. begun.Select((job, number) => world.Jobs(nodes[number % 2]).EndAsync(job, JobState.Done, null, printed: true, certify: null, default)),
            ]);
        }

        await world.CheckAsync();
        foreach (var span in PrintAnalytics.Spans)
        {
            // The longer ones hold the print with which this world began.
            Assert.Equal((Math.Min(span, 30) * 4) + (span > 30 ? 1 : 0), await world.Server.Database.FirstOrDefaultAsync<long>("select sum(ended) from print_names where weeks = @span and side = 'all' and kind = 'printer'", new { span }, default));
        }
    }
}
