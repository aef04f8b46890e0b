namespace Touchmark.Engine.Pages;

/// <summary>Light or dark, as somebody chose in this browser; without a choice it is as their system has it. A cookie, so that the first line of the page knows it and no script has to.</summary>
internal static class Theme
{
    private const string Cookie = "touchmark-theme";

    private static readonly string[] Choices = ["light", "dark"];

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    /// <summary>The choice; null for the system's.</summary>
    public static string? Of(HttpContext? http) => http?.Request.Cookies[Cookie] is { } chosen && Choices.Contains(chosen) ? chosen : null;

    public static void MapTheme(this WebApplication app) => app.MapPagesFor().MapPost("/account/theme", async (HttpContext http, CancellationToken cancel) =>
    {
        var chosen = (await http.Request.ReadFormAsync(cancel))["theme"].ToString();
        if (Choices.Contains(chosen))
        {
            http.Response.Cookies.Append(Cookie, chosen, new CookieOptions { HttpOnly = true, Secure = http.Request.IsHttps, SameSite = SameSiteMode.Lax, MaxAge = Lifetime, IsEssential = true });
        }
        else
        {
            http.Response.Cookies.Delete(Cookie);
        }

        return Results.Redirect("/account");
    }).AsForm().WithMetadata(Accounts.OpenToUnfinished.Mark);
}
