using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary>What the engine's commands share: options that many take, and the step from a call to its shown answer.</summary>
internal static class Arguments
{
    public static Option<bool> Json() => new("--json") { Description = "Print the engine's answer as JSON." };

    public static Argument<Guid> Id(string what) => new("id") { Description = $"The {what}'s id." };

    public static Option<FileInfo> PasswordFile() => new("--password-file") { Description = "A file that holds the password; its first line counts.", Required = true };

    /// <summary>An engine's address; the library itself converts no text to a <see cref="Uri"/>.</summary>
    public static Uri EngineAddress(ArgumentResult result) =>
        Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && (address.Scheme is "http" or "https") ? address
        : throw new CliFailure($"{result.Tokens[0].Value} is not the address of an engine.", "it looks like https://touchmark.example.com", exitCode: 2);

    /// <summary>A command that asks the signed-in engine once and shows the answer.</summary>
    public static Command Asking(string name, string description, Func<EngineClient, ParseResult, CancellationToken, Task<JsonElement>> ask, Action<JsonElement> show, params Symbol[] symbols) =>
        Asking(name, description, _ => EngineClient.SignedIn(), ask, show, symbols);

    /// <summary>The same, asking whichever engine <paramref name="open"/> finds.</summary>
    public static Command Asking(
        string name, string description, Func<ParseResult, EngineClient> open, Func<EngineClient, ParseResult, CancellationToken, Task<JsonElement>> ask, Action<JsonElement> show, params Symbol[] symbols)
    {
        var json = Json();
        var command = new Command(name, description) { json };
        foreach (var symbol in symbols)
        {
            if (symbol is Option option)
            {
                command.Options.Add(option);
            }
            else
            {
                command.Arguments.Add((Argument)symbol);
            }
        }

        command.SetAction(async (parsed, cancel) =>
        {
            using var engine = open(parsed);
            var answer = await ask(engine, parsed, cancel);
            if (parsed.GetValue(json))
            {
                Screen.Json(answer);
            }
            else
            {
                show(answer);
            }

            return 0;
        });
        return command;
    }

    /// <summary>The first line of a password file. It lives in a string for one request, as HTTP clients demand, and is never shown.</summary>
    public static string ReadPassword(FileInfo file)
    {
        try
        {
            return File.ReadLines(file.FullName).FirstOrDefault() ?? "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"the password file {file.Name} cannot be read.", "check its path and permissions", exitCode: 2);
        }
    }
}
