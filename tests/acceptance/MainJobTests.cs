using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Touchmark.Acceptance;

/// <summary>The main job with real processes, and what must be true of what it leaves behind.</summary>
public sealed partial class MainJobTests
{
    [Fact]
    public async Task A_licensed_part_is_printed_and_leaves_a_certificate_but_no_toolpath()
    {
        await using var world = new World();
        var (licence, printer) = await world.EquipAsync(prints: 3);

        var catalogue = await world.AskAsync("maker", "catalogue");
        Assert.Equal("Bracket", World.Text(Assert.Single(catalogue.EnumerateArray()), "name"));
        var job = await world.FinishAsync(await world.StartJobAsync(licence, printer));
        Assert.True(World.Text(job, "state") == "done", job.ToString());

        var file = Path.Combine(world.Folder, "bracket.touchmark");
        var got = await world.AsAsync("maker", "certificate", "get", World.Text(job, "certificate_id"), "--output", file);
        Assert.Equal(0, got.ExitCode);
        var verified = await world.AskAsync("maker", "verify", file);
        AssertLogged(verified);
        var second = await world.VerifyInPythonAsync("maker", file);
        Assert.True(second.ExitCode == 0, second.Errors);
        AssertLogged(JsonSerializer.Deserialize<JsonElement>(second.Output));
        await RefuseAlterationsAsync(world, file);
        await world.AssertSafeAsync();

        Assert.Equal(1, (await world.AskAsync("oem", "licence", "list"))[0].GetProperty("taken").GetInt32());
        await world.StopAsync("gateway");
        await world.StopAsync("engine");
        await world.StopAsync("printer");
        SearchForLeaks(world);
    }

    private static void AssertLogged(JsonElement verified)
    {
        Assert.Equal("valid", World.Text(verified, "verdict"));
        Assert.Contains(verified.GetProperty("checks").EnumerateArray(), check => World.Text(check, "id") == "log.inclusion" && World.Text(check, "outcome") == "passed");
    }

    /// <summary>Fifty bytes, spread over the file, each changed in one bit.</summary>
    private static async Task RefuseAlterationsAsync(World world, string file)
    {
        var bytes = await File.ReadAllBytesAsync(file);
        var altered = Path.Combine(world.Folder, "altered.touchmark");
        for (var number = 0; number < 50; number++)
        {
            var at = (int)((long)bytes.Length * number / 50);
            bytes[at] ^= (byte)(1 << (number % 8));
            await File.WriteAllBytesAsync(altered, bytes);
            bytes[at] ^= (byte)(1 << (number % 8));
            var ran = await world.AsAsync("maker", "verify", altered);
            Assert.True(ran.ExitCode is 1 or 2, $"byte {at} of {bytes.Length} altered, and verify ended with {ran.ExitCode}: {ran.Output}");
        }
    }

    /// <summary>Every file of the run, but the printer's own record of its motion.</summary>
    private static void SearchForLeaks(World world)
    {
        var model = File.ReadAllBytes(Path.Combine(World.Root, "samples", "bracket.stl"));
        var searched = 0;
        foreach (var file in Directory.EnumerateFiles(world.Folder, "*", SearchOption.AllDirectories).Where(file => file != world.PrinterRecord))
        {
            var bytes = File.ReadAllBytes(file);
            // Binary STL: 84 bytes of header, then facets of 50: a normal, three corners, two bytes.
            for (var facet = 84; facet + 50 <= model.Length; facet += 50)
            {
                Assert.True(bytes.AsSpan().IndexOf(model.AsSpan(facet + 12, 36)) < 0, $"{file} holds facet {(facet - 84) / 50} of the model.");
            }

            var leak = MoveLine().Match(Encoding.Latin1.GetString(bytes));
            Assert.False(leak.Success, $"{file} holds a line of toolpath: {leak.Value}");
            searched++;
        }

        Assert.True(searched > 10, $"Only {searched} files were there to search.");
        Assert.Matches("[0-9]", File.ReadLines(world.PrinterRecord).Skip(1).First());
    }

    [GeneratedRegex("G[0-3] [XYZEF]-?[0-9]", RegexOptions.NonBacktracking)]
    private static partial Regex MoveLine();
}
