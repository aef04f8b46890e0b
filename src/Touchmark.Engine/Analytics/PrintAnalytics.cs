using Touchmark.Engine.Accounts;
using Touchmark.Engine.Jobs;
using Touchmark.Evidence.Cbor;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Analytics;

/// <summary>Counts prints, refusals and alerts week by week: an owner's designs, a shop's printers, or everything for those who see everything. Weeks begin on Monday, UTC.</summary>
internal sealed class PrintAnalytics(Database database, TimeProvider time)
{
    public const int DefaultWeeks = 26;
    public const int MostWeeks = 104;

    /// <summary>Designs, shops and printers with the most prints; the rest is counted in the weeks.</summary>
    private const int MostNamed = 20;

    private const long WeekUs = 7 * 24 * 3600 * 1_000_000L;

    /// <summary>Monday, 5 January 1970, µs.</summary>
    private const long FirstMondayUs = 4 * 24 * 3600 * 1_000_000L;

    private static readonly string Number = FormattableString.Invariant($"(ended_at - {FirstMondayUs}) / {WeekUs}");

    /// <summary>What a job that ended was: a print that was refused has sent nothing, and one that nobody wanted any more before it began is not counted.</summary>
    private const string Counts =
        "sum(case when jobs.state = 6 then 1 else 0 end) as printed, sum(case when jobs.state = 7 and jobs.started_at is not null then 1 else 0 end) as failed, "
        + "sum(case when jobs.state = 8 and jobs.started_at is not null then 1 else 0 end) as stopped, sum(case when jobs.state = 7 and jobs.started_at is null then 1 else 0 end) as refused ";

    /// <param name="caller">Who asks; what they do not see is not counted.</param>
    /// <param name="weeks">So many, with the one that goes on; null for half a year.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Outcome<AnalyticsView>> CountAsync(Caller caller, int? weeks, CancellationToken cancel)
    {
        var many = weeks ?? DefaultWeeks;
        if (many is < 1 or > MostWeeks)
        {
            return Refusal.Invalid("WEEKS_INVALID", $"Prints are counted for 1 to {MostWeeks} weeks.", "Ask for fewer weeks.").With("weeks", many).With("maximum", MostWeeks);
        }

        var now = time.GetUtcNow();
        var last = (now.ToMicroseconds() - FirstMondayUs) / WeekUs;
        var first = last - many + 1;
        var args = new { caller.OrganisationId, From = (first * WeekUs) + FirstMondayUs, Most = MostNamed };
        var mine = Mine(caller, "jobs");
        var jobs = (await database.QueryAsync<WeekRow>(
            $"select {Number} as number, {Counts} from jobs where jobs.ended_at >= @From{mine} group by {Number}", args, cancel)).ToDictionary(row => row.Number);
        var alerts = await database.QueryAsync<AlertRow>(
            $"select {Number} as number, code, cast(sum(raised) as bigint) as raised from print_alerts where print_alerts.ended_at >= @From{Mine(caller, "print_alerts")} group by {Number}, code",
            args, cancel);
        var raised = alerts.GroupBy(row => row.Number).ToDictionary(week => week.Key, week => week.Sum(row => row.Raised));
        var perWeek = Enumerable.Range(0, many).Select(step => first + step).Select(number =>
        {
            var row = jobs.GetValueOrDefault(number) ?? new WeekRow();
            return new WeekCounts(DateOnly.FromDateTime(DateTimeOffset.UnixEpoch.AddMicroseconds((number * WeekUs) + FirstMondayUs).UtcDateTime), row.Printed, row.Failed, row.Stopped, row.Refused, raised.GetValueOrDefault(number));
        });
        var reasons = await database.QueryAsync<ReasonCount>(
            $"""
            select case when jobs.started_at is null then 'refused' else 'failed' end as outcome, coalesce(jobs.failure_code, 'NOT_RECORDED') as code, count(*) as count
            from jobs where jobs.ended_at >= @From and jobs.state = 7{mine} group by case when jobs.started_at is null then 'refused' else 'failed' end, coalesce(jobs.failure_code, 'NOT_RECORDED')
            """, args, cancel);
        var noticed = alerts.GroupBy(row => row.Code).Select(code => new ReasonCount { Outcome = "alert", Code = code.Key, Count = code.Sum(row => row.Raised) });
        return new AnalyticsView(
            [.. perWeek], [.. reasons.Concat(noticed).OrderByDescending(reason => reason.Count).ThenBy(reason => reason.Code, StringComparer.Ordinal)],
            await NamedAsync("designs", "design_id", mine, args, cancel),
            caller.Role is Role.Manufacturer or Role.Operator ? [] : await NamedAsync("organisations", "organisation_id", mine, args, cancel),
            caller.Role is Role.Oem ? [] : await NamedAsync("printers", "printer_id", mine, args, cancel));
    }

