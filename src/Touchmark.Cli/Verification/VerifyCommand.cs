using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Verification;

/// <summary>
/// <c>touchmark verify</c>: checks a certificate file with nothing but the file and the pinned keys.
/// Exit code 0: valid, 1: not valid, 2: unreadable.
/// </summary>
internal static class VerifyCommand
{
    private const int Unreadable = 2;

    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "A certificate file." };
        var trust = new Option<FileInfo?>("--trust") { Description = "The keys to believe, instead of the pinned ones." };
        var json = new Option<bool>("--json") { Description = "Print verdict, checks and every field of the certificate as JSON." };
        var command = new Command("verify", "Check a certificate offline: what was made, where, how, and whether it was licensed.") { file, trust, json };
        command.SetAction(parsed => Verify(
            Read(parsed.GetValue(file)!), parsed.GetValue(trust) is { } named ? PinnedTrust.Read(named.FullName) : PinnedTrust.Load(), parsed.GetValue(json)));
        return command;
    }

    private static int Verify(byte[] bytes, TrustStore trust, bool json)
    {
        var verdict = CertificateVerifier.Verify(bytes, trust, TimeProvider.System.GetUtcNow());
        if (json)
        {
            Screen.Json(ToJson(bytes, verdict));
        }
        else
        {
            VerdictView.Show(verdict);
        }

        if (verdict.Verdict.Kind == VerdictKind.UntrustedKey)
        {
            Console.Error.WriteLine(trust.Keys.Count == 0
                ? "error: no keys are pinned, so there is nothing to check signatures with."
                : "error: a key that signed is not pinned.");
            Console.Error.WriteLine($"hint: {PinnedTrust.HowToGetIt}");
        }

        return verdict.Verdict.Kind switch { VerdictKind.Valid => 0, VerdictKind.Unreadable => Unreadable, _ => 1 };
    }

    private static byte[] Read(FileInfo file)
    {
        try
        {
            using var stream = file.OpenRead();
            if (stream.Length > CertificateFile.MaxBytes)
            {
                throw new CliFailure(
                    $"{file} holds {stream.Length} bytes, a certificate file at most {CertificateFile.MaxBytes}.", "is it another file?", Unreadable);
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

    private static JsonElement ToJson(byte[] bytes, CertificateVerdict verdict) => JsonSerializer.SerializeToElement(
        new
        {
            Verdict = JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.Verdict.Kind.ToString()),
            Checks = verdict.Verdict.Checks.Select(check => new
            {
                check.Id,
                Outcome = JsonNamingPolicy.SnakeCaseLower.ConvertName(check.Outcome.ToString()),
                check.Words,
                check.Figures,
            }),
            File = CertificateFile.TryDecode(bytes, out var file, out _)
                ? JsonSerializer.Deserialize<JsonElement>(CertificateJson.Write(file))
                : (JsonElement?)null,
        },
        EngineClient.Json);
}
