using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>A vault with a real token beside the printer, from the ceremony to the archive.</summary>
public sealed class VaultTests
{
    [Fact]
    public async Task A_print_beside_a_vault_has_its_bundle_its_endorsement_and_a_place_in_the_archive()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.StartPrinterAsync();
        await world.SignInAsync();
        var licence = await world.LicenseAsync(prints: 1);
        var printer = await world.EnrolAsync();
        var pin = await world.InstallVaultAsync(printer);
        await world.StartVaultAsync();
        Assert.Equal(0, (await world.GatewayAsync("vault", "--socket", world.VaultSocket)).ExitCode);
        await world.StartGatewayAsync();

        var job = await world.FinishAsync(await world.StartJobAsync(licence, printer));
        Assert.True(World.Text(job, "state") == "done", job + world.Said("gateway"));
        await world.SaidAsync("engine", "is endorsed by the vault");
        var file = Path.Combine(world.Folder, "bracket.touchmark");
        Assert.Equal(0, (await world.AsAsync("maker", "certificate", "get", World.Text(job, "certificate_id"), "--output", file)).ExitCode);
        Assert.Equal(0, (await world.AsAsync("maker", "keys", "trust", "add", Path.Combine(world.Vault, "people", "root.json"))).ExitCode);
        AssertEndorsed(await world.AskAsync("maker", "verify", file));
        AssertEndorsed(JsonSerializer.Deserialize<JsonElement>((await world.VerifyInPythonAsync("maker", file)).Output));

        var archive = Path.Combine(world.Folder, "manifest.zip");
        var exported = await world.VaultAsync("export", archive);
        Assert.True(exported.ExitCode == 0, exported.Errors);
        // Somebody who has nothing but the archive and the pin on paper.
        var verified = await world.AsAsync("auditor", "verify", archive, "--root-pin", pin);
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Errors);
        var second = await world.PythonAsync("auditor", archive, "--root-pin", pin);
        Assert.True(second.ExitCode == 0, second.Output + second.Errors);
        Assert.Equal(1, (await world.AsAsync("auditor", "verify", archive, "--root-pin", Other(pin))).ExitCode);
        Assert.Equal(1, (await world.PythonAsync("auditor", archive, "--root-pin", Other(pin))).ExitCode);
    }

    private static void AssertEndorsed(JsonElement verified)
    {
        Assert.Equal("valid", World.Text(verified, "verdict"));
        foreach (var id in new[] { "certificate.vault", "certificate.bundle", "log.inclusion" })
        {
            Assert.Contains(verified.GetProperty("checks").EnumerateArray(), check => World.Text(check, "id") == id && World.Text(check, "outcome") == "passed");
        }
    }

    /// <summary>The pin of another root, as vectors have it: well-formed, and not this one.</summary>
    private static string Other(string pin)
    {
        var vector = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(World.Root, "spec", "vectors", "archive", "archives.json"))).RootElement.GetProperty("cases")[0].GetProperty("pin").GetString()!;
        Assert.NotEqual(pin, vector);
        return vector;
    }
}
