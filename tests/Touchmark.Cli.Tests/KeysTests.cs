using System.Text.Json;

namespace Touchmark.Cli.Tests;

public sealed class KeysTests : IDisposable
{
    private readonly CommandLine _touchmark = new();

    public void Dispose() => _touchmark.Dispose();

    [Fact]
    public async Task Added_keys_are_believed_until_they_are_removed()
    {
        var certificate = _touchmark.Write("part.touchmark", CommandLine.ValidCertificate());
        Assert.Equal(0, (await _touchmark.RunAsync("keys", "trust", "add", CommandLine.TrustFile)).ExitCode);
        Assert.Equal(0, (await _touchmark.RunAsync("verify", certificate)).ExitCode);

        using var list = JsonDocument.Parse((await _touchmark.RunAsync("keys", "trust", "list", "--json")).Output);
        var id = list.RootElement.GetProperty("keys")[0].GetProperty("key_id").GetString()!;
        Assert.Equal(0, (await _touchmark.RunAsync("keys", "trust", "remove", id)).ExitCode);
        Assert.Equal(1, (await _touchmark.RunAsync("verify", certificate)).ExitCode);
    }

    [Fact]
    public async Task Trust_is_kept_in_a_file_that_only_its_owner_reads()
    {
        await _touchmark.RunAsync("keys", "trust", "add", CommandLine.TrustFile);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_touchmark.Home, "trust.json")));
        }
    }

    [Fact]
    public async Task Showing_keys_believes_nothing()
    {
        var outcome = await _touchmark.RunAsync("keys", "show", CommandLine.TrustFile);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("ML-DSA-65", outcome.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_touchmark.Home, "trust.json")));
    }

    [Fact]
    public async Task Removing_an_unknown_key_is_an_error_with_a_hint()
    {
        var outcome = await _touchmark.RunAsync("keys", "trust", "remove", "0011223344556677");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("hint: touchmark keys trust list", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_that_is_no_trust_store_is_refused()
    {
        var outcome = await _touchmark.RunAsync("keys", "trust", "add", _touchmark.Write("t.json", "{}"u8.ToArray()));
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith("error:", outcome.Errors, StringComparison.Ordinal);
    }
}
