namespace Touchmark.Acceptance;

/// <summary><c>touchmark printer-test</c> against a real engine with the real slicer.</summary>
public sealed class PrinterTestTests
{
    [Fact]
    public async Task An_engine_in_order_passes_every_check_and_the_printer_of_the_test_is_revoked()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.SignInAsync();

        foreach (var (half, files) in new[] { ((string?)null, true), ("--refresh-only", false), ("--decrypt-only", true) })
        {
            var ran = await TestAsync(world, "maker", half is null ? [] : [half]);
            Assert.True(ran.ExitCode == 0, ran.Output + ran.Errors);
            Assert.Equal(files, ran.Output.Contains("key unwrap", StringComparison.Ordinal));
            Assert.Equal(half != "--decrypt-only", ran.Output.Contains("token refresh", StringComparison.Ordinal));
        }

        var printers = (await world.AskAsync("maker", "printer", "list")).EnumerateArray().ToList();
        Assert.Equal(3, printers.Count);
        Assert.All(printers, printer => Assert.False(string.IsNullOrEmpty(World.Text(printer, "revoked_at"))));
    }

    [Fact]
    public async Task What_is_wrong_is_said_in_a_line_and_the_exit_code_tells_it()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.SignInAsync();
        await File.WriteAllTextAsync(Path.Combine(world.Folder, "maker", "password"), "not the password of anybody");

        var wrong = await TestAsync(world, "maker");
        Assert.NotEqual(0, wrong.ExitCode);
        Assert.Contains("The e-mail address or the password is wrong.", wrong.Output + wrong.Errors, StringComparison.Ordinal);

        var owner = await TestAsync(world, "oem");
        Assert.NotEqual(0, owner.ExitCode);
        Assert.Contains("Use an account of role manufacturer or admin", owner.Output + owner.Errors, StringComparison.Ordinal);

        await world.StopAsync("engine");
        var away = await TestAsync(world, "oem");
        Assert.NotEqual(0, away.ExitCode);
    }

    private static Task<Ran> TestAsync(World world, string who, params string[] more) => world.AsAsync(
        who, ["printer-test", "--engine", world.Engine, "--email", $"{who}@example.com", "--password-file", Path.Combine(world.Folder, who, "password"), .. more]);
}
