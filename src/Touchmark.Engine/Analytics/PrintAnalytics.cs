using Touchmark.Engine.Accounts;
using Touchmark.Engine.Jobs;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Analytics;

/// <summary>Counts prints, refusals and alerts week by week: an owner's designs, a shop's printers, or everything for those who see everything. Weeks begin on Monday, UTC.</summary>
internal sealed class PrintAnalytics(Database database, TimeProvider time)
{
    public const int DefaultWeeks = 26;

    /// <summary>The numbers of weeks for which prints are counted: names are kept for each of them (0261-print-names-spans.sql), so that none takes longer than another.</summary>
    public static readonly IReadOnlyList<int> Spans = [4, 13, DefaultWeeks, 52, 104];

    /// <summary>Designs, shops and printers with the most prints; the rest is counted in the weeks.</summary>
    private const int MostNamed = 20;

    private const string Everybody = "all";
    private const string Owner = "owner";
    private const string Shop = "shop";

    /// <summary>The names as they are kept, when they were counted from the wanted week on.</summary>
    private const string KeptNames =
        """
        select named, printed, failed, stopped, refused, ended from print_names
        where weeks = @Weeks and side = @Side and whose = @Whose and kind = @Kind and ended > 0 and (select since from print_spans where weeks = @Weeks) = @First order by ended desc, named limit @Most
        """;

    private const string CountedNames =
        $"select named, {PrintCounts.Sums} from counted_names where side = @Side and whose = @Whose and kind = @Kind and ended_at >= @From group by named order by count(*) desc, named limit @Most";

    /// <summary>The first of so many weeks, of which the one that goes on is the last.</summary>
    public static long FirstWeek(long thisWeek, long weeks) => thisWeek - weeks + 1;

    /// <param name="caller">Who asks; what they do not see is not counted.</param>
    /// <param name="weeks">So many, with the one that goes on: one of <see cref="Spans"/>; null for half a year.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Outcome<AnalyticsView>> CountAsync(Caller caller, int? weeks, CancellationToken cancel)
    {
        var many = weeks ?? DefaultWeeks;
        if (!Spans.Contains(many))
        {
            return Refusal.Invalid("WEEKS_INVALID", $"Prints are counted for {string.Join(", ", Spans.SkipLast(1))} or {Spans[^1]} weeks.", "Ask for one of these.").With("weeks", many).With("offered", Spans);
        }

        var (side, whose) = SideOf(caller);
        var first = FirstWeek(PrintWeek.Of(time.GetUtcNow()), many);
        var rows = await database.QueryAsync<WeekRow>(
            "select week, outcome, code, count from print_weeks where side = @Side and whose = @Whose and week >= @First", new { Side = side, Whose = whose, First = first }, cancel);
        var counts = rows.GroupBy(row => (row.Week, row.Outcome)).ToDictionary(same => same.Key, same => same.Sum(row => row.Count));
        var perWeek = Enumerable.Range(0, many).Select(step => first + step).Select(week => new WeekCounts(
            DateOnly.FromDateTime(PrintWeek.Begin(week).UtcDateTime), Of(week, "printed"), Of(week, "failed"), Of(week, "stopped"), Of(week, "refused"), Of(week, "alert")));
        var reasons = rows.Where(row => row.Code.Length > 0).GroupBy(row => (row.Outcome, row.Code)).Select(same => new ReasonCount { Outcome = same.Key.Outcome, Code = same.Key.Code, Count = same.Sum(row => row.Count) });
        return new AnalyticsView(
            [.. perWeek], [.. reasons.OrderByDescending(reason => reason.Count).ThenBy(reason => reason.Code, StringComparer.Ordinal)],
            await NamedAsync("design", "designs"), side == Shop ? [] : await NamedAsync("shop", "organisations"), side == Owner ? [] : await NamedAsync("printer", "printers"));

        long Of(long week, string outcome) => counts.GetValueOrDefault((week, outcome));

        async Task<IReadOnlyList<NamedCounts>> NamedAsync(string kind, string table)
        {
            var kept = await ReadAsync(KeptNames);
            // The minute in which a week begins, or nothing to count.
            return kept.Count > 0 ? kept : await ReadAsync(CountedNames);

            Task<IReadOnlyList<NamedCounts>> ReadAsync(string names) => database.QueryAsync<NamedCounts>(
                $"select {table}.id, {table}.name, counted.printed, counted.failed, counted.stopped, counted.refused from ({names}) as counted join {table} on {table}.id = counted.named order by counted.ended desc, counted.named",
                new { Side = side, Whose = whose, Kind = kind, Weeks = many, First = first, From = PrintWeek.Begin(first), Most = MostNamed }, cancel);
        }
    }

    /// <summary>The prints that go on, for the overview.</summary>
    public Task<long> RunningAsync(Caller caller, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<long>($"{JobStore.Unfinished} select count(*) from unfinished as jobs{Either(caller)}", new { caller.OrganisationId }, cancel);

    /// <summary>The prints that failed since then, for the overview.</summary>
    public Task<long> FailedAsync(Caller caller, DateTimeOffset since, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<long>($"{JobStore.Failed} select count(*) from failed as jobs{Either(caller)}", new { caller.OrganisationId, Since = since }, cancel);

    /// <summary>An owner is told of the designs that are printed, a shop of its printers; an organisation that is both sees the side of whoever asks.</summary>
    private static (string Side, string Whose) SideOf(Caller caller) => caller.SeesEverything ? (Everybody, "") : (caller.Role == Role.Oem ? Owner : Shop, $"{caller.OrganisationId:D}");

    private static string Either(Caller caller) => caller.SeesEverything ? "" : " where jobs.organisation_id = @OrganisationId or jobs.owner_id = @OrganisationId";

    private sealed record WeekRow
    {
        public long Week { get; init; }

        public string Outcome { get; init; } = "";

        public string Code { get; init; } = "";

        public long Count { get; init; }
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
