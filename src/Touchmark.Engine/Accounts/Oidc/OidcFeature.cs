using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;
using Touchmark.Engine.Pages;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts.Oidc;

/// <summary>Sign-in by an identity provider, where the engine was told one. Only a browser can go there.</summary>
internal static class OidcFeature
{
    /// <summary>The longest answer of the provider, bytes.</summary>
    private const int LongestAnswer = 256 * 1024;

    public static void AddOidc(this IServiceCollection services, AuthenticationBuilder authentication, EngineOptions options)
    {
        services.AddSingleton<ProviderIdentities>();
        services.AddSingleton<OidcDesk>();
        if (options.IdentityProvider is not { } provider)
        {
            return;
        }

        var secret = provider.ReadSecret();
        authentication.AddOAuth<OAuthOptions, OidcHandler>(OidcHandler.Name, oauth =>
        {
            oauth.AuthorizationEndpoint = provider.Authorize.AbsoluteUri;
            oauth.TokenEndpoint = provider.Token.AbsoluteUri;
            (oauth.ClientId, oauth.ClientSecret) = (provider.ClientId, secret);
            oauth.CallbackPath = OidcHandler.Callback;
            oauth.UsePkce = true;
            oauth.Scope.Add("openid");
            oauth.Scope.Add("email");
            // It comes back by a link, as a page of ours is come to by any other; the session of who links their account comes along in the same way.
            oauth.CorrelationCookie.Name = "touchmark-oidc.";
            oauth.CorrelationCookie.SameSite = SameSiteMode.Lax;
            oauth.CorrelationCookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            oauth.RemoteAuthenticationTimeout = OidcDesk.Lifetime;
            // It says when the browser drops that cookie, and the browser's clock is no other.
            oauth.TimeProvider = TimeProvider.System;
            // One address, told by whoever runs the engine, and followed nowhere else.
            oauth.Backchannel = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = LongestAnswer };
            // Nothing signs in by this scheme: what arrives is handled in the event.
            oauth.SignInScheme = TokenAuthentication.Pages;
            oauth.Events.OnTicketReceived = context => Desk(context.HttpContext).ArrivedAsync(context);
            oauth.Events.OnRemoteFailure = context => Desk(context.HttpContext).FailedAsync(context);
        });
    }

    public static void MapOidc(this WebApplication app)
    {
        var own = app.MapGroup("/api/me/identity").ForAnyRole();
        own.MapGet("", async (Caller caller, ProviderIdentities identities, CancellationToken cancel) =>
            await identities.FindAsync(caller.AccountId, cancel) is { } identity ? Results.Ok(identity) : NotLinked()).Produces<ProviderIdentityView>()
            .WithSummary("Show who you are at the identity provider by which you sign in. A browser links it, on the page of your account.");
        own.MapPost("/remove", async (SecondFactors.PasswordAgain request, HttpContext http, Caller caller, OidcDesk desk, CancellationToken cancel) =>
            (await desk.UnlinkAsync(request.CurrentPassword, TokenAuthentication.Bearer(http.Request)!, http, caller, cancel)).ToResult(_ => Results.NoContent())).Produces(StatusCodes.Status204NoContent)
            .WithSummary("End the link with the identity provider, for your password; every other token of yours ends.");
        app.MapPost("/api/accounts/{id:guid}/remove-identity", async (Guid id, Caller caller, ProviderIdentities identities, CancellationToken cancel) =>
            (await identities.RemoveOfAsync(id, caller, cancel)).ToResult(Results.Ok)).For(Role.Admin).Produces<AccountView>()
            .WithSummary("End somebody's link with the identity provider, and sign them out everywhere.");
        if (app.Services.GetRequiredService<EngineOptions>().IdentityProvider is not { } provider)
        {
            return;
        }

        // Links and not forms lead there: what a form sends may lead to our own pages alone (form-action).
        app.MapGroup("").ExcludeFromDescription().MapGet("/sign-in/oidc", (string? to, OidcDesk desk) => desk.SendToSignIn(to));
        var pages = app.MapPagesFor();
        pages.MapPost("/account/provider/link", async (Visit visit, HttpContext http, OwnPassword password, OidcDesk desk, OwnAccountDesk account, CancellationToken cancel) =>
            await password.CheckAsync((await http.Request.ReadFormAsync(cancel))["password"].ToString(), http, visit.Caller, cancel) is { } refusal
                ? await account.ShowAsync(visit, http, cancel, refusal) : visit.Show<OidcGoPage>(new OidcGoModel(provider.Name, $"/account/provider/go?ticket={desk.Ticket(visit.Caller)}"))).AsForm();
        pages.MapGet("/account/provider/go", (string? ticket, Visit visit, OidcDesk desk) => desk.SendToLink(ticket ?? "", visit));
        pages.MapPost("/account/provider/unlink", async (Visit visit, HttpContext http, OidcDesk desk, OwnAccountDesk account, CancellationToken cancel) =>
            (await desk.UnlinkAsync((await http.Request.ReadFormAsync(cancel))["password"].ToString(), http.Request.Cookies[TokenAuthentication.Cookie]!, http, visit.Caller, cancel)).Has(out _, out var refusal)
                ? Results.Redirect("/account#provider") : await account.ShowAsync(visit, http, cancel, refusal)).AsForm();
        app.MapPagesFor(Role.Admin).MapPost("/accounts/{id:guid}/remove-identity", async (Guid id, Visit visit, ProviderIdentities identities, AccountDesk desk, CancellationToken cancel) =>
            await desk.DoneAsync(id, visit, await identities.RemoveOfAsync(id, visit.Caller, cancel), cancel)).AsForm();
    }

    private static OidcDesk Desk(HttpContext http) => http.RequestServices.GetRequiredService<OidcDesk>();

    private static Refusal NotLinked() => Refusal.NotFound("Your account is not linked with an identity provider.", "Link it on the page /account, where the engine knows one.");
}
