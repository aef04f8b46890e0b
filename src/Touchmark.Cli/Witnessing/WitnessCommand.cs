using System.CommandLine;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Log.Notes;
using Touchmark.Log.Verification;
using Touchmark.Log.Witnessing;

namespace Touchmark.Cli.Witnessing;

/// <summary>
/// <c>touchmark witness</c>: watches logs. It cosigns a checkpoint when the log has only grown since the one before, so that no log can show its readers different things as long as enough
/// witnesses are not its own.
/// </summary>
internal static class WitnessCommand
{
    private const string KeyFileName = "witness.key";

    public static Command Create()
    {
        var data = new Option<DirectoryInfo>("--data") { Description = "The folder for its key, which is made at the first start, and for what it has signed. Restoring an old copy of it makes it sign a fork.", Required = true };
        var name = new Option<string>("--name") { Description = "The name of its key, such as witness.example/w. It stays the same for good.", Required = true };
        var logs = new Option<string[]>("--log") { Description = "A key of a log that it watches (name+id+key), as often as there are keys. Every key of a log has to sign.", AllowMultipleArgumentsPerToken = true };
        var policy = new Option<FileInfo?>("--policy") { Description = "The same as a file: the log lines of a policy (touchmark log policy prints that of an engine)." };
        var urls = new Option<string>("--urls") { Description = "Where to listen.", DefaultValueFactory = _ => "http://127.0.0.1:8090" };
        var command = new Command("witness", "Watch logs: cosign their checkpoints as long as they only grow (C2SP tlog-witness).") { data, name, logs, policy, urls };
        command.SetAction((parsed, cancel) => RunAsync(
            parsed.GetValue(data)!.FullName, parsed.GetValue(name)!, LogsOf(parsed.GetValue(logs) ?? [], parsed.GetValue(policy)), parsed.GetValue(urls)!, cancel));
        return command;
    }

    private static async Task<int> RunAsync(string data, string name, IReadOnlyList<PolicyLog> logs, string urls, CancellationToken cancel)
    {
        if (!NoteKey.IsName(name))
        {
            throw new CliFailure($"{name} cannot name a key.", "a name has 1 to 255 characters, none of them a blank or a plus, such as witness.example/w", exitCode: 2);
        }

        using var signer = OpenKey(data);
        var cosigner = new Cosigner(name, signer);
        var state = new FolderWitnessState(Path.Combine(data, "logs"), cosigner.Key);
        await using var app = WitnessServer.Create(new Witness(cosigner, logs, state, TimeProvider.System), logs, state, urls);
        await app.StartAsync(cancel);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Screen.Line($"witness {name} {cosigner.Key} {address}");
        Screen.Line($"It watches {string.Join(", ", logs.Select(log => log.Origin))}. The line above is what belongs into a policy; put the address there by which others reach it.");
        await app.WaitForShutdownAsync(cancel);
        return 0;
    }

    private static Ed25519Signer OpenKey(string data)
    {
        var file = Path.Combine(data, KeyFileName);
        try
        {
            if (!File.Exists(file))
            {
                Directory.CreateDirectory(data);
                using var fresh = Ed25519.Generate();
                KeyFile.WriteNew(file, fresh.Span);
            }

            using var seed = KeyFile.Read(file);
            return new Ed25519Signer(seed.Span);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException)
        {
            throw new CliFailure($"the witness's key {file} cannot be used: {error.Message}", "restore it, or give another --data folder for another witness", exitCode: 2);
        }
    }

    private static IReadOnlyList<PolicyLog> LogsOf(string[] keys, FileInfo? policy)
    {
        // The log lines of a policy, whatever else it says: a witness asks nobody else.
        var lines = new StringBuilder();
        try
        {
            foreach (var line in policy is null ? [] : File.ReadLines(policy.FullName).Where(line => line.StartsWith("log ", StringComparison.Ordinal)))
            {
                lines.Append(line).Append('\n');
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"the policy {policy} cannot be read.", "check its path and permissions", exitCode: 2);
        }

        foreach (var key in keys)
        {
            lines.Append("log ").Append(key).Append('\n');
        }

        return !LogPolicy.TryParse(Encoding.UTF8.GetBytes(lines.Append("quorum none\n").ToString()), out var read, out var problem)
            ? throw new CliFailure($"the keys of the logs cannot be read: {problem}.", "a key looks like name+id+key; touchmark log policy prints those of an engine", exitCode: 2)
            : read.Logs.Count == 0 ? throw new CliFailure("there is no log to watch.", "name its keys with --log, or a policy with --policy", exitCode: 2)
            : read.Logs;
    }
}
