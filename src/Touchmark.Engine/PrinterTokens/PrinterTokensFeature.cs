using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Printers;

namespace Touchmark.Engine.PrinterTokens;

/// <summary>Tokens of printers: who is one, and how a gateway gets its own.</summary>
internal static class PrinterTokensFeature
{
    public static void AddPrinterTokens(this IServiceCollection services)
    {
        services.AddSingleton<PrinterTokenDesk>();
        services.AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, PrinterAuthentication>(PrinterAuthentication.Printers, null)
            .AddPolicyScheme(PrinterAuthentication.PrintersAndPeople, null, scheme => scheme.ForwardDefaultSelector = PrinterAuthentication.SchemeOf);
    }

    public static void MapPrinterTokens(this WebApplication app)
    {
        app.MapPost("/api/printer-tokens", async (PrinterTokenRequest request, HttpContext context, PrinterTokenDesk tokens, EnrolmentAttempts attempts, CancellationToken cancel) =>
            attempts.Begin(context) is { } refusal ? refusal
                : (await tokens.IssueAsync(request, cancel)).ToResult(token =>
                {
                    attempts.Succeed(context);
                    return Results.Created((string?)null, token);
                })).Produces<IssuedToken>(StatusCodes.Status201Created)
            .WithSummary("Get a printer's token (called by the gateway): authenticated by the device key of its enrolment.");
        app.MapPost("/api/refresh-printer-token", (PrinterCaller caller, PrinterTokenDesk tokens) => tokens.Issue(caller.Printer.Id)).ForPrinters()
            .WithSummary("Get a new printer's token for one that is still valid.");
    }

    /// <summary>Demands the token of a printer, and takes nobody else's.</summary>
    public static TBuilder ForPrinters<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(new AuthorizationPolicyBuilder(PrinterAuthentication.Printers).RequireAuthenticatedUser().Build());

    /// <summary>Demands the token of a printer, or of an account with one of these roles: the endpoint takes both callers, of which one is null.</summary>
    public static TBuilder ForPrintersOr<TBuilder>(this TBuilder endpoint, params Role[] roles)
        where TBuilder : IEndpointConventionBuilder => endpoint.RequireAuthorization(
            new AuthorizationPolicyBuilder(PrinterAuthentication.PrintersAndPeople).RequireRole([PrinterCaller.Role, .. roles.Select(role => role.ToString())]).Build());
}
