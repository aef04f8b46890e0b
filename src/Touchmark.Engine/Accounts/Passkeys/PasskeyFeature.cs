using Touchmark.Engine.Accounts.SecondFactors;
using Touchmark.Engine.Pages;

namespace Touchmark.Engine.Accounts.Passkeys;

/// <summary>Passkeys by API and page. Only a browser can add one or sign in by one: the device signs for the address of a page.</summary>
internal static class PasskeyFeature
{
    public static void AddPasskeys(this IServiceCollection services)
    {
        services.AddSingleton<PasskeyBook>();
        services.AddSingleton<PasskeyUsers>();
        services.AddSingleton<PasskeyCeremony>();
        services.AddSingleton<PasskeyChallenges>();
        services.AddSingleton<PasskeyDesk>();
    }

    public static void MapPasskeys(this WebApplication app)
    {
        var own = app.MapGroup("/api/me/passkeys").ForAnyRole();
        own.MapGet("", (Caller caller, PasskeyBook book, CancellationToken cancel) => book.ListAsync(caller.AccountId, cancel)).WithSummary("List your passkeys. A browser adds them, on the page of your account.");
        own.MapPut("/{id:guid}/name", async (Guid id, PasskeyName request, Caller caller, PasskeyDesk desk, CancellationToken cancel) =>
            (await desk.RenameAsync(id, request.Name, caller, cancel)).ToResult(_ => Results.NoContent())).Produces(StatusCodes.Status204NoContent)
            .WithSummary("Give one of your passkeys another name, of at most 60 characters.");
        own.MapPost("/{id:guid}/remove", async (Guid id, PasswordAgain request, HttpContext http, Caller caller, PasskeyDesk desk, CancellationToken cancel) =>
            (await desk.RemoveAsync(id, request.CurrentPassword, TokenAuthentication.Bearer(http.Request)!, http, caller, cancel)).ToResult(_ => Results.NoContent())).Produces(StatusCodes.Status204NoContent)
            .WithSummary("Remove one of your passkeys, for your password; every other token of yours ends.");
        app.MapGet("/api/accounts/{id:guid}/passkeys", (Guid id, PasskeyBook book, CancellationToken cancel) => book.ListAsync(id, cancel)).For(Role.Admin)
            .WithSummary("List the passkeys of an account. They are removed with its second factor.");

        var pages = app.MapPagesFor();
        pages.MapPost("/account/passkeys/begin", async (Visit visit, HttpContext http, PasskeyDesk desk, CancellationToken cancel) =>
        {
            var form = await http.Request.ReadFormAsync(cancel);
            return (await desk.BeginAddingAsync(form["name"].ToString(), form["password"].ToString(), http, visit.Caller, cancel)).ToResult(options => Results.Text(options, "application/json"));
        }).AsForm().WithMetadata(OpenToUnfinished.Mark);
        pages.MapPost("/account/passkeys", async (Visit visit, HttpContext http, PasskeyDesk desk, OwnAccountDesk account, CancellationToken cancel) =>
        {
            var form = await http.Request.ReadFormAsync(cancel);
            return (await desk.AddAsync(form["name"].ToString(), form["password-credential"].ToString(), http.Request.Cookies[TokenAuthentication.Cookie]!, http, visit.Caller, cancel)).Has(out var added, out var refusal)
                ? added.Codes is { } codes ? await account.ShowAsync(visit, http, cancel, codes: codes) : Results.Redirect("/account#passkeys") : await account.ShowAsync(visit, http, cancel, refusal);
        }).AsForm().WithMetadata(OpenToUnfinished.Mark);
        pages.MapPost("/account/passkeys/rename", async (Visit visit, HttpContext http, PasskeyDesk desk, OwnAccountDesk account, CancellationToken cancel) =>
        {
            var form = await http.Request.ReadFormAsync(cancel);
            var (id, name) = (Guid.TryParseExact(form["passkey"], "D", out var known) ? known : default, form["new-name"].ToString());
            return (await desk.RenameAsync(id, name, visit.Caller, cancel)).Has(out _, out var refusal) ? Results.Redirect("/account#passkeys") : await account.ShowAsync(visit, http, cancel, refusal, renaming: new(id, name));
        }).AsForm();
        pages.MapPost("/account/passkeys/remove", async (Visit visit, HttpContext http, PasskeyDesk desk, OwnAccountDesk account, CancellationToken cancel) =>
        {
            var form = await http.Request.ReadFormAsync(cancel);
            return (await desk.RemoveAsync(Guid.TryParseExact(form["passkey"], "D", out var id) ? id : default, form["password"].ToString(), http.Request.Cookies[TokenAuthentication.Cookie]!, http, visit.Caller, cancel)).Has(out _, out var refusal)
                ? Results.Redirect("/account#passkeys") : await account.ShowAsync(visit, http, cancel, refusal);
        }).AsForm();
    }
}

/// <param name="Name">The new one.</param>
internal sealed record PasskeyName(string Name);
