using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Verification;

/// <summary>
/// <c>touchmark verify</c>: checks an evidence file, one statement on its own, or the archive of a vault, with nothing but the file and the pinned keys.
/// Exit code 0: valid, 1: not valid, 2: unreadable.
/// </summary>
internal static class VerifyCommand
{
    internal const int Unreadable = 2;
    private const int MaxAgeDays = 36_500;

    public const string Name = "verify";

    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "An evidence file, a single statement such as an audit record, or a vault's archive." };
        var trust = new Option<FileInfo?>("--trust") { Description = "The keys to believe, instead of the pinned ones." };
        var json = new Option<bool>("--json") { Description = "Print verdict, checks and every field of the certificate as JSON." };
        var pin = new Option<string?>("--root-pin") { Description = "The customer's root as it is printed on paper: all the trust that an archive needs." };
        var age = new Option<double?>("--max-age") { Description = "How many days ago witnesses may have seen the log's checkpoint, or a vault may have published its manifest. Without it, that does not matter." };
        age.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is { } days && !(days >= 0 && days <= MaxAgeDays))
            {
                result.AddError($"--max-age takes a number of days from 0 to {MaxAgeDays}.");
            }
        });
        var command = new Command(Name, "Check a certificate offline: what was made, where, how, and whether it was licensed.") { file, trust, pin, age, json };
        command.SetAction((parsed, cancel) =>
        {
            var known = parsed.GetValue(trust) is { } named ? PinnedTrust.Read(named.FullName) : PinnedTrust.Load();
            TimeSpan? limit = parsed.GetValue(age) is { } days ? TimeSpan.FromDays(days) : null;
            return ArchiveCheck.IsArchive(parsed.GetValue(file)!)
                ? ArchiveCheck.RunAsync(parsed.GetValue(file)!, parsed.GetValue(pin), known, limit, parsed.GetValue(json), cancel)
                : Task.FromResult(Verify(Read(parsed.GetValue(file)!), known, limit, parsed.GetValue(json)));
        });
        return command;
    }

    private static int Verify(byte[] bytes, TrustStore trust, TimeSpan? maximumAge, bool json)
    {
        var now = TimeProvider.System.GetUtcNow();
        Verdict verdict;
        if (Statement.TryParse(bytes, out _, out _))
        {
            var part = new StatementPart(bytes, null);
            verdict = StatementVerifier.Verify(part, trust, now);
            var statement = JsonSerializer.Deserialize<JsonElement>(EvidenceJson.Write(part));
            if (json)
            {
                Screen.Json(ToJson(verdict, statement: statement));
            }
            else
            {
                VerdictView.Show(verdict, statement);
            }
        }
        else
        {
            var evidence = EvidenceVerifier.Verify(bytes, trust, now, maximumAge);
            verdict = evidence.Verdict;
            if (json)
            {
                Screen.Json(ToJson(verdict, file: Decode(bytes) is not { } file ? null : JsonSerializer.Deserialize<JsonElement>(EvidenceJson.Write(file))));
            }
            else if (evidence.Certificate is null && verdict.Kind != VerdictKind.Unreadable)
            {
                VerdictView.Show(verdict, JsonSerializer.Deserialize<JsonElement>(EvidenceJson.Write(Decode(bytes)!.Subject)));
            }
            else
            {
                VerdictView.Show(evidence);
            }
        }

        if (verdict.Kind == VerdictKind.UntrustedKey)
        {
            Console.Error.WriteLine(trust.Keys.Count == 0
                ? "error: no keys are pinned, so there is nothing to check signatures with."
                : "error: a key that signed is not pinned.");
            Console.Error.WriteLine($"hint: {PinnedTrust.HowToGetIt}");
        }

        return ExitCode(verdict);
    }

    private static EvidenceFile? Decode(byte[] bytes) => EvidenceFile.TryDecode(bytes, out var file, out _) ? file : null;

    internal static int ExitCode(Verdict verdict) => verdict.Kind switch { VerdictKind.Valid => 0, VerdictKind.Unreadable => Unreadable, _ => 1 };

    private static byte[] Read(FileInfo file)
    {
        try
        {
            using var stream = file.OpenRead();
            if (stream.Length > EvidenceFile.MaxBytes)
            {
                throw new CliFailure(
                    $"{file} holds {stream.Length} bytes, an evidence file at most {EvidenceFile.MaxBytes}.", "is it another file?", Unreadable);
            }

            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"{file} cannot be read.", "check its path and permissions", Unreadable);
        }
    }

    internal static JsonElement ToJson(Verdict verdict, JsonElement? file = null, JsonElement? statement = null, JsonElement? archive = null) => JsonSerializer.SerializeToElement(
        new
        {
            Verdict = JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.Kind.ToString()),
            Checks = verdict.Checks.Select(check => new
            {
                check.Id,
                Outcome = JsonNamingPolicy.SnakeCaseLower.ConvertName(check.Outcome.ToString()),
                check.Words,
                check.Figures,
            }),
            File = file,
            Statement = statement,
            Archive = archive,
        },
        EngineClient.Json);
}
