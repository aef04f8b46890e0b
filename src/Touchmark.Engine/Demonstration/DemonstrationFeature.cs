using System.Net;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Demonstration;

/// <summary>
/// The way in of a demonstration: whoever sits at this computer signs in as anybody by a click. It is there only in an engine that was started with <c>--demonstration</c>, see <see cref="DemonstrationGuard"/>,
/// and answers only what came over the loopback, without a proxy, to a name of the loopback: a name of somebody else that leads there is another site.
/// </summary>
internal static class DemonstrationFeature
{
    public const string Path = "/demonstration";

    public static void AddDemonstration(this IServiceCollection services, EngineOptions options)
    {
        if (options.Demonstration)
        {
            services.AddHostedService<DemonstrationGuard>();
        }
    }

    public static void MapDemonstration(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<EngineOptions>().Demonstration)
        {
            return;
        }

        var open = app.MapGroup("").ExcludeFromDescription().AddEndpointFilter(async (invocation, next) =>
            IsHere(invocation.HttpContext) ? await next(invocation) : Refusal.Forbidden("A demonstration is open only to whoever sits at its computer.", "Open it there, at its address on the loopback."));
        open.MapGet(Path, ShowAsync);
        open.MapPost(Path, InAsync).AsForm();
    }

    /// <summary>Whether a request comes from this computer, by a name that is this computer's.</summary>
    internal static bool IsHere(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote) && IsLoopback(http.Request.Host.Host)
        && !http.Request.Headers.ContainsKey("X-Forwarded-For") && !http.Request.Headers.ContainsKey("Forwarded");

    /// <summary>Whether a host's name means the loopback wherever it is looked up.</summary>
    internal static bool IsLoopback(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static async Task<IResult> ShowAsync(string? to, HttpContext http, AccountDirectory accounts, IAntiforgery antiforgery, CancellationToken cancel)
    {
        var people = await accounts.ListAsync(cancel);
        http.Response.Headers.CacheControl = "no-store";
        return new RazorComponentResult<DemonstrationPage>(new
        {
            Token = PagesFeature.Token(http, antiforgery),
            To = KeptForm.LocalPath(to),
            People = people.Where(person => person.DisabledAt is null).OrderBy(person => Order(person.Role)).ThenBy(person => person.CreatedAt)
                .Select(person => new DemonstrationPerson(person.Id, person.Name, person.Organisation, Is(person.Role), Does(person.Role))).ToList(),
        });
    }

    private static async Task<IResult> InAsync(HttpContext http, AccountDirectory accounts, TokenBook tokens, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        if (!Guid.TryParse(form["account"], out var id) || await accounts.FindAsync(id, cancel) is not { DisabledAt: null } account)
        {
            return Results.Redirect(Path);
        }

        await PageSession.StartAsync(http, tokens, account, cancel);
        return Results.Redirect(KeptForm.LocalPath(form["to"]));
    }

    private static int Order(Role role) => role switch { Role.Oem => 0, Role.Manufacturer => 1, Role.Operator => 2, Role.Custodian => 3, Role.Auditor => 4, _ => 5 };

    private static string Is(Role role) => role switch { Role.Oem => "Owner of designs", Role.Manufacturer => "Print shop", _ => role.ToString() };

    private static string Does(Role role) => role switch
    {
        Role.Oem => "Owns designs, grants licences, watches what is made of them, and takes licences back.",
        Role.Manufacturer => "Enrols printers, finds what it may print, prints it, and hands out parts with their certificates.",
        Role.Operator => "Works at the printers: orders prints, watches them, stops them.",
        Role.Auditor => "Reads everything, changes nothing.",
        Role.Admin => "Makes accounts, looks after the engine, and reads everything.",
        Role.Custodian => "Has to do with parts, and looks up those whose ids it knows.",
        _ => "",
    };
}

/// <summary>Somebody to sign in as.</summary>
public sealed record DemonstrationPerson(Guid Id, string Name, string Organisation, string Role, string Does);
