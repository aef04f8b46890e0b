using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark account</c>.</summary>
internal static class AccountCommands
{
    private static readonly string[] Roles = ["oem", "manufacturer", "operator", "auditor", "admin"];

    public static Command Create() => new("account", "Accounts of the engine (admins).")
    {
        CreateAccount(),
        Arguments.Asking("list", "List all accounts.", (engine, _, cancel) => engine.GetAsync("/api/accounts", cancel), accounts => Screen.Table(accounts, "There are no accounts.",
            new("E-mail", "email"), new("Name", "name"), new("Role", "role"), new("Organisation", "organisation"), new("Id", "id"))),
        Arguments.Asking("me", "Show the account that is signed in.", (engine, _, cancel) => engine.GetAsync("/api/me", cancel), Screen.Facts),
    };

    private static Command CreateAccount()
    {
        var email = new Option<string>("--email") { Description = "The new account's e-mail address.", Required = true };
        var name = new Option<string>("--name") { Description = "The person's name.", Required = true };
        var organisation = new Option<string>("--organisation") { Description = "The organisation; it comes into being with its first account.", Required = true };
        var role = new Option<string>("--role") { Description = "oem, manufacturer, operator, auditor or admin.", Required = true };
        role.AcceptOnlyFromAmong(Roles);
        var password = Arguments.PasswordFile();
        var engineAddress = new Option<Uri>("--engine") { Description = "The engine's address, for the very first account only.", CustomParser = Arguments.EngineAddress };
        var setupToken = new Option<FileInfo>("--setup-token-file") { Description = "The file setup-token in the engine's data folder, for the very first account only." };
        var command = new Command("create", "Make an account: the first one, an admin, with the engine's setup token; every other one as an admin.")
        {
            email, name, organisation, role, password, engineAddress, setupToken,
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
            }, cancel);
            Screen.Line($"Made the account {Screen.Text(account, "email")} ({Screen.Text(account, "role")}).");
            return 0;
        });
        return command;
    }
}
