using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;
using Touchmark.Engine.Accounts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Pages;

/// <summary>Somebody who is signed in and looks at a page. An endpoint of <see cref="PageRoutes"/> takes it as a parameter.</summary>
internal sealed class Visit(HttpContext http, Caller caller, AccountView account, PageToken token)
{
    public Caller Caller => caller;

    public AccountView Account => account;

    /// <summary>The engine's address, as this browser asks for it.</summary>
    public string Address => $"{http.Request.Scheme}://{http.Request.Host}";

    public static async ValueTask<Visit?> BindAsync(HttpContext http)
    {
        if (Caller.From(http.User) is not { } caller)
        {
            return null;
        }

        var services = http.RequestServices;
        var account = await services.GetRequiredService<AccountDirectory>().FindAsync(caller.AccountId, http.RequestAborted);
        return account is null ? null : new Visit(http, caller, account, PagesFeature.Token(http, services.GetRequiredService<IAntiforgery>()));
    }

    /// <summary>A page: a component with the parameters <c>Shell</c> and <c>Model</c>.</summary>
    public IResult Show<TPage>(object model, Refusal? refusal = null)
        where TPage : IComponent
    {
        http.Response.Headers.CacheControl = "no-store";
        return new RazorComponentResult<TPage>(new Dictionary<string, object?> { ["Shell"] = Shell(), ["Model"] = model, ["Problem"] = PageProblem.Of(refusal) })
        {
            StatusCode = refusal?.Status ?? StatusCodes.Status200OK,
        };
    }

    /// <summary>The page of something that is not there, or that does not concern whoever asks.</summary>
    public IResult Refuse(Refusal refusal) => new RazorComponentResult<RefusalPage>(new Dictionary<string, object?> { ["Shell"] = Shell(), ["Problem"] = PageProblem.Of(refusal) }) { StatusCode = refusal.Status };

    private Shell Shell() => new(account.Name, account.Organisation, account.Role.ToString().ToLowerInvariant(), token, Navigation.For(caller.Role, http.Request.Path), http.RequestServices.GetRequiredService<EngineOptions>().Demonstration);
}
