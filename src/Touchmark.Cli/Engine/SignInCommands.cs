using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark login</c> and <c>touchmark logout</c>.</summary>
internal static class SignInCommands
{
    public static Command Login()
    {
        var address = new Argument<Uri>("engine") { Description = "The engine's address, such as https://touchmark.example.com." };
        var email = new Option<string>("--email") { Description = "Your e-mail address.", Required = true };
        var password = Arguments.PasswordFile();
        var command = new Command("login", "Sign in at an engine.") { address, email, password };
        command.SetAction(async (parsed, cancel) =>
        {
            var engine = parsed.GetValue(address)!;
            using var client = new EngineClient(engine);
            var issued = await client.PostAsync("/api/tokens", new { Email = parsed.GetValue(email), Password = Arguments.ReadPassword(parsed.GetValue(password)!) }, cancel);
            Home.Write(SignedIn.FileName, JsonSerializer.SerializeToUtf8Bytes(new SignedIn(engine, issued.GetProperty("token").GetString()!), EngineClient.Json));
            Screen.Line($"Signed in at {engine} until {Screen.Text(issued, "expires_at")}.");
            return 0;
        });
        return command;
    }

    public static Command Logout()
    {
        var command = new Command("logout", "Revoke this computer's token and forget it.");
        command.SetAction(async (_, cancel) =>
        {
            using var client = EngineClient.SignedIn();
            await client.DeleteAsync("/api/tokens/current", cancel);
            Home.Forget();
            Screen.Line("Signed out.");
            return 0;
        });
        return command;
    }
}
