using Touchmark.Engine.Accounts.Oidc;
using Touchmark.Engine.Accounts.SecondFactors;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>The people of the engine: who they are, what they may do, and where they are signed in. Admins change it, auditors read it.</summary>
internal static class AccountPages
{
    private const int Rows = 50;

    public static void MapAccountPages(this WebApplication app)
    {
        var readers = app.MapPagesFor(Role.Admin, Role.Auditor);
        readers.MapGet("/accounts", ListAsync);
        readers.MapGet("/accounts/{id:guid}", (Guid id, Visit visit, AccountDesk desk, CancellationToken cancel) => desk.ShowAsync(id, visit, cancel));
        var admins = app.MapPagesFor(Role.Admin);
        admins.MapGet("/accounts/new", (string? role, Visit visit, AccountDesk desk, CancellationToken cancel) => desk.NewAsync(visit, new("", "", "", role ?? ""), null, cancel));
        admins.MapPost("/accounts/new", CreateAsync).AsForm();
        admins.MapPost("/accounts/{id:guid}/role", async (Guid id, HttpContext http, Visit visit, AccountAdministration accounts, AccountDesk desk, CancellationToken cancel) =>
            Enum.TryParse<Role>((await http.Request.ReadFormAsync(cancel))["role"], ignoreCase: true, out var role) && Enum.IsDefined(role)
                ? await desk.DoneAsync(id, visit, await accounts.ChangeRoleAsync(id, role, visit.Caller, cancel), cancel)
                : await desk.ShowAsync(id, visit, cancel, Refusal.Invalid("ROLE_MISSING", "There is no such role.", "Choose one of the list."))).AsForm();
        admins.MapPost("/accounts/{id:guid}/disable", async (Guid id, Visit visit, AccountAdministration accounts, AccountDesk desk, CancellationToken cancel) =>
            await desk.DoneAsync(id, visit, await accounts.DisableAsync(id, visit.Caller, cancel), cancel)).AsForm();
        admins.MapPost("/accounts/{id:guid}/enable", async (Guid id, Visit visit, AccountAdministration accounts, AccountDesk desk, CancellationToken cancel) =>
            await desk.DoneAsync(id, visit, await accounts.EnableAsync(id, visit.Caller, cancel), cancel)).AsForm();
        admins.MapPost("/accounts/{id:guid}/sign-out", async (Guid id, Visit visit, AccountAdministration accounts, AccountDesk desk, CancellationToken cancel) =>
            await desk.DoneAsync(id, visit, await accounts.RevokeTokensAsync(id, visit.Caller, cancel), cancel)).AsForm();
        admins.MapPost("/accounts/{id:guid}/reset-password", async (Guid id, Visit visit, AccountAdministration accounts, AccountDesk desk, CancellationToken cancel) =>
            (await accounts.ResetPasswordAsync(id, visit.Caller, cancel)).Has(out var reset, out var refusal) ? await desk.ShowAsync(id, visit, cancel, password: reset.Password) : await desk.ShowAsync(id, visit, cancel, refusal)).AsForm();
        admins.MapPost("/accounts/{id:guid}/remove-second-factor", async (Guid id, Visit visit, SecondFactorDesk factors, AccountDesk desk, CancellationToken cancel) =>
            await desk.DoneAsync(id, visit, await factors.RemoveOfAsync(id, visit.Caller, cancel), cancel)).AsForm();
        admins.MapPost("/accounts/second-factor-roles", async (HttpContext http, Visit visit, SecondFactorRules rules, CancellationToken cancel) =>
        {
            var typed = (await http.Request.ReadFormAsync(cancel))["role"];
            return (await rules.SetAsync([.. typed.Select(name => Enum.TryParse<Role>(name, ignoreCase: true, out var role) ? role : default)], visit.Caller, cancel)).Has(out _, out var refusal)
                ? Results.Redirect("/accounts#second-factor") : visit.Refuse(refusal);
        }).AsForm();
        admins.MapPost("/accounts/{id:guid}/sessions/{token}/end", async (Guid id, string token, Visit visit, AccountAdministration accounts, AccountDesk desk, CancellationToken cancel) =>
            await desk.DoneAsync(id, visit, await accounts.RevokeTokenAsync(id, token, visit.Caller, cancel), cancel)).AsForm();
    }

    private static async Task<IResult> ListAsync(string? q, Guid? before, Visit visit, AccountDirectory accounts, SecondFactorRules rules, CancellationToken cancel)
    {
        var search = q?.Trim() ?? "";
        var rows = await accounts.SearchAsync(search, before, Rows + 1, cancel);
        var organisations = await accounts.ListOrganisationsAsync(cancel);
        var needing = await rules.ListAsync(cancel);
        var query = search.Length > 0 ? $"q={Uri.EscapeDataString(search)}&" : "";
        return visit.Show<AccountsPage>(new AccountsModel(
            [.. rows.Take(Rows).Select(AccountRow.Of)], [.. organisations.Select(one => new OrganisationRow(one.Name, one.Accounts, one.CreatedAt))], [.. Enum.GetValues<Role>().Select(role => new RoleChoice(role.ToString().ToLowerInvariant(), needing.Contains(role)))], search, visit.Caller.Role == Role.Admin,
            before is null ? null : $"/accounts?{query}", rows.Count > Rows ? $"/accounts?{query}before={rows[Rows - 1].Id:D}" : null));
    }

