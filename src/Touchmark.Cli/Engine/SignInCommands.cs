using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark login</c> and <c>touchmark logout</c>.</summary>
internal static class SignInCommands
{
    public static Command Login()
    {
        var address = new Argument<Uri>("engine")
        {
            Description = "The engine's address, such as https://touchmark.example.com.",
            CustomParser = Arguments.EngineAddress,
        };
        var email = new Option<string>("--email") { Description = "Your e-mail address.", Required = true };
        var password = Arguments.PasswordFile();
        var newKeys = new Option<bool>("--trust-new-keys") { Description = "Believe the engine's keys although others are pinned for it." };
        var command = new Command("login", "Sign in at an engine, and pin the keys that it signs certificates with.") { address, email, password, newKeys };
        command.SetAction(async (parsed, cancel) =>
        {
            var engine = parsed.GetValue(address)!;
            using var client = new EngineClient(engine);
            PinnedTrust.Pin(PinnedTrust.Parse(await client.GetBytesAsync("/api/trust", "application/json", cancel), $"{engine}api/trust"), parsed.GetValue(newKeys));
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
