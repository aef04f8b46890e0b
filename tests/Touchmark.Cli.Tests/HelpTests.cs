using System.Text.RegularExpressions;

namespace Touchmark.Cli.Tests;

/// <summary>What the program says of itself.</summary>
public sealed partial class HelpTests : IDisposable
{
    private readonly CommandLine touchmark = new();

    public void Dispose() => touchmark.Dispose();

    [Fact]
    public async Task Each_command_of_the_list_explains_itself_under_its_name()
    {
        var all = await touchmark.RunAsync("--help");
        var names = Row().Matches(all.Output[all.Output.IndexOf("Commands:", StringComparison.Ordinal)..]).Select(match => match.Groups["name"].Value).ToList();
        Assert.Contains("verify", names);
        foreach (var name in names)
        {
            var one = await touchmark.RunAsync(name, "--help");
            Assert.Equal(0, one.ExitCode);
            Assert.Contains($"touchmark {name}", one.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_command_that_stands_beside_an_order_of_the_portal_exists()
    {
        var commands = Beside().Matches(await File.ReadAllTextAsync(Path.Combine(CommandLine.VectorFolder, "../../docs/portal.md"), TestContext.Current.CancellationToken)).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal).ToList();
        Assert.True(commands.Count > 30);
        foreach (var command in commands)
        {
            var one = await touchmark.RunAsync([.. command.Split(' '), "--help"]);
            Assert.Equal(0, one.ExitCode);
            Assert.Contains($"touchmark {command}", one.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_command_that_does_not_exist_is_refused()
    {
        var outcome = await touchmark.RunAsync("verfy");
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("verify", outcome.Output + outcome.Errors, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^\|.*\| `touchmark (?<name>[a-z -]+)` \|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Beside();

    [GeneratedRegex(@"^  (?<name>[a-z][a-z-]*)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();
}
