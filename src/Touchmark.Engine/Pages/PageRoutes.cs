using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Touchmark.Engine.Accounts;

namespace Touchmark.Engine.Pages;

/// <summary>How a feature puts pages up: for whom, and with which guards.</summary>
internal static class PageRoutes
{
    /// <summary>What a page's form may send, bytes: one field of 10,000 characters, each of which takes nine in a form, and what else there is.</summary>
    public static readonly RequestSizeLimitAttribute FormSize = new(128 * 1024);
    /// <inheritdoc cref="FormSize"/>
    public static readonly RequestFormLimitsAttribute FormLimits = new() { ValueCountLimit = 128, KeyLengthLimit = 128, ValueLengthLimit = 96 * 1024 };

    /// <summary>Pages of people who are signed in with one of these roles; of everybody who is signed in where none is named.</summary>
    public static RouteGroupBuilder MapPagesFor(this WebApplication app, params Role[] roles) => app.MapGroup("").ExcludeFromDescription()
        .RequireAuthorization(new AuthorizationPolicyBuilder(TokenAuthentication.Pages).RequireAuthenticatedUser()
            .RequireRole((roles is [] ? Enum.GetValues<Role>() : roles).Select(role => role.ToString())).Build());

    /// <summary>What a page's form is sent to. A form whose token is too old is shown again with everything that was typed; one that orders something does it once.</summary>
    public static RouteHandlerBuilder AsForm(this RouteHandlerBuilder route) => route.WithMetadata(FormSize, FormLimits).DisableAntiforgery()
        .AddEndpointFilter(async (invocation, next) =>
        {
            var http = invocation.HttpContext;
            return await http.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(http) ? await http.RequestServices.GetRequiredService<SentOnce>().RunAsync(invocation, next) : await KeptForm.AskAgainAsync(http);
        });
}
