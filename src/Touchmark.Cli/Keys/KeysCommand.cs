using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Keys;

/// <summary><c>touchmark keys</c>: which keys this computer believes.</summary>
internal static class KeysCommand
{
    public static Command Create() => new("keys", "The keys that certificates are checked with.")
    {
        Show(),
        new Command("trust", "Change which keys are believed.") { Add(), List(), Remove() },
        RootCommands.Create(),
        OfficerCommands.Create(),
    };

    private static Command Show()
    {
        var file = new Argument<FileInfo>("file") { Description = "A trust store, as an engine's operator hands it out." };
        var json = Json();
        var command = new Command("show", "Show the keys in a file without believing them, to compare their ids.") { file, json };
        command.SetAction(parsed => Print(PinnedTrust.Read(parsed.GetValue(file)!.FullName), parsed.GetValue(json)));
        return command;
    }

    private static Command Add()
    {
        var file = new Argument<FileInfo>("file") { Description = "A trust store, as an engine's operator hands it out." };
        var command = new Command("add", "Believe the keys in a file.") { file };
        command.SetAction(parsed => PinnedTrust.Pin(PinnedTrust.Read(parsed.GetValue(file)!.FullName), acceptNew: true));
        return command;
    }

    private static Command List()
    {
        var json = Json();
        var command = new Command("list", "List the keys that are believed.") { json };
        command.SetAction(parsed => Print(PinnedTrust.Load(), parsed.GetValue(json)));
        return command;
    }

    private static Command Remove()
    {
        var id = new Argument<string>("key-id") { Description = "The key's id, 16 hexadecimal digits." };
        var command = new Command("remove", "Stop believing a key.") { id };
        command.SetAction(parsed =>
        {
            var trust = PinnedTrust.Load();
            var left = trust.Without(parsed.GetValue(id)!);
            if (left.Keys.Count == trust.Keys.Count)
            {
                throw new CliFailure($"no key with the id {parsed.GetValue(id)} is pinned.", "touchmark keys trust list shows the ids");
            }

            PinnedTrust.Save(left);
            Screen.Line($"Removed {parsed.GetValue(id)}. What it signed is no longer valid here.");
        });
        return command;
    }

    private static Option<bool> Json() => new("--json") { Description = "Print JSON." };

    private static void Print(TrustStore trust, bool json)
    {
        var rows = JsonDocument.Parse(trust.ToJson()).RootElement;
        if (json)
        {
            Screen.Json(rows);
            return;
        }

        Screen.Table(rows.GetProperty("keys"), $"No keys. To get them: {PinnedTrust.HowToGetIt}.",
            new("Key id", "key_id"), new("Algorithm", "algorithm"), new("Issuer", "name"), new("Valid from", "valid_from"), new("Valid until", "valid_until"));
    }
}
