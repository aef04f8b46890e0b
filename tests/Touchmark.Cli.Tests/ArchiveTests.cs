using System.Text.Json;

namespace Touchmark.Cli.Tests;

public sealed class ArchiveTests : IDisposable
{
    private readonly CommandLine _touchmark = new();

    public void Dispose() => _touchmark.Dispose();

    [Fact]
    public async Task Archive_with_its_pin_ends_with_0_and_tells_what_is_in_it()
    {
        var outcome = await _touchmark.RunAsync("verify", Archive("with everything", out var pin), "--root-pin", pin!.Replace("-", " ", StringComparison.Ordinal).ToLowerInvariant());
        Assert.Equal(0, outcome.ExitCode);
        Assert.StartsWith("VALID", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("not checked\tarchive.counter\t1 counter values were taken and no bundle has them: 2 to 2.", outcome.Output, StringComparison.Ordinal);
        Assert.Contains(pin, outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Archive_with_another_pin_is_refused()
    {
        var outcome = await _touchmark.RunAsync("verify", Archive("another pin", out var pin), "--root-pin", pin!);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("FAILED\tarchive.root-pin", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("manifest.tree", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Archive_without_a_pin_tells_the_one_to_compare()
    {
        var outcome = await _touchmark.RunAsync("verify", Archive("with everything", out var pin));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(pin!, outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pin_that_is_none_and_file_that_is_no_archive_end_with_2()
    {
        var wrong = await _touchmark.RunAsync("verify", Archive("with everything", out _), "--root-pin", "XH2M");
        Assert.Equal((2, true), (wrong.ExitCode, wrong.Errors.StartsWith("error: this is no root pin", StringComparison.Ordinal)));
        Assert.Equal(2, (await _touchmark.RunAsync("verify", Archive("a file cut off", out var pin), "--root-pin", pin!)).ExitCode);
    }

    [Fact]
    public async Task Archive_as_json_has_every_check()
    {
        var outcome = await _touchmark.RunAsync("verify", Archive("a bundle cut out", out var pin), "--root-pin", pin!, "--json");
        using var json = JsonDocument.Parse(outcome.Output);
        Assert.Equal("invalid", json.RootElement.GetProperty("verdict").GetString());
        Assert.Contains(json.RootElement.GetProperty("checks").EnumerateArray(), check => check.GetProperty("id").GetString() == "archive.chain" && check.GetProperty("outcome").GetString() == "failed");
        Assert.Equal(1, json.RootElement.GetProperty("archive").GetProperty("bundles").GetInt64());
    }

    /// <summary>The path of an archive of spec/vectors, and its pin.</summary>
    private string Archive(string name, out string? pin)
    {
        using var told = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(CommandLine.VectorFolder, "archive/archives.json")));
        var (blobs, entry) = (told.RootElement.GetProperty("blobs"), told.RootElement.GetProperty("cases").EnumerateArray().First(candidate => candidate.GetProperty("name").GetString() == name));
        pin = entry.GetProperty("pin").GetString();
        return _touchmark.Write("archive.zip", [.. entry.GetProperty("file").EnumerateArray().Select(piece => piece.GetString()!)
            .SelectMany(piece => piece.StartsWith('@') ? blobs.GetProperty(piece[1..]).GetBytesFromBase64() : Convert.FromHexString(piece))]);
    }
}
