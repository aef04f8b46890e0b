using Touchmark.Bench.Attacks;

namespace Touchmark.Attacks.Tests;

/// <summary>A shorter version of the table of <c>bench/run attacks</c>: the same parts, printers and seeds, fewer of them.</summary>
public sealed class AttackTableTests(SlicedParts parts) : IClassFixture<SlicedParts>
{
    private const int AttackRuns = 8;
    private const int HonestRuns = 4;

    /// <summary>The window, and what is executed before a doubt can be one: half of the pace, half of the filament and a cooling nozzle take a second to show, s.</summary>
    private const double FirstWindow = 3 + 1.5;

    [Fact]
    public void Every_attacker_is_caught_within_the_first_window_of_motion()
    {
        var results = parts.Arena.Run([.. Contestant.Attackers.Where(static attacker => !attacker.FollowsThePlan)], AttackRuns);
        Assert.True(results.Count >= 8);
        Assert.All(results, static result => Assert.All(result.Value, outcome =>
        {
            Assert.Equal("PROXY_SUSPECTED", outcome.End?.Code);
            Assert.InRange(outcome.EscapedSeconds, 0, FirstWindow);
        }));
    }

    [Fact]
    public void No_honest_print_is_ended() =>
        Assert.All(parts.Arena.Run(Contestant.Honest, HonestRuns), static result =>
            Assert.All(result.Value, outcome => Assert.True(outcome.Completed, $"{result.Key.Name}: {outcome.End?.Text}")));
}

/// <summary>Sliced once for all tests of the class.</summary>
public sealed class SlicedParts : IAsyncLifetime
{
    internal Arena Arena { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Arena = await Arena.PrepareAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync()
    {
        Arena.Dispose();
        return ValueTask.CompletedTask;
    }
}
