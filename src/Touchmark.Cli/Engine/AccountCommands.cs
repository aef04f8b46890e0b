using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark account</c>.</summary>
internal static class AccountCommands
{
    private static readonly string[] Roles = ["oem", "manufacturer", "operator", "auditor", "admin", "custodian"];

    public static Command Create() => new("account", "Accounts of the engine (admins).")
    {
        CreateAccount(),
        Arguments.Asking("list", "List all accounts.", (engine, _, cancel) => engine.GetAsync("/api/accounts", cancel), accounts => Screen.Table(accounts, "There are no accounts.",
            new("E-mail", "email"), new("Name", "name"), new("Role", "role"), new("Organisation", "organisation"), new("Id", "id"))),
        Change("disable", "Lock an account out, with every token that it holds."),
        Change("enable", "Let a disabled account sign in again."),
        Change("sign-out", "Sign an account out everywhere."),
        ChangeRole(),
        ResetPassword(),
        ChangePassword(),
        Tokens(),
        RevokeToken(),
        Arguments.Asking("organisations", "List all organisations, and how many people of each may sign in.", (engine, _, cancel) => engine.GetAsync("/api/organisations/all", cancel),
            organisations => Screen.Table(organisations, "There are no organisations.", new("Name", "name"), new("Accounts", "accounts"), new("Since", "created_at"), new("Id", "id"))),
        Arguments.Asking("me", "Show the account that is signed in.", (engine, _, cancel) => engine.GetAsync("/api/me", cancel), Screen.Facts),
    };

    private static Command Change(string act, string description)
    {
        var id = Arguments.Id("account");
        return Arguments.Asking(act, description, (engine, parsed, cancel) => engine.PostAsync($"/api/accounts/{parsed.GetValue(id)}/{act}", null, cancel), Screen.Facts, id);
    }

    private static Command ChangeRole()
    {
        var id = Arguments.Id("account");
        var role = new Option<string>("--role") { Description = "oem, manufacturer, operator, auditor, admin or custodian.", Required = true };
        role.AcceptOnlyFromAmong(Roles);
        return Arguments.Asking("role", "Give an account another role.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/accounts/{parsed.GetValue(id)}/role", new { Role = parsed.GetValue(role) }, cancel), Screen.Facts, id, role);
    }

    private static Command ChangePassword()
    {
        var old = Arguments.PasswordFile();
        var next = new Option<FileInfo>("--new-password-file") { Description = "A file that holds the new password; its first line counts.", Required = true };
        return Arguments.Asking("password", "Change your password; you stay signed in here and nowhere else.", (engine, parsed, cancel) => engine.PostAsync(
            "/api/me/password", new { CurrentPassword = Arguments.ReadPassword(parsed.GetValue(old)!), NewPassword = Arguments.ReadPassword(parsed.GetValue(next)!) }, cancel), _ => Screen.Line("Changed."), old, next);
    }

    private static Command ResetPassword()
    {
        var id = Arguments.Id("account");
        return Arguments.Asking("reset-password", "Give an account a temporary password, shown once, and sign it out everywhere. Whoever signs in with it chooses another one first.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/accounts/{parsed.GetValue(id)}/reset-password", null, cancel), answer => Screen.Line(Screen.Text(answer, "password")), id);
    }

    /// <summary>Of which account; one's own where none is named.</summary>
    private static Option<Guid?> Of() => new("--account") { Description = "The id of somebody else's account (admins); yours without it." };

    private static string TokensOf(Guid? account) => account is { } id ? $"/api/accounts/{id}/tokens" : "/api/tokens";

    private static Command Tokens()
    {
        var of = Of();
        return Arguments.Asking("tokens", "List where an account is signed in.", (engine, parsed, cancel) => engine.GetAsync(TokensOf(parsed.GetValue(of)), cancel), tokens => Screen.Table(tokens, "There are no tokens.",
            new("Id", "id"), new("With", "client"), new("From", "place"), new("Since", "created_at"), new("Last used", "used_at"), new("Until", "expires_at"), new("This one", "current")), of);
    }

    private static Command RevokeToken()
    {
        var id = new Argument<string>("id") { Description = "The token's id, from the list." };
        var of = Of();
        var command = new Command("revoke-token", "Sign an account out at one of the places where it is signed in.") { id, of };
        command.SetAction(async (parsed, cancel) =>
        {
            using var engine = EngineClient.SignedIn();
            await engine.DeleteAsync($"{TokensOf(parsed.GetValue(of))}/{Uri.EscapeDataString(parsed.GetValue(id)!)}", cancel);
            Screen.Line("Ended.");
            return 0;
        });
        return command;
    }

    private static Command CreateAccount()
    {
        var email = new Option<string>("--email") { Description = "The new account's e-mail address.", Required = true };
        var name = new Option<string>("--name") { Description = "The person's name.", Required = true };
        var organisation = new Option<string>("--organisation") { Description = "The organisation; it comes into being with its first account.", Required = true };
        var role = new Option<string>("--role") { Description = "oem, manufacturer, operator, auditor, admin or custodian.", Required = true };
        role.AcceptOnlyFromAmong(Roles);
        var password = Arguments.PasswordFile();
        var temporary = new Option<bool>("--temporary") { Description = "Whoever signs in with this password chooses another one first." };
        var engineAddress = new Option<Uri>("--engine") { Description = "The engine's address, for the very first account only.", CustomParser = Arguments.EngineAddress };
        var setupToken = new Option<FileInfo>("--setup-token-file") { Description = "The file setup-token in the engine's data folder, for the very first account only." };
        var command = new Command("create", "Make an account: the first one, an admin, with the engine's setup token; every other one as an admin.")
        {
            email, name, organisation, role, password, temporary, engineAddress, setupToken,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            var first = parsed.GetValue(setupToken) is { } file ? Arguments.ReadPassword(file).Trim() : null;
            if (first is not null && parsed.GetValue(engineAddress) is null)
            {
                throw new CliFailure("the first account needs the engine's address too.", "add --engine http://HOST:PORT", exitCode: 2);
            }

            using var engine = first is null ? EngineClient.SignedIn() : new EngineClient(parsed.GetValue(engineAddress)!);
            var account = await engine.PostAsync("/api/accounts", new
            {
                SetupToken = first,
                Email = parsed.GetValue(email),
                Password = Arguments.ReadPassword(parsed.GetValue(password)!),
                Name = parsed.GetValue(name),
                Role = parsed.GetValue(role),
                Organisation = parsed.GetValue(organisation),
                Temporary = parsed.GetValue(temporary),
            }, cancel);
            Screen.Line($"Made the account {Screen.Text(account, "email")} ({Screen.Text(account, "role")}).");
            return 0;
        });
        return command;
    }
}
