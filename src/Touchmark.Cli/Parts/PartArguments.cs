using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Parts;

namespace Touchmark.Cli.Parts;

/// <summary>What the commands about parts share. They need no account where the engine's look-up is public: then <c>--engine</c> says where to ask.</summary>
internal static class PartArguments
{
    public static Argument<string> Part() => new("part") { Description = "The part's id as it stands on the label." };

    public static Option<Uri?> Engine() => new("--engine") { Description = "The engine's address, for whoever is not signed in.", CustomParser = Arguments.EngineAddress };

    /// <summary>The id in any spelling that a person may use; a slip is refused with what it may have been.</summary>
    public static PartId Id(ParseResult parsed, Argument<string> argument)
    {
        if (PartId.TryParse(parsed.GetValue(argument), out var id, out var problem))
        {
            return id;
        }

        throw new CliFailure($"{parsed.GetValue(argument)} is no part id: {problem.Text} ({problem.Code})",
            problem.Likely.Count == 1 ? $"was {problem.Likely[0]} meant?" : "compare it with the label", exitCode: 2);
    }

    public static EngineClient Open(ParseResult parsed, Option<Uri?> engine) => parsed.GetValue(engine) is { } address ? new EngineClient(address) : EngineClient.SignedIn();

    /// <summary>A command that asks about one part.</summary>
    public static Command Asking(string name, string description, Func<EngineClient, PartId, ParseResult, CancellationToken, Task<JsonElement>> ask, Action<JsonElement> show, params Symbol[] symbols)
    {
        var part = Part();
        var engine = Engine();
        return Arguments.Asking(name, description, parsed => Open(parsed, engine), (client, parsed, cancel) => ask(client, Id(parsed, part), parsed, cancel), show, [part, .. symbols, engine]);
    }
}
