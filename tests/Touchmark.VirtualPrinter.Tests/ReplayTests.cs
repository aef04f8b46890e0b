namespace Touchmark.VirtualPrinter.Tests;

public sealed class ReplayTests
{
    public static TheoryData<string> Files => [.. Recording.Files];

    [Fact]
    public void All_fourteen_recordings_are_here() => Assert.Equal(14, Recording.Files.Count());

    [Theory]
    [MemberData(nameof(Files))]
    public async Task The_virtual_printer_answers_like_the_recorded_one(string file)
    {
        using var replay = new Replay(file);
        var differences = await replay.RunAsync();
        Assert.True(differences.Count == 0, string.Join('\n', differences.Distinct(StringComparer.Ordinal).Take(40)));
    }
}