    /// <summary>The prints that go on, for the overview.</summary>
    public Task<long> RunningAsync(Caller caller, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<long>($"select count(*) from jobs where {JobStore.Unfinished}{Either(caller)}", new { caller.OrganisationId }, cancel);

    /// <summary>The prints that failed since then, for the overview.</summary>
    public Task<long> FailedAsync(Caller caller, DateTimeOffset since, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<long>($"select count(*) from jobs where jobs.ended_at >= @Since and jobs.state = 7{Either(caller)}", new { caller.OrganisationId, Since = since }, cancel);

    private Task<IReadOnlyList<NamedCounts>> NamedAsync(string table, string column, string mine, object args, CancellationToken cancel) => database.QueryAsync<NamedCounts>(
        $"select {table}.id, {table}.name, {Counts} from jobs join {table} on {table}.id = jobs.{column} where jobs.ended_at >= @From{mine} group by {table}.id, {table}.name order by count(*) desc, {table}.id limit @Most", args, cancel);

    /// <summary>An owner is told of the designs that are printed, a shop of its printers; an organisation that is both sees the side of whoever asks.</summary>
    private static string Mine(Caller caller, string table) => caller.SeesEverything ? "" : caller.Role == Role.Oem ? $" and {table}.owner_id = @OrganisationId" : $" and {table}.organisation_id = @OrganisationId";

    private static string Either(Caller caller) => caller.SeesEverything ? "" : " and (jobs.organisation_id = @OrganisationId or jobs.owner_id = @OrganisationId)";

    private sealed record WeekRow
    {
        public long Number { get; init; }

        public long Printed { get; init; }

        public long Failed { get; init; }

        public long Stopped { get; init; }

        public long Refused { get; init; }
    }

    private sealed record AlertRow
    {
        public long Number { get; init; }

        public string Code { get; init; } = "";

        public long Raised { get; init; }
    }
}

/// <summary>What was counted. Names stand only where whoever asks may know them.</summary>
internal sealed record AnalyticsView(
    IReadOnlyList<WeekCounts> Weeks, IReadOnlyList<ReasonCount> Reasons, IReadOnlyList<NamedCounts> Designs, IReadOnlyList<NamedCounts> Shops, IReadOnlyList<NamedCounts> Printers);

/// <summary>A week.</summary>
/// <param name="Week">Its Monday, UTC.</param>
/// <param name="Printed">Prints that were completed.</param>
/// <param name="Failed">Prints that had begun and failed.</param>
/// <param name="Stopped">Prints that had begun and were cancelled.</param>
/// <param name="Refused">Jobs that failed before anything was sent; their prints were given back.</param>
/// <param name="Alerts">What engine and gateways noticed in prints that went on.</param>
public sealed record WeekCounts(DateOnly Week, long Printed, long Failed, long Stopped, long Refused, long Alerts);

/// <summary>How often a code came: of prints that <c>failed</c>, that were <c>refused</c>, or as an <c>alert</c>.</summary>
public sealed record ReasonCount
{
    public string Outcome { get; init; } = "";

    public string Code { get; init; } = "";

    public long Count { get; init; }
}

/// <summary>The prints of one design, shop or printer.</summary>
public sealed record NamedCounts
{
    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    public long Printed { get; init; }

    public long Failed { get; init; }

    public long Stopped { get; init; }

    public long Refused { get; init; }
}
