using System.Text.Json;
using Touchmark.Evidence.Statements;

namespace Touchmark.Cli.Tests;

/// <summary>What the command line knows of parts without an engine.</summary>
public sealed class PartTests : IDisposable
{
    private const string Part = "PPG0-A0EV-8ZB4-ERYQ";

    private readonly CommandLine _touchmark = new();

    public void Dispose() => _touchmark.Dispose();

    [Fact]
    public async Task Pseudonym_of_a_part_is_always_the_same_and_that_of_another_part_another()
    {
        var first = await _touchmark.RunAsync("custodian", "show", Part);
        var again = await _touchmark.RunAsync("custodian", "show", "ppg0 aoev 8zb4 eryq");
        var other = await _touchmark.RunAsync("custodian", "show", "0000-0000-0000-0000");
        Assert.Equal((0, 0, 0), (first.ExitCode, again.ExitCode, other.ExitCode));
        Assert.EndsWith(again.Output, first.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(again.Output.Split(' ')[^1], other.Output, StringComparison.Ordinal);
        var key = Path.Combine(_touchmark.Home, "custodian.key");
        Assert.Equal(32, new FileInfo(key).Length);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
            var wide = await _touchmark.RunAsync("custodian", "show", Part);
            Assert.Equal(2, wide.ExitCode);
            Assert.Contains("chmod 600", wide.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Slip_in_a_part_id_is_refused_in_words_before_anything_is_asked_or_made()
    {
        var outcome = await _touchmark.RunAsync("custodian", "show", "PPG0-A0EV-8ZB4-ERYR");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("PART_ID_CHECK", outcome.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_touchmark.Home, "custodian.key")));
    }

    [Fact]
    public async Task Verify_shows_who_has_the_part_and_each_event()
    {
        using var chains = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(CommandLine.VectorFolder, "custody/chains.json"), TestContext.Current.CancellationToken));
        var chain = chains.RootElement.GetProperty("cases").EnumerateArray().First(entry => entry.GetProperty("name").GetString() == "inspected and installed");
        var file = new EvidenceFile(Statement(chain.GetProperty("certificate")), [.. chain.GetProperty("statements").EnumerateArray().Select(Statement)]);
        var outcome = await _touchmark.RunAsync("verify", _touchmark.Write("part.touchmark", file.Encode()), "--trust", Path.Combine(CommandLine.VectorFolder, "custody/trust.json"));
        // The vector has no licence, enrolment and slice record: so the file as a whole is not in order, and the history is said to be a claim.
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("Its history claims, and it is NOT to be believed:", outcome.Output, StringComparison.Ordinal);
        Assert.Contains($"holder            {chain.GetProperty("holder").GetString()} (", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("installed into    Scanner 4, gantry", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("inspector", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(7, outcome.Output.Split('\n').Count(line => line.StartsWith("event\t", StringComparison.Ordinal)));

        StatementPart Statement(JsonElement name) => new(chains.RootElement.GetProperty("statements").GetProperty(name.GetString()!).GetBytesFromBase64(), null);
    }
}
