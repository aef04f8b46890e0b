using System.Text.Json;

namespace Touchmark.Cli.Tests;

public sealed class VerifyTests : IDisposable
{
    private readonly CommandLine _touchmark = new();

    public void Dispose() => _touchmark.Dispose();

    [Fact]
    public async Task Valid_certificate_ends_with_0_and_tells_what_was_made()
    {
        var outcome = await _touchmark.RunAsync("verify", _touchmark.Write("part.touchmark", CommandLine.ValidCertificate()), "--trust", CommandLine.TrustFile);
        Assert.Equal(0, outcome.ExitCode);
        Assert.StartsWith("VALID", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("Bracket", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("2 of 3", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("not checked\tcertificate.session-code", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Altered_certificate_ends_with_1_and_names_what_failed()
    {
        var altered = CommandLine.ValidCertificate();
        altered[^40] ^= 1;
        var outcome = await _touchmark.RunAsync("verify", _touchmark.Write("part.touchmark", altered), "--trust", CommandLine.TrustFile);
        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("NOT VALID", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("FAILED\tslice.reference", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("NOT to be believed", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_pinned_keys_nothing_is_valid_and_the_way_to_them_is_told()
    {
        var outcome = await _touchmark.RunAsync("verify", _touchmark.Write("part.touchmark", CommandLine.ValidCertificate()));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("error: no keys are pinned", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("hint: pin the engine's keys: touchmark login", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_certificate_file_ends_with_2()
    {
        Assert.Equal(2, (await _touchmark.RunAsync("verify", _touchmark.Write("noise", [1, 2, 3]), "--trust", CommandLine.TrustFile)).ExitCode);
        var missing = await _touchmark.RunAsync("verify", Path.Combine(_touchmark.Home, "nothing"), "--trust", CommandLine.TrustFile);
        Assert.Equal(2, missing.ExitCode);
        Assert.StartsWith("error:", missing.Errors, StringComparison.Ordinal);
        Assert.Equal(2, (await _touchmark.RunAsync("verify", _touchmark.Write("p", CommandLine.ValidCertificate()), "--trust", _touchmark.Write("t", [0]))).ExitCode);
    }

    [Fact]
    public async Task A_single_statement_is_verified_too_and_an_altered_one_is_not_believed()
    {
        var statement = CommandLine.Vector("statement/audit-record.hex");
        var trust = Path.Combine(CommandLine.VectorFolder, "statement/trust.json");

        var good = await _touchmark.RunAsync("verify", _touchmark.Write("record.cose", statement), "--trust", trust);
        Assert.Equal(0, good.ExitCode);
        Assert.StartsWith("VALID", good.Output, StringComparison.Ordinal);
        Assert.Contains("licence.revoked", good.Output, StringComparison.Ordinal);

        statement[^1] ^= 1;
        var altered = await _touchmark.RunAsync("verify", _touchmark.Write("record.cose", statement), "--trust", trust);
        Assert.Equal(1, altered.ExitCode);
        Assert.Contains("NOT to be believed", altered.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statements_have_to_be_in_the_log_that_the_trust_names()
    {
        var logged = await _touchmark.RunAsync("verify", _touchmark.Write("logged.touchmark", CommandLine.Vector("certificate/logged.hex")), "--trust", CommandLine.LogTrustFile);
        Assert.Equal(0, logged.ExitCode);
        Assert.Contains("passed\tlog.inclusion\tEvery statement of the file is in the log (4 of 4).", logged.Output, StringComparison.Ordinal);

        var elsewhere = await _touchmark.RunAsync("verify", _touchmark.Write("part.touchmark", CommandLine.ValidCertificate()), "--trust", CommandLine.LogTrustFile);
        Assert.Equal(1, elsewhere.ExitCode);
        Assert.Contains("FAILED\tlog.inclusion", elsewhere.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_about_a_single_statement_shows_what_that_says()
    {
        // It is refused only for its age, which nobody asks about here.
        var line = File.ReadLines(Path.Combine(CommandLine.VectorFolder, "certificate/refused-log.txt")).Single(line => line.StartsWith("a stale checkpoint", StringComparison.Ordinal));
        var outcome = await _touchmark.RunAsync("verify", _touchmark.Write("record.touchmark", Convert.FromHexString(line.Split('\t')[^1])), "--trust", CommandLine.LogTrustFile);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("The statement says:", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("licence.revoked", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Checkpoint_that_is_older_than_asked_for_is_not_believed()
    {
        var file = _touchmark.Write("logged.touchmark", CommandLine.Vector("certificate/logged.hex"));
        var stale = await _touchmark.RunAsync("verify", file, "--trust", CommandLine.LogTrustFile, "--max-age", "7");
        Assert.Equal(1, stale.ExitCode);
        Assert.Contains("FAILED\tlog.age", stale.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await _touchmark.RunAsync("verify", file, "--trust", CommandLine.LogTrustFile, "--max-age", "-1")).ExitCode);
    }

    [Fact]
    public async Task Json_holds_verdict_checks_and_every_field()
    {
        var outcome = await _touchmark.RunAsync("verify", _touchmark.Write("part.touchmark", CommandLine.ValidCertificate()), "--trust", CommandLine.TrustFile, "--json");
        using var json = JsonDocument.Parse(outcome.Output);
        Assert.Equal("valid", json.RootElement.GetProperty("verdict").GetString());
        Assert.Contains(json.RootElement.GetProperty("checks").EnumerateArray(), check => check.GetProperty("id").GetString() == "licence.print-number" && check.GetProperty("outcome").GetString() == "passed");
        Assert.Equal("Bracket", json.RootElement.GetProperty("file").GetProperty("certificate").GetProperty("document").GetProperty("part_name").GetString());
    }
}
