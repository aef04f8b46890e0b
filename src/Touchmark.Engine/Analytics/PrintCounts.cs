using System.Data.Common;
using Touchmark.Engine.Jobs;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Analytics;

/// <summary>
/// What is counted of prints, kept beside them (0250-print-weeks.sql says what a job counts as, and for whom). Rows are always touched in the order of their keys, so that two transactions wait for each other
/// and never both at once.
/// </summary>
internal static class PrintCounts
{
    /// <summary>Of rows of the view <c>counted_names</c>: how often each outcome came, and how many ended in all.</summary>
    public const string Sums =
        "count(case when outcome = 'printed' then 1 end) as printed, count(case when outcome = 'failed' then 1 end) as failed, count(case when outcome = 'stopped' then 1 end) as stopped, "
        + "count(case when outcome = 'refused' then 1 end) as refused, count(*) as ended";

    private const string AddWeeks =
        """
        insert into print_weeks (side, whose, week, outcome, code, count)
        select side, whose, week, outcome, code, 1 from counted_jobs where id = @Id and outcome is not null order by side, whose
        on conflict (side, whose, week, outcome, code) do update set count = print_weeks.count + excluded.count
        """;

    private const string AddAlert =
        """
        insert into print_weeks (side, whose, week, outcome, code, count) values ('all', '', @Week, 'alert', @Code, @Raised), ('owner', @OwnerId, @Week, 'alert', @Code, @Raised), ('shop', @OrganisationId, @Week, 'alert', @Code, @Raised)
        on conflict (side, whose, week, outcome, code) do update set count = print_weeks.count + excluded.count
        """;

    private static readonly string AddNames = Names("+", "print_spans", "id = @Id");
    private static readonly string TakeOffNames = Names("-", "(select weeks from print_spans where weeks = @Weeks) as span", "ended_at >= @From and ended_at < @To");

    /// <summary>Counts a job, in the transaction that ends it and after that.</summary>
    public static async Task AddAsync(Transaction work, Guid jobId, CancellationToken cancel)
    {
        await work.ExecuteAsync(AddWeeks, new { Id = jobId }, cancel);
        await work.ExecuteAsync(AddNames, new { Id = jobId }, cancel);
    }

    /// <summary>Counts the alerts of a certificate, in the transaction that keeps it.</summary>
    public static async Task AddAlertsAsync(Transaction work, PrintCertificate certificate, Job job, CancellationToken cancel)
    {
        foreach (var alerts in certificate.Alerts.GroupBy(alert => alert.Code).OrderBy(alerts => alerts.Key, StringComparer.Ordinal))
        {
            await work.ExecuteAsync(AddAlert, new { job.OwnerId, job.OrganisationId, Week = PrintWeek.Of(certificate.EndedAt), Code = alerts.Key, Raised = alerts.LongCount() }, cancel);
        }
    }

    /// <summary>Lets every span end with this week: takes off the names what ended before its first one, unless that is done already.</summary>
    public static async Task TurnAsync(Database database, long thisWeek, CancellationToken cancel)
    {
        foreach (var span in await database.QueryAsync<Span>("select weeks, since from print_spans", null, cancel))
        {
            var first = PrintAnalytics.FirstWeek(thisWeek, span.Weeks);
            if (span.Since >= first)
            {
                continue;
            }

            await using var work = await database.BeginAsync(cancel);
            // Of several nodes one takes it off: the others wait here, and find another week then.
            if (await work.ExecuteAsync("update print_spans set since = @First where weeks = @Weeks and since = @Since", new { First = first, span.Weeks, span.Since }, cancel) > 0)
            {
                await work.ExecuteAsync(TakeOffNames, new { span.Weeks, From = PrintWeek.Begin(span.Since), To = PrintWeek.Begin(first) }, cancel);
                await work.CommitAsync(cancel);
            }
        }
    }

    private static string Names(string sign, string spans, string which) =>
        $"""
        insert into print_names (weeks, side, whose, kind, named, printed, failed, stopped, refused, ended)
        select weeks, side, whose, kind, named, {sign}printed, {sign}failed, {sign}stopped, {sign}refused, {sign}ended
        from (select side, whose, kind, named, {Sums} from counted_names where {which} group by side, whose, kind, named) as counted cross join {spans} where true order by weeks, side, whose, kind, named
        on conflict (weeks, side, whose, kind, named) do update set printed = print_names.printed + excluded.printed, failed = print_names.failed + excluded.failed,
            stopped = print_names.stopped + excluded.stopped, refused = print_names.refused + excluded.refused, ended = print_names.ended + excluded.ended
        """;

    private sealed record Span
    {
        public long Weeks { get; init; }

        /// <summary>Its first week.</summary>
        public long Since { get; init; }
    }
}

/// <summary>Each Monday what is counted by name begins a week later.</summary>
internal sealed class PrintCountsTurn(Database database, TimeProvider time, ILogger<PrintCountsTurn> log) : BackgroundService
{
    /// <summary>Until it is done, the jobs themselves are counted.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await PrintCounts.TurnAsync(database, PrintWeek.Of(time.GetUtcNow()), stoppingToken);
            }
            catch (DbException failure)
            {
                log.LogWarning(failure, "Prints of weeks that are over are still among those counted by name; the next look will take them off");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
