using System.Globalization;
using System.Text.Json;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;
using Touchmark.Evidence.Verification.Archives;

namespace Touchmark.Cli.Verification;

/// <summary>The verification of a vault's archive, which may be larger than memory.</summary>
internal static class ArchiveCheck
{
    /// <summary>Whether the file begins as a ZIP file does.</summary>
    public static bool IsArchive(FileInfo file)
    {
        try
        {
            using var stream = file.OpenRead();
            Span<byte> front = stackalloc byte[4];
            return stream.ReadAtLeast(front, front.Length, throwOnEndOfStream: false) == front.Length && front is [(byte)'P', (byte)'K', 3 or 5, 4 or 6];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever reads it next says so.
            return false;
        }
    }

    /// <param name="file">A ZIP file.</param>
    /// <param name="pinText">As somebody copied it from paper; null for none.</param>
    /// <param name="trust">Pinned keys, where there is no pin.</param>
    /// <param name="maximumAge">How long ago the manifest may have been published; null when that does not matter.</param>
    /// <param name="json">Whether a program reads the verdict.</param>
    /// <param name="cancel">Stops the verification.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CliFailure">The pin is none, or the file cannot be read.</exception>
    public static async Task<int> RunAsync(FileInfo file, string? pinText, TrustStore trust, TimeSpan? maximumAge, bool json, CancellationToken cancel)
    {
        RootPin? pin = null;
        if (pinText is not null && !RootPin.TryParse(pinText, out pin, out var problem))
        {
            throw new CliFailure($"this is no root pin: {problem}", "copy it from the paper again; case, blanks and hyphens do not matter", VerifyCommand.Unreadable);
        }

        try
        {
            await using var stream = file.OpenRead();
            Show(await ArchiveVerifier.VerifyAsync(stream, pin, trust, TimeProvider.System.GetUtcNow(), maximumAge, cancel), json, out var exitCode);
            return exitCode;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"{file} cannot be read.", "check its path and permissions", VerifyCommand.Unreadable);
        }
    }

    private static void Show(ArchiveVerdict archive, bool json, out int exitCode)
    {
        exitCode = VerifyCommand.ExitCode(archive.Verdict);
        if (json)
        {
            Screen.Json(VerifyCommand.ToJson(archive.Verdict, archive: JsonSerializer.SerializeToElement(
                new { archive.CustomerId, RootPin = archive.Pin?.ToString(), archive.Statements, archive.Bundles }, Engine.EngineClient.Json)));
            return;
        }

        VerdictView.ShowVerdict(archive.Verdict);
        if (archive.Pin is not { } pin)
        {
            return;
        }

        Screen.Line("");
        Screen.Line(archive.IsValid ? "The archive says:" : "The archive claims, and it is NOT to be believed:");
        VerdictView.Fact("customer", archive.CustomerId ?? "");
        VerdictView.Fact("root pin", pin.ToString());
        VerdictView.Fact("statements", archive.Statements.ToString(CultureInfo.InvariantCulture));
        VerdictView.Fact("bundles", archive.Bundles.ToString(CultureInfo.InvariantCulture));
    }
}
