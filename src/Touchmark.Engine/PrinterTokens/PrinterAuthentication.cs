using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Touchmark.Engine.Accounts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.PrinterTokens;

/// <summary>Signs a request in by the token of a printer, and says in its own words why not.</summary>
internal sealed class PrinterAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, PrinterTokenDesk tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    public const string Printers = "printers";

    /// <summary>Printers and people: whose token it is decides which rules hold.</summary>
    public const string PrintersAndPeople = "printers-and-people";

    // There is one handler a request, which reads the token and then answers for it.
    private Refusal refusal = new(StatusCodes.Status401Unauthorized, "UNAUTHENTICATED", "This request needs the token of a printer.", "Get one from POST /api/printer-tokens and send it as 'Authorization: Bearer …'.");

    /// <summary>The scheme that reads the token of this request.</summary>
    public static string SchemeOf(HttpContext context) => TokenAuthentication.Bearer(context.Request) is { } token && PrinterTokenDesk.LooksLikeOne(token) ? Printers : TokenAuthentication.Api;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (TokenAuthentication.Bearer(Request) is not { Length: > 0 } token)
        {
            return AuthenticateResult.NoResult();
        }

        if (!(await tokens.ReadAsync(token, Context.RequestAborted)).Has(out var caller, out var why))
        {
            refusal = why;
            return AuthenticateResult.Fail(why.Text);
        }

        Context.Features.Set(caller);
        return AuthenticateResult.Success(new AuthenticationTicket(PrinterCaller.ToPrincipal(Scheme.Name), Scheme.Name));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        return refusal.ExecuteAsync(Context);
    }
}
