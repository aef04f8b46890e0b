using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Touchmark.Engine.Pages;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>
/// Signs a request in by its token: from the header for the API (<see cref="Api"/>), from the cookie for pages (<see cref="Pages"/>). The API never looks at the
/// cookie, so no other site can make a browser call it in somebody's name.
/// </summary>
internal sealed class TokenAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, TokenBook tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    public const string Api = "api";
    public const string Pages = "pages";

    /// <summary>Sent back over HTTPS only when it came over HTTPS: behind plain HTTP there is only the loopback.</summary>
    public const string Cookie = "touchmark";

    // There is one handler a request, which reads the token and then answers for it.
    private Unfinished unfinished;

    public static string? Bearer(HttpRequest request) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : null;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var token = Scheme.Name == Api ? Bearer(Request) : Request.Cookies[Cookie];
        if (string.IsNullOrEmpty(token))
        {
            return AuthenticateResult.NoResult();
        }

        if (await tokens.FindHolderAsync(token, Context.RequestAborted) is not { } holder)
        {
            return AuthenticateResult.Fail("The token is unknown or has expired.");
        }

        if (holder.Unfinished != Unfinished.Nothing && Context.GetEndpoint()?.Metadata.GetMetadata<OpenToUnfinished>() is null)
        {
            unfinished = holder.Unfinished;
            return AuthenticateResult.Fail("The session is not finished.");
        }

        return AuthenticateResult.Success(new AuthenticationTicket(holder.Caller.ToPrincipal(Scheme.Name), Scheme.Name));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (unfinished != Unfinished.Nothing)
        {
            return Scheme.Name == Api ? OpenToUnfinished.Refuse(unfinished).ExecuteAsync(Context) : Results.Redirect("/account").ExecuteAsync(Context);
        }

        if (Scheme.Name == Pages)
        {
            return SignInPages.ChallengeAsync(Context);
        }

        Response.Headers.WWWAuthenticate = "Bearer";
        if (Bearer(Request) is { } token && PrinterTokenDesk.LooksLikeOne(token))
        {
            return new Refusal(StatusCodes.Status403Forbidden, "TOKEN_NOT_A_PERSONS", "This is a printer's token, and only people may do this.", "Sign in: get a token from POST /api/tokens.").ExecuteAsync(Context);
        }

        Response.StatusCode = StatusCodes.Status401Unauthorized;
        return Task.CompletedTask;
    }

    protected override async Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        if (Scheme.Name == Pages && await Visit.BindAsync(Context) is { } visit)
        {
            await visit.Refuse(Refusal.Forbidden("Your account has another role than those who may do this.", "Ask an admin of your organisation.")).ExecuteAsync(Context);
            return;
        }

        await base.HandleForbiddenAsync(properties);
    }
}