    // The first password is ours, so that no admin makes one up, and temporary, so that none goes on knowing it.
    private static async Task<IResult> CreateAsync(HttpContext http, Visit visit, AccountDirectory accounts, AccountDesk desk, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var typed = new AccountFields(form["email"].ToString(), form["name"].ToString(), form["organisation"].ToString(), form["role"].ToString());
        var password = OneTimeCode.Create().Shown;
        Role? role = Enum.TryParse<Role>(typed.Role, ignoreCase: true, out var chosen) && Enum.IsDefined(chosen) ? chosen : null;
        return (await accounts.CreateAsync(new NewAccount(typed.Email, password, typed.Name, typed.Organisation, role, Temporary: true), visit.Caller, cancel)).Has(out var account, out var refusal)
            ? await desk.ShowAsync(account.Id, visit, cancel, password: password) : await desk.NewAsync(visit, typed, refusal, cancel);
    }
}

/// <summary>Shows one account.</summary>
internal sealed class AccountDesk(AccountDirectory accounts, TokenBook tokens, SecondFactorBook factors, ProviderIdentities identities)
{
    public async Task<IResult> ShowAsync(Guid id, Visit visit, CancellationToken cancel, Refusal? refusal = null, string? password = null)
    {
        if (await accounts.FindAsync(id, cancel) is not { } account)
        {
            return visit.Refuse(Refusal.NotFound("account"));
        }

        var isAdmin = visit.Caller.Role == Role.Admin;
        var second = await factors.FindAsync(id, cancel);
        return visit.Show<AccountPage>(new AccountModel(
            AccountRow.Of(account), account.Id == visit.Caller.AccountId, isAdmin, second.TotpSince, second.Passkeys, (await identities.FindAsync(id, cancel))?.LinkedAt, isAdmin ? SessionRow.Of(await tokens.ListAsync(id, null, cancel)) : [], Names, password), refusal);
    }

    /// <summary>The page of an account after something was done to it.</summary>
    public async Task<IResult> DoneAsync<T>(Guid id, Visit visit, Outcome<T> outcome, CancellationToken cancel) =>
        outcome.Has(out _, out var refusal) ? Results.Redirect($"/accounts/{id:D}") : await ShowAsync(id, visit, cancel, refusal);

    public async Task<IResult> NewAsync(Visit visit, AccountFields typed, Refusal? refusal, CancellationToken cancel) =>
        visit.Show<NewAccountPage>(new NewAccountModel(typed, Names, [.. (await accounts.ListOrganisationsAsync(cancel)).Select(one => one.Name)]), refusal);

    private static IReadOnlyList<string> Names => [.. Enum.GetNames<Role>().Select(name => name.ToLowerInvariant())];
}

/// <summary>An account in a list.</summary>
public sealed record AccountRow(Guid Id, string Name, string Email, string Role, string Organisation, string State, string Tone, DateTimeOffset CreatedAt)
{
    internal static AccountRow Of(AccountView account)
    {
        var (state, tone) = account switch
        {
            { DisabledAt: not null } => ("disabled", "bad"),
            { PasswordTemporary: true } => ("temporary password", "caution"),
            _ => ("active", "good"),
        };
        return new(account.Id, account.Name, account.Email, account.Role.ToString().ToLowerInvariant(), account.Organisation, state, tone, account.CreatedAt);
    }
}

/// <summary>An organisation, and how many may sign in for it.</summary>
public sealed record OrganisationRow(string Name, long Accounts, DateTimeOffset CreatedAt);

/// <summary>A page of the list.</summary>
public sealed record AccountsModel(IReadOnlyList<AccountRow> Rows, IReadOnlyList<OrganisationRow> Organisations, IReadOnlyList<RoleChoice> Roles, string Search, bool CanAdd, string? Newer, string? Older);

/// <summary>A role, and whether its accounts need a second factor.</summary>
public sealed record RoleChoice(string Name, bool NeedsSecondFactor);

/// <summary>What was typed of a new account.</summary>
public sealed record AccountFields(string Email, string Name, string Organisation, string Role);

/// <summary>The form of a new account.</summary>
public sealed record NewAccountModel(AccountFields Typed, IReadOnlyList<string> Roles, IReadOnlyList<string> Organisations);

/// <summary>An account; <paramref name="Password"/> is one that was made just now.</summary>
public sealed record AccountModel(AccountRow Row, bool IsOwn, bool CanChange, DateTimeOffset? AppSince, long Passkeys, DateTimeOffset? LinkedSince, IReadOnlyList<SessionRow> Sessions, IReadOnlyList<string> Roles, string? Password);
