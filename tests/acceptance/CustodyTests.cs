namespace Touchmark.Acceptance;

/// <summary>A part's way from the print shop to a clinic that has no account anywhere, on the command line.</summary>
public sealed class CustodyTests
{
    [Fact]
    public async Task A_part_is_sold_received_installed_and_recalled_and_each_can_check_it_alone()
    {
        await using var world = new World();
        var (licence, printer) = await world.EquipAsync(prints: 1);
        var job = await world.FinishAsync(await world.StartJobAsync(licence, printer));
        var part = World.Text(await world.AskAsync("maker", "certificate", "show", World.Text(job, "certificate_id")), "part_id");

        await DoAsync(world, "maker", "custodian", "enrol", part, "--role", "manufacturer", "--region", "DE");
        await DoAsync(world, "maker", "part", "manufactured", part);
        var clinic = (await DoAsync(world, "clinic", "custodian", "show", part.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal))).TrimEnd().TrimEnd('.').Split(' ')[^1];
        await DoAsync(world, "maker", "part", "transfer", part, "--to", clinic, "--note", "Sold.");
        await DoAsync(world, "clinic", "custodian", "enrol", part, "--role", "owner", "--region", "FR", "--engine", world.Engine);
        await DoAsync(world, "clinic", "part", "receive", part, "--engine", world.Engine);
        await DoAsync(world, "clinic", "part", "install", part, "--into", "Scanner 4", "--engine", world.Engine);

        var file = Path.Combine(world.Folder, "part.touchmark");
        await DoAsync(world, "clinic", "part", "evidence", part, file, "--engine", world.Engine);
        var verified = await DoAsync(world, "clinic", "verify", file);
        Assert.StartsWith("VALID", verified, StringComparison.Ordinal);
        Assert.Contains($"{clinic} (owner, FR)", verified, StringComparison.Ordinal);
        Assert.Contains("into Scanner 4", verified, StringComparison.Ordinal);

        var recall = await world.AskAsync("oem", "recall", "make", "--licence", licence, "--reason", "The material may be brittle.");
        var covered = Assert.Single((await world.AskAsync("oem", "recall", "parts", World.Text(recall.GetProperty("recall"), "id"))).GetProperty("parts").EnumerateArray().ToArray());
        Assert.Equal((clinic, "owner", "FR"), (World.Text(covered, "holder"), World.Text(covered, "role"), World.Text(covered, "region")));
        await DoAsync(world, "clinic", "part", "remove", part, "--engine", world.Engine);
        var refused = await world.AsAsync("clinic", "part", "install", part, "--into", "Scanner 4", "--engine", world.Engine);
        Assert.True(refused.ExitCode == 1 && refused.Errors.Contains("CUSTODY_RECALLED", StringComparison.Ordinal), refused.Errors);
        await DoAsync(world, "clinic", "part", "evidence", part, file, "--engine", world.Engine);
        Assert.Contains("RECALLED", await DoAsync(world, "clinic", "verify", file), StringComparison.Ordinal);
        Assert.Equal(part, World.Text(Assert.Single((await world.AskAsync("maker", "part", "search", "--printer", printer)).GetProperty("parts").EnumerateArray().ToArray()), "id"));
    }

    private static async Task<string> DoAsync(World world, string who, params string[] arguments)
    {
        var ran = await world.AsAsync(who, arguments);
        Assert.True(ran.ExitCode == 0, $"{string.Join(' ', arguments)}: {ran.Output} {ran.Errors}");
        return ran.Output;
    }
}
