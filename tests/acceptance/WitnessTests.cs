using System.Globalization;

namespace Touchmark.Acceptance;

/// <summary>An engine whose log two witnesses watch, as processes of their own.</summary>
public sealed class WitnessTests
{
    [Fact]
    public async Task A_quorum_cosigns_what_is_handed_out_and_without_it_nothing_is_handed_out()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.SignInAsync();
        var policy = await WriteAsync(world, "log-policy", (await world.AsAsync("admin", "log", "policy")).Output);
        var north = await world.StartWitnessAsync("north.example", policy);
        var south = await world.StartWitnessAsync("south.example", policy);
        var witnesses = await WriteAsync(world, "witnesses", $"{north}\n{south}\ngroup both all north.example south.example\nquorum both\n");

        await RestartEngineAsync(world, "--witnesses", witnesses);
        var surprised = await LoginAsync(world);
        Assert.Equal(1, surprised.ExitCode);
        Assert.Contains("another policy of its log", surprised.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await LoginAsync(world, "--trust-new-keys")).ExitCode);

        var proven = await world.AsAsync("admin", "log", "proof", await NewestStatementAsync(world));
        Assert.True(proven.ExitCode == 0, proven.Output + proven.Errors);
        Assert.Contains("Enough witnesses saw the checkpoint: north.example, south.example.", proven.Output, StringComparison.Ordinal);
        var clean = await world.AsAsync("admin", "log", "fsck", $"{world.Engine}/log", "--json");
        Assert.True(clean.ExitCode == 0, clean.Output + clean.Errors);

        // One of the two is gone: people go on working, and nobody is handed what he could not prove.
        await world.StopAsync("south.example", crash: true);
        await ActAsync(world);
        var late = await NewestStatementAsync(world);
        var refused = await world.AsAsync("admin", "log", "proof", late);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("LOG_BEHIND", refused.Errors, StringComparison.Ordinal);

        await world.StartWitnessAsync("south.example", policy, new Uri(south[south.LastIndexOf(' ')..].Trim()).Port);
        await world.SaidAsync("engine", "The log is written again");
        await ActAsync(world);
        var again = await world.AsAsync("admin", "log", "proof", late);
        Assert.True(again.ExitCode == 0, again.Output + again.Errors);
    }

    [Fact]
    public async Task A_file_of_witnesses_that_vouches_for_another_log_stops_the_start()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.SignInAsync();
        var policy = (await world.AsAsync("admin", "log", "policy")).Output;

        var file = await WriteAsync(world, "witnesses", policy.Replace("/log", "/other", StringComparison.Ordinal));
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => RestartEngineAsync(world, "--witnesses", file));

        Assert.Contains("--witnesses cannot be used", failed.Message, StringComparison.Ordinal);
    }

    private static Task<Ran> LoginAsync(World world, params string[] more) =>
        world.AsAsync("admin", ["login", world.Engine, "--email", "admin@example.com", "--password-file", Path.Combine(world.Folder, "admin", "password"), .. more]);

    private static async Task RestartEngineAsync(World world, params string[] more)
    {
        var port = new Uri(world.Engine).Port;
        await world.StopAsync("engine");
        await world.StartEngineAsync(port, more);
    }

    private static async Task ActAsync(World world) => Assert.NotEqual("", World.Text(await world.AskAsync("maker", "printer", "pair"), "code"));

    /// <summary>The statement of the newest audit record, as a file.</summary>
    private static async Task<string> NewestStatementAsync(World world)
    {
        var number = (await world.AskAsync("admin", "audit", "list", "--limit", "1")).GetProperty("records")[0].GetProperty("number").GetInt64().ToString(CultureInfo.InvariantCulture);
        var file = Path.Combine(world.Folder, $"audit-{number}.cose");
        Assert.Equal(0, (await world.AsAsync("admin", "audit", "save", number, file)).ExitCode);
        return file;
    }

    private static async Task<string> WriteAsync(World world, string name, string content)
    {
        var file = Path.Combine(world.Folder, name);
        await File.WriteAllTextAsync(file, content);
        return file;
    }
}
