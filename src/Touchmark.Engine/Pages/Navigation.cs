using Touchmark.Engine.Accounts;

namespace Touchmark.Engine.Pages;

/// <summary>Which places a role has, in the order in which their work goes.</summary>
internal static class Navigation
{
    private static readonly Role[] Everyone = Enum.GetValues<Role>();
    private static readonly Role[] Shop = [Role.Manufacturer, Role.Operator];
    private static readonly Role[] Onlookers = [Role.Auditor, Role.Admin];

    private static readonly (string Path, string Name, string Icon, Role[] Roles)[] All =
    [
        ("/", "Overview", "overview", Everyone),
        ("/designs", "Designs", "design", [Role.Oem, .. Onlookers]),
        ("/catalogue", "Catalogue", "catalogue", Shop),
        ("/licences", "Licences", "licence", [Role.Oem, .. Shop, .. Onlookers]),
        ("/printers", "Printers", "printer", [.. Shop, .. Onlookers]),
        ("/jobs", "Prints", "print", [Role.Oem, .. Shop, .. Onlookers]),
        ("/certificates", "Certificates", "certificate", [Role.Oem, .. Shop, .. Onlookers]),
        ("/analytics", "Analytics", "analytics", [Role.Oem, .. Shop, .. Onlookers]),
        ("/accounts", "People", "people", Onlookers),
        ("/parts", "Parts", "part", [Role.Oem, .. Shop, .. Onlookers]),
        ("/recalls", "Recalls", "recall", [Role.Oem, .. Onlookers]),
        ("/search", "Search", "search", [Role.Oem, .. Shop, .. Onlookers]),
        ("/log", "Log", "log", Onlookers),
        ("/findings", "Findings", "finding", Onlookers),
        ("/regulators", "Regulators", "regulator", Onlookers),
        ("/audit", "Audit trail", "audit", Onlookers),
        ("/custody", "Parts that you have", "custody", Everyone),
        ("/system", "System", "system", Onlookers),
        ("/verify", "Check a part", "check", Everyone),
    ];

    public static IReadOnlyList<ShellPlace> For(Role role, PathString here) =>
        [.. All.Where(place => place.Roles.Contains(role)).Select(place => new ShellPlace(place.Path, place.Name, place.Icon, place.Path == "/" ? here == "/" : here.StartsWithSegments(place.Path, StringComparison.Ordinal)))];
}
