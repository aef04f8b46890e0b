using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark second-factor</c>.</summary>
internal static class SecondFactorCommands
{
    private static readonly string[] Roles = ["oem", "manufacturer", "operator", "auditor", "admin", "custodian"];

    public static Command Create() => new("second-factor", "The code of an authenticator app, beside your password.")
    {
        Arguments.Asking("show", "Show your second factor.", (engine, _, cancel) => engine.GetAsync("/api/me/second-factor", cancel), Screen.Facts),
        Begin(),
        WithCode("confirm", "Send the first code of the app: from now on you sign in with one. Prints the recovery codes, once.", Codes),
        WithCode("recovery-codes", "Make new recovery codes; the old ones are good for nothing any more.", Codes),
        WithCode("remove", "Remove your second factor.", _ => Screen.Line("Removed.")),
        RemoveOf(),
        ListRoles(),
        Require(),
    };

    private static Command Begin()
    {
        var password = Arguments.PasswordFile();
        return Arguments.Asking("begin", "Make a secret for an authenticator app, shown once; then: touchmark second-factor confirm CODE.",
            (engine, parsed, cancel) => engine.PostAsync("/api/me/second-factor/begin", new { CurrentPassword = Arguments.ReadPassword(parsed.GetValue(password)!) }, cancel), Screen.Facts, password);
    }

    private static Command WithCode(string what, string description, Action<JsonElement> show)
    {
        var code = new Argument<string>("code") { Description = "Of the authenticator app, or a recovery code." };
        return Arguments.Asking(what, description, (engine, parsed, cancel) => engine.PostAsync($"/api/me/second-factor/{what}", new { Code = parsed.GetValue(code) }, cancel), show, code);
    }

    private static Command RemoveOf()
    {
        var id = Arguments.Id("account");
        return Arguments.Asking("remove-of", "Remove the second factor of somebody who lost it (admins); make sure that it is really them who asks.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/accounts/{parsed.GetValue(id)}/remove-second-factor", null, cancel), Screen.Facts, id);
    }

    private static Command ListRoles() => Arguments.Asking("roles", "List the roles whose accounts need one.", (engine, _, cancel) => engine.GetAsync("/api/second-factor-roles", cancel), Needing);

    private static Command Require()
    {
        var role = new Option<string[]>("--role") { Description = "A role whose accounts need one; once for each. Without it, none does.", DefaultValueFactory = _ => [] };
        role.AcceptOnlyFromAmong(Roles);
        return Arguments.Asking("require", "Say which roles need one (admins).", (engine, parsed, cancel) => engine.PutAsync("/api/second-factor-roles", new { Roles = parsed.GetValue(role) }, cancel), Needing, role);
    }

    private static void Codes(JsonElement answer)
    {
        foreach (var code in answer.GetProperty("codes").EnumerateArray())
        {
            Screen.Line(code.GetString()!);
        }
    }

    private static void Needing(JsonElement answer)
    {
        var roles = answer.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).ToList();
        Screen.Line(roles.Count == 0 ? "No role needs one." : $"Needed by: {string.Join(", ", roles)}.");
    }
}
