using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark identity</c>.</summary>
internal static class IdentityCommands
{
    public static Command Create() => new("identity", "Who you are at the identity provider by which you sign in at the engine's pages. A browser links it.")
    {
        Arguments.Asking("show", "Show it.", (engine, _, cancel) => engine.GetAsync("/api/me/identity", cancel), Screen.Facts),
        Remove(),
        RemoveOf(),
    };

    private static Command Remove()
    {
        var password = Arguments.PasswordFile();
        return Arguments.Asking("remove", "End the link; you stay signed in here and nowhere else.",
            (engine, parsed, cancel) => engine.PostAsync("/api/me/identity/remove", new { CurrentPassword = Arguments.ReadPassword(parsed.GetValue(password)!) }, cancel), _ => Screen.Line("Ended."), password);
    }

    private static Command RemoveOf()
    {
        var id = Arguments.Id("account");
        return Arguments.Asking("remove-of", "End the link of somebody's account, and sign them out everywhere (admins).", (engine, parsed, cancel) => engine.PostAsync($"/api/accounts/{parsed.GetValue(id)}/remove-identity", null, cancel), Screen.Facts, id);
    }
}
