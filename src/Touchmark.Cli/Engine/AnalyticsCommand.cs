using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark analytics</c>.</summary>
internal static class AnalyticsCommand
{
    public static Command Create()
    {
        var weeks = new Option<int?>("--weeks") { Description = "How many weeks, with the one that goes on: 4, 13, 26, 52 or 104; 26 without this option." };
        return Arguments.Asking("analytics", "Count prints, refusals and alerts by week and by reason: of your designs, or on your printers.",
            (engine, parsed, cancel) => engine.GetAsync("/api/analytics" + (parsed.GetValue(weeks) is { } many ? $"?weeks={many}" : ""), cancel), counted =>
            {
                Screen.Table(counted.GetProperty("weeks"), "Nothing was counted.", new("Week", "week"), new("Printed", "printed"), new("Failed", "failed"), new("Stopped", "stopped"), new("Refused", "refused"), new("Alerts", "alerts"));
                Screen.Table(counted.GetProperty("reasons"), "Nothing failed, was refused or noticed.", new("Code", "code"), new("Outcome", "outcome"), new("Times", "count"));
            }, weeks);
    }
}
