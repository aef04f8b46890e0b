using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Analytics;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming.Tests;

namespace Touchmark.Engine.Tests.Analytics;

/// <summary>Owners and shops, one of them both, whose jobs begin and end by draws, on a clock that no timer of the engine hangs on.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PrintedWorld : IAsyncDisposable
{
    private static readonly string[] Codes = ["PRINTER_BUSY", "GATEWAY_LOST", "POWER_LOST"];

    private readonly PrintShop shop;
    private readonly Draws draws;
    private readonly List<Guid> open = [];
    private readonly List<(Guid Id, Guid Owner)> designs = [];
    private readonly List<(Guid Id, Guid Shop)> printers = [];
    private readonly Guid model;
    private readonly Caller[] readers;

    private PrintedWorld(PrintShop shop, int seed, Guid model, Guid[] designs, Guid[] printers, Guid rival)
    {
        (this.shop, this.model, draws) = (shop, model, new(seed));
        (Owner, Shop) = (shop.Oem.OrganisationId, shop.Maker.OrganisationId);
        this.designs.AddRange(designs.Select((design, number) => (design, number % 3 == 2 ? Shop : number % 3 == 1 ? rival : Owner)));
        this.printers.AddRange(printers.Select((printer, number) => (printer, number % 2 == 1 ? rival : Shop)));
        readers =
        [
            new(Guid.Empty, Owner, Role.Oem), new(Guid.Empty, Shop, Role.Manufacturer), new(Guid.Empty, Shop, Role.Oem), new(Guid.Empty, rival, Role.Oem), new(Guid.Empty, rival, Role.Operator),
            new(Guid.Empty, Guid.CreateVersion7(), Role.Auditor), new(Guid.Empty, Guid.CreateVersion7(), Role.Oem),
        ];
    }

    public ServerFactory Server => shop.Server;

    public FakeTime Time { get; } = new();

    public Guid Owner { get; }

    public Guid Shop { get; }

    public long ThisWeek => PrintWeek.Of(Time.GetUtcNow());

    public static async Task<PrintedWorld> OpenAsync(StorageKind storage, int seed)
    {
        var opened = await PrintShop.OpenAsync("printf 'G28\\nM112\\n' > part.gcode", prints: 1, storage: storage);
        var job = (await opened.OrderAsync()).IsGood().Id;
        await opened.UntilAsync(job, "failed");
        using var rival = await opened.Server.JoinAsync(Role.Manufacturer, "Rival");
        var models = new Guid[24];
        for (var number = 0; number < models.Length; number++)
        {
            models[number] = (await opened.Oem.UploadAsync(PrintShop.Bracket)).IsGood().Id;
        }

        return new(opened, seed, job, models, [opened.PrinterId, await opened.Server.EnrolPrinterAsync(rival), await opened.Server.EnrolPrinterAsync(opened.Maker)], rival.OrganisationId);
    }

    /// <summary>The engine's own, of a node, by this clock.</summary>
    public JobStore Jobs(ServerFactory node) => new(node.Database, node.Services.GetRequiredService<LicenceLedger>(), Time);

    /// <summary>A job that is on its printer, or before that.</summary>
    public async Task<Guid> BeginAsync()
    {
        var (design, printer, id) = (Draw(designs), Draw(printers), Guid.CreateVersion7());
        await Server.Database.ExecuteAsync(
            """
            insert into jobs (id, licence_id, print_number, design_id, owner_id, printer_id, organisation_id, created_by, material, quality, state, created_at, started_at)
            select @Id, licence_id, print_number, @Design, @Owner, @Printer, @Shop, created_by, material, quality, @State, created_at, @Started from jobs where id = @Model
            """,
            draws.Next(4) == 0
                ? new { Id = id, Design = design.Id, design.Owner, Printer = printer.Id, printer.Shop, State = JobState.Waiting, Started = (long?)null, Model = model }
                : new { Id = id, Design = design.Id, design.Owner, Printer = printer.Id, printer.Shop, State = JobState.Streaming, Started = (long?)1, Model = model }, default);
        return id;
    }

    /// <summary>Some weeks in which jobs begin and end, some of them twice, and in which the names' weeks begin anew or are late.</summary>
    public async Task LiveAsync()
    {
        for (var act = 0; act < 15; act++)
        {
            switch (draws.Next(8))
            {
                case 0:
                    Time.Advance(TimeSpan.FromHours(draws.Next(24 * 40)));
                    break;
                case 1:
                    await PrintCounts.TurnAsync(Server.Database, ThisWeek, default);
                    break;
                case 2 or 3 or 4:
                    open.Add(await BeginAsync());
                    break;
                default:
                    if (open.Count > 0)
                    {
                        var state = Draw([JobState.Done, JobState.Failed, JobState.Cancelled]);
                        var failure = state == JobState.Failed && draws.Next(5) > 0 ? new JobFailure(Draw(Codes), "", "") : null;
                        await Jobs(Server).EndAsync(Draw(open), state, failure, printed: true, certify: null, default);
                    }

                    break;
            }
        }
    }

    /// <summary>All who may read are told what the jobs' rows say, for every number of weeks that is offered.</summary>
    public async Task CheckAsync(long alerts = 0)
    {
        var jobs = await Server.Database.QueryAsync<EndedJob>("select owner_id, organisation_id, design_id, printer_id, state, started_at, failure_code, ended_at from jobs where state >= @Done", new { JobState.Done }, default);
        var analytics = new PrintAnalytics(Server.Database, Time);
        foreach (var reader in readers)
        {
            foreach (var weeks in PrintAnalytics.Spans.Select(span => (int?)span).Append(null))
            {
                Assert.True((await analytics.CountAsync(reader, weeks, default)).Has(out var told, out _));
                Compare(jobs, reader, weeks ?? PrintAnalytics.DefaultWeeks, told, reader.SeesEverything || (reader.OrganisationId == Owner) || (reader.OrganisationId == Shop && reader.Role != Role.Oem) ? alerts : 0);
            }
        }
    }

    public ValueTask DisposeAsync() => shop.DisposeAsync();

    private void Compare(IReadOnlyList<EndedJob> all, Caller reader, int weeks, AnalyticsView told, long alerts)
    {
        var now = Time.GetUtcNow();
        var monday = now.Date.AddDays(-(((int)now.DayOfWeek + 6) % 7));
        var first = new DateTimeOffset(monday, TimeSpan.Zero).AddDays(-7 * (weeks - 1));
        var mine = all.Where(job => job.EndedAt >= first && (reader.SeesEverything || (reader.Role == Role.Oem ? job.OwnerId : job.OrganisationId) == reader.OrganisationId)).ToList();
        Assert.Equal(
            Enumerable.Range(0, weeks).Select(week =>
            {
                var (from, to) = (first.AddDays(7 * week), first.AddDays(7 * (week + 1)));
                var within = mine.Where(job => job.EndedAt >= from && job.EndedAt < to).ToList();
                return new WeekCounts(DateOnly.FromDateTime(from.UtcDateTime), Count(within, "printed"), Count(within, "failed"), Count(within, "stopped"), Count(within, "refused"), week == weeks - 1 ? alerts : 0);
            }),
            told.Weeks);
        Assert.Equal(
            mine.Where(job => job.State == JobState.Failed).GroupBy(job => (job.Outcome, Code: job.FailureCode ?? "NOT_RECORDED")).Select(same => $"{same.Key.Outcome} {same.Key.Code} {same.Count()}")
                .Concat(alerts > 0 ? [$"alert PRINTER_SLOW {alerts}"] : Array.Empty<string>()).Order(StringComparer.Ordinal),
            told.Reasons.Select(reason => $"{reason.Outcome} {reason.Code} {reason.Count}").Order(StringComparer.Ordinal));
        var shops = reader.Role is Role.Manufacturer or Role.Operator;
        Assert.Equal(Named(mine, job => job.DesignId), told.Designs.Select(Line));
        Assert.Equal(shops ? [] : Named(mine, job => job.OrganisationId), told.Shops.Select(Line));
        Assert.Equal(reader.Role == Role.Oem ? [] : Named(mine, job => job.PrinterId), told.Printers.Select(Line));
    }

    /// <summary>The twenty with the most jobs that ended, whatever became of them.</summary>
    private static IEnumerable<string> Named(List<EndedJob> jobs, Func<EndedJob, Guid> of) => jobs.GroupBy(of).OrderByDescending(same => same.Count()).ThenBy(same => $"{same.Key:D}", StringComparer.Ordinal).Take(20)
        .Select(same => $"{same.Key:D} {Count(same, "printed")} {Count(same, "failed")} {Count(same, "stopped")} {Count(same, "refused")}");

    private static string Line(NamedCounts counts) => $"{counts.Id:D} {counts.Printed} {counts.Failed} {counts.Stopped} {counts.Refused}";

    private static long Count(IEnumerable<EndedJob> jobs, string outcome) => jobs.LongCount(job => job.Outcome == outcome);

    private T Draw<T>(IReadOnlyList<T> among) => among[draws.Next(among.Count)];

    private sealed record EndedJob
    {
        public Guid OwnerId { get; init; }

        public Guid OrganisationId { get; init; }

        public Guid DesignId { get; init; }

        public Guid PrinterId { get; init; }

        public JobState State { get; init; }

        public long? StartedAt { get; init; }

        public string? FailureCode { get; init; }

        public DateTimeOffset EndedAt { get; init; }

        public string? Outcome => State switch
        {
            JobState.Done => "printed",
            JobState.Failed => StartedAt is null ? "refused" : "failed",
            _ => StartedAt is null ? null : "stopped",
        };
    }
}
