namespace Touchmark.Log.Tests.Killing;

public sealed class KillTests
{
    private const int Kills = 30;

    [Fact]
    public async Task Killed_again_and_again_the_writer_forks_nothing_and_loses_nothing_it_acknowledged()
    {
        using var folder = new TemporaryFolder();
        var result = await KillLoop.RunAsync(folder.Path, Kills, ["dotnet", "exec", typeof(KillTests).Assembly.Location]);
        Assert.True(result.Problems.Count == 0, string.Join('\n', result.Problems));
        Assert.Equal(Kills, result.Kills);
        Assert.True(result.Acknowledged > Kills, $"{result.Acknowledged} receipts");
        Assert.True(result.Entries > result.Acknowledged);
    }
}
