using System.Globalization;
using System.Text;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;

namespace Touchmark.Engine.Analytics;

/// <summary>Prints, refusals and alerts over time.</summary>
internal static class AnalyticsFeature
{
    private static readonly Role[] Readers = [Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin];

    public static void AddAnalytics(this IServiceCollection services)
    {
        services.AddSingleton<PrintAnalytics>();
        services.AddHostedService<PrintCountsTurn>();
    }

    public static void MapAnalytics(this WebApplication app)
    {
        app.MapGet("/api/analytics", async (int? weeks, Caller caller, PrintAnalytics analytics, CancellationToken cancel) => (await analytics.CountAsync(caller, weeks, cancel)).ToResult(Results.Ok))
            .For(Readers).Produces<AnalyticsView>().WithSummary("Count prints, refusals and alerts by week, reason, design, shop and printer: of your designs, or on your printers.");
        app.MapGet("/api/analytics.csv", async (int? weeks, Caller caller, PrintAnalytics analytics, CancellationToken cancel) => (await analytics.CountAsync(caller, weeks, cancel)).ToResult(File))
            .For(Readers).Produces<string>(StatusCodes.Status200OK, "text/csv").WithSummary("The same weeks as a table: Monday of the week, printed, failed, stopped, refused, alerts.");
        var pages = app.MapPagesFor(Readers);
        pages.MapGet("/analytics", async (int? weeks, Visit visit, PrintAnalytics analytics, CancellationToken cancel) =>
            (await analytics.CountAsync(visit.Caller, weeks, cancel)).Has(out var counted, out var refusal) ? visit.Show<AnalyticsPage>(Model(counted, visit.Caller)) : visit.Refuse(refusal));
        pages.MapGet("/analytics.csv", async (int? weeks, Visit visit, PrintAnalytics analytics, CancellationToken cancel) =>
            (await analytics.CountAsync(visit.Caller, weeks, cancel)).Has(out var counted, out var refusal) ? File(counted) : visit.Refuse(refusal));
    }

    private static AnalyticsModel Model(AnalyticsView view, Caller caller) => new(
        view.Weeks, view.Reasons, view.Designs, view.Shops, view.Printers, caller.Role is Role.Manufacturer or Role.Operator ? "on your printers" : caller.Role is Role.Oem ? "of your designs" : "on this engine",
        LinksDesigns: caller.Role is Role.Oem || caller.SeesEverything);

    private static IResult File(AnalyticsView view)
    {
        var text = new StringBuilder("week,printed,failed,stopped,refused,alerts\r\n");
        foreach (var week in view.Weeks)
        {
            text.Append(CultureInfo.InvariantCulture, $"{week.Week:yyyy-MM-dd},{week.Printed},{week.Failed},{week.Stopped},{week.Refused},{week.Alerts}\r\n");
        }

        return Results.File(Encoding.UTF8.GetBytes(text.ToString()), "text/csv; charset=utf-8", "touchmark-prints.csv");
    }
}

/// <summary>What was counted, and of whom.</summary>
public sealed record AnalyticsModel(
    IReadOnlyList<WeekCounts> Weeks, IReadOnlyList<ReasonCount> Reasons, IReadOnlyList<NamedCounts> Designs, IReadOnlyList<NamedCounts> Shops, IReadOnlyList<NamedCounts> Printers, string Whose, bool LinksDesigns)
{
    /// <summary>The numbers of weeks that can be looked at.</summary>
    public IReadOnlyList<int> Spans => PrintAnalytics.Spans;

    public bool IsEmpty => Weeks.All(week => week.Printed + week.Failed + week.Stopped + week.Refused + week.Alerts == 0);
}
