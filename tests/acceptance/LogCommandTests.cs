using System.Globalization;

namespace Touchmark.Acceptance;

/// <summary><c>touchmark log</c> on a log in a folder, without any engine.</summary>
public sealed class LogCommandTests
{
    [Fact]
    public async Task A_hammered_log_is_clean_until_a_byte_of_it_is_altered()
    {
        await using var world = new World();
        var log = Path.Combine(world.Folder, "hammered");
        var (objects, policy) = (Path.Combine(log, "public"), Path.Combine(log, "policy"));

        var hammered = await world.AsAsync("auditor", "log", "hammer", log, "--write", "--seconds", "1", "--writers", "20");
        Assert.True(hammered.ExitCode == 0, hammered.Errors);
        Assert.Contains("durable appends with receipts: ", hammered.Output, StringComparison.Ordinal);

        var clean = await world.AskAsync("auditor", "log", "fsck", objects, "--policy", policy);
        Assert.True(clean.GetProperty("clean").GetBoolean());
        var size = clean.GetProperty("size").GetInt64();
        var newest = await world.AsAsync("auditor", "log", "tail", objects, "--policy", policy, "-n", "3");
        Assert.Equal([size - 3, size - 2, size - 1], newest.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => long.Parse(line.Split('\t')[0], CultureInfo.InvariantCulture)));

        var bundle = Directory.EnumerateFiles(Path.Combine(objects, "tile", "entries"), "*", SearchOption.AllDirectories).First();
        var bytes = await File.ReadAllBytesAsync(bundle);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(bundle, bytes);
        var altered = await world.AsAsync("auditor", "log", "fsck", objects, "--policy", policy);
        Assert.Equal(1, altered.ExitCode);
        Assert.Contains("was altered", altered.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_with_other_keys_than_those_that_are_believed_is_not_clean()
    {
        await using var world = new World();
        foreach (var name in new[] { "one", "other" })
        {
            Assert.Equal(0, (await world.AsAsync("auditor", "log", "hammer", Path.Combine(world.Folder, name), "--write", "--seconds", "1", "--writers", "1")).ExitCode);
        }

        var ran = await world.AsAsync("auditor", "log", "fsck", Path.Combine(world.Folder, "one", "public"), "--policy", Path.Combine(world.Folder, "other", "policy"));

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("did not sign the checkpoint", ran.Output, StringComparison.Ordinal);
    }
}
