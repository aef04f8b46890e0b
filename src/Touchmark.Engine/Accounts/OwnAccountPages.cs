using Touchmark.Engine.Pages;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>What people see and change of their own account: the password, and where they are signed in.</summary>
internal static class OwnAccountPages
{
    public static void MapOwnAccountPages(this WebApplication app)
    {
        var pages = app.MapPagesFor();
        pages.MapGet("/account", (Visit visit, HttpContext http, TokenBook tokens, CancellationToken cancel) => ShowAsync(visit, http, tokens, null, cancel)).WithMetadata(OpenToUnfinished.Mark);
        pages.MapForm("/account/password", ChangePasswordAsync).WithMetadata(OpenToUnfinished.Mark);
        pages.MapForm("/account/sessions/{id}/end", async (string id, Visit visit, HttpContext http, AccountAdministration accounts, TokenBook tokens, CancellationToken cancel) =>
            (await accounts.RevokeTokenAsync(visit.Caller.AccountId, id, visit.Caller, cancel)).Has(out _, out var refusal) ? Results.Redirect("/account#sessions") : await ShowAsync(visit, http, tokens, refusal, cancel));
    }

    private static async Task<IResult> ChangePasswordAsync(HttpContext http, Visit visit, OwnPassword password, TokenBook tokens, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var request = new PasswordChange(form["password"].ToString(), form["new-password"].ToString());
        if (request.NewPassword != form["new-password-again"])
        {
            return await ShowAsync(visit, http, tokens, Refusal.Invalid("PASSWORDS_DIFFER", "The new password was typed in two ways.", "Type the same one twice."), cancel);
        }

        return (await password.ChangeAsync(request, http.Request.Cookies[TokenAuthentication.Cookie]!, http, visit.Caller, cancel)).Has(out _, out var refusal)
            ? Results.Redirect("/account?changed=password") : await ShowAsync(visit, http, tokens, refusal, cancel);
    }

    private static async Task<IResult> ShowAsync(Visit visit, HttpContext http, TokenBook tokens, Refusal? refusal, CancellationToken cancel) => visit.Show<OwnAccountPage>(new OwnAccountModel(
        visit.Account.Email, visit.Account.PasswordTemporary, http.Request.Query["changed"] == "password",
        SessionRow.Of(await tokens.ListAsync(visit.Caller.AccountId, http.Request.Cookies[TokenAuthentication.Cookie], cancel))), refusal);
}

/// <summary>Somebody's own account.</summary>
public sealed record OwnAccountModel(string Email, bool PasswordTemporary, bool PasswordChanged, IReadOnlyList<SessionRow> Sessions);

/// <summary>A place at which somebody is signed in.</summary>
public sealed record SessionRow(string Id, string Client, string Place, DateTimeOffset Since, DateTimeOffset Used, bool IsHere)
{
    internal static IReadOnlyList<SessionRow> Of(IReadOnlyList<HeldToken> tokens) => [.. tokens.Select(token => new SessionRow(token.Id, token.Client, token.Place, token.CreatedAt, token.UsedAt, token.Current))];
}
