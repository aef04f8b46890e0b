using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark passkey</c>.</summary>
internal static class PasskeyCommands
{
    public static Command Create() => new("passkey", "Passkeys, by which you sign in at the engine's pages. A browser adds them.") { List(), Rename(), Remove() };

    private static Command List()
    {
        var of = new Option<Guid?>("--account") { Description = "The id of somebody else's account (admins); yours without it. Removed they are by second-factor remove-of." };
        return Arguments.Asking("list", "List your passkeys.", (engine, parsed, cancel) => engine.GetAsync(parsed.GetValue(of) is { } id ? $"/api/accounts/{id}/passkeys" : "/api/me/passkeys", cancel),
            passkeys => Screen.Table(passkeys, "There are no passkeys.", new("Name", "name"), new("Added", "created_at"), new("Last used", "used_at"), new("Id", "id")), of);
    }

    private static Command Rename()
    {
        var id = Arguments.Id("passkey");
        var name = new Argument<string>("name") { Description = "The new name, at most 60 characters." };
        return Arguments.Asking("rename", "Give one of your passkeys another name.",
            (engine, parsed, cancel) => engine.PutAsync($"/api/me/passkeys/{parsed.GetValue(id)}/name", new { Name = parsed.GetValue(name) }, cancel), _ => Screen.Line("Renamed."), id, name);
    }

    private static Command Remove()
    {
        var id = Arguments.Id("passkey");
        var password = Arguments.PasswordFile();
        return Arguments.Asking("remove", "Remove one of your passkeys; you stay signed in here and nowhere else.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/me/passkeys/{parsed.GetValue(id)}/remove", new { CurrentPassword = Arguments.ReadPassword(parsed.GetValue(password)!) }, cancel), _ => Screen.Line("Removed."), id, password);
    }
}
