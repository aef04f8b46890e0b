using Touchmark.Engine.Accounts;

namespace Touchmark.Engine.Pages;

/// <summary>Signs a browser in. Whichever way somebody proved who they are, they get a new token, and the one that their browser had before ends.</summary>
internal static class PageSession
{
    public static async Task StartAsync(HttpContext http, TokenBook tokens, AccountView account, CancellationToken cancel)
    {
        if (http.Request.Cookies[TokenAuthentication.Cookie] is { Length: > 0 } before)
        {
            await tokens.RevokeAsync(before, cancel);
        }

        var token = await tokens.IssueAsync(account.Id, Origin.Of(http), cancel);
        http.Response.Cookies.Append(TokenAuthentication.Cookie, token.Token, new CookieOptions
        {
            HttpOnly = true,
            Secure = http.Request.IsHttps,
            SameSite = SameSiteMode.Lax,
            // An age and not a time: a browser whose clock is wrong by a day keeps it as long as any other.
            MaxAge = TokenBook.Lifetime,
            IsEssential = true,
        });

        // The token of a form in this answer belongs to whoever is signed in from now on.
        http.User = new Caller(account.Id, account.OrganisationId, account.Role).ToPrincipal(TokenAuthentication.Pages);
    }
}
