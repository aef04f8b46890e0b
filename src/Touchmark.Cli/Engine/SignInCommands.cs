using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
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
        var code = new Option<string?>("--code") { Description = "The code of your authenticator app, or a recovery code, where your account has a second factor; on a terminal it is asked for." };
        var command = new Command("login", "Sign in at an engine, and pin the keys that it signs certificates with.") { address, email, password, code, newKeys };
        command.SetAction(async (parsed, cancel) =>
        {
            var engine = parsed.GetValue(address)!;
            using var client = new EngineClient(engine);
            PinnedTrust.Pin(PinnedTrust.Parse(await client.GetBytesAsync("/api/trust", "application/json", cancel), $"{engine}api/trust"), parsed.GetValue(newKeys));
            var issued = await SignInAsync(client, parsed.GetValue(email)!, Arguments.ReadPassword(parsed.GetValue(password)!), parsed.GetValue(code), cancel);
            Home.Write(SignedIn.FileName, JsonSerializer.SerializeToUtf8Bytes(new SignedIn(engine, issued.GetProperty("token").GetString()!), EngineClient.Json));
            Screen.Line($"Signed in at {engine} until {Screen.Text(issued, "expires_at")}.");
            return 0;
        });
        return command;
    }

    private static async Task<JsonElement> SignInAsync(EngineClient client, string email, string password, string? code, CancellationToken cancel)
    {
        try
        {
            return await client.PostAsync("/api/tokens", new { Email = email, Password = password, Code = code }, cancel);
        }
        catch (CliFailure failure) when (failure.Code == "SECOND_FACTOR_NEEDED" && Screen.IsTerminal && !Console.IsInputRedirected)
        {
            return await client.PostAsync("/api/tokens", new { Email = email, Password = password, Code = await new TextPrompt<string>("The code of your authenticator app:").ShowAsync(AnsiConsole.Console, cancel) }, cancel);
        }
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
