using System.Text.Json.Nodes;

namespace Touchmark.Gateway.Tests;

/// <summary>What the gateway asks its engine for when files are printed: token, keys, releases, ends, slices.</summary>
public sealed class EngineFileTests
{
    [Fact]
    public async Task A_file_without_its_key_opens_with_what_the_engine_releases_and_its_end_is_reported()
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        var toolpath = FileRig.Toolpath(5_000);
        var path = await SealAsync(rig, engine, toolpath);
        using var client = await rig.ConnectAsync();

        // The printer's key is not here yet either.
        var opened = (await client.AskAsync("open", ("path", path))).Answer;

        var print = JsonNode.Parse(Assert.Single(engine.Asked("unwrap")))!["print_id"]!.ToString();
        Assert.Equal(print, (string)opened["job"]!);
        Assert.Equal(print, (string)(await client.AskAsync("status")).Answer["job"]!);
        Assert.All(
            Directory.GetFiles(rig.Home, "*", SearchOption.AllDirectories).Where(static file => !file.EndsWith(".sock", StringComparison.Ordinal)),
            static file => Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(file)));
        Assert.Equal(toolpath[..1000], (await client.AskAsync("read", ("handle", (int)opened["handle"]!), ("offset", 0), ("length", 1000))).Raw);
        await client.AskAsync("close", ("handle", (int)opened["handle"]!), ("reason", "cancelled"));
        await engine.AskedAsync("end", 1);
        Assert.Equal("cancelled", (string)JsonNode.Parse(engine.Asked("end")[0])!["outcome"]!);
    }

    [Fact]
    public async Task A_gateway_that_is_restarted_in_mid_print_goes_on_with_the_same_print_until_its_end()
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        var path = await SealAsync(rig, engine);
        string first;
        using (var client = await rig.ConnectAsync())
        {
            first = await OpenAsync(client, path);
        }

        await rig.RestartAsync();

        using var again = await rig.ConnectAsync();
        Assert.Equal(first, await OpenAsync(again, path));
        await again.AskAsync("close", ("handle", 1), ("reason", "complete"));
        await engine.AskedAsync("end", 1);
        Assert.NotEqual(first, await OpenAsync(again, path));
    }

    [Fact]
    public async Task An_engine_that_is_away_refuses_the_file_and_the_next_attempt_is_the_same_print()
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        var path = await SealAsync(rig, engine);
        await rig.Desk.FetchKeysAsync(TestContext.Current.CancellationToken);
        using var client = await rig.ConnectAsync();
        engine.IsAway = true;
        Assert.Equal("ENGINE_UNREACHABLE", await client.RefusedAsync("open", ("path", path)));
        var kept = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(rig.Home, "prints.json"), TestContext.Current.CancellationToken))![0]!["print_id"]!.ToString();

        engine.IsAway = false;
        Assert.Equal(kept, await OpenAsync(client, path));
    }

    [Fact]
    public async Task An_end_that_could_not_be_reported_is_reported_when_the_engine_is_there_again_also_after_a_restart()
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        var path = await SealAsync(rig, engine);
        using (var client = await rig.ConnectAsync())
        {
            await OpenAsync(client, path);
            engine.IsAway = true;
            await client.AskAsync("close", ("handle", 1), ("reason", "complete"));
        }

        await rig.RestartAsync();
        Assert.Empty(engine.Asked("end"));
        engine.IsAway = false;
        rig.Desk.Connected();

        await engine.AskedAsync("end", 1);
        Assert.Equal("complete", (string)JsonNode.Parse(engine.Asked("end")[0])!["outcome"]!);
    }

    [Theory]
    [InlineData("PRINT_ENDED")]
    [InlineData("PRINT_TOO_LONG_AGO")]
    [InlineData("PRINT_RELEASED_OFTEN")]
    public async Task A_print_that_the_engine_takes_no_more_is_begun_anew_once(string code)
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        var path = await SealAsync(rig, engine);
        using var client = await rig.ConnectAsync();
        engine.Refusals["unwrap"] = (409, code);

        Assert.Equal(code, await client.RefusedAsync("open", ("path", path)));

        Assert.Equal(2, engine.Asked("unwrap").Select(body => JsonNode.Parse(body)!["print_id"]!.ToString()).Distinct().Count());
    }

    [Theory]
    [InlineData(403, "PRINTER_REVOKED")]
    [InlineData(409, "KEY_REVOKED")]
    [InlineData(409, "LICENCE_USED_UP")]
    [InlineData(429, "TOO_MANY_ATTEMPTS")]
    public async Task What_the_engine_refuses_is_told_in_its_words(int status, string code)
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        var path = await SealAsync(rig, engine);
        using var client = await rig.ConnectAsync();
        engine.Refusals["unwrap"] = (status, code);

        var (answer, _) = await client.AskAsync("open", ("path", path));

        Assert.Equal((code, "Do as it says.", "0"), ((string)answer["code"]!, (string)answer["fix"]!, (string)answer["figures"]!["left"]!));
    }

    [Fact]
    public async Task A_revoked_printer_asks_no_more_until_a_person_has_it_ask()
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        var path = await SealAsync(rig, engine);
        using var client = await rig.ConnectAsync();
        engine.Refusals["unwrap"] = (403, "PRINTER_REVOKED");
        Assert.Equal("PRINTER_REVOKED", await client.RefusedAsync("open", ("path", path)));
        Assert.Equal("PRINTER_REVOKED", await client.RefusedAsync("open", ("path", path)));
        Assert.Single(engine.Asked("unwrap"));
        Assert.Equal("revoked", (string)(await client.AskAsync("status")).Answer["token"]!["state"]!);

        engine.Refusals.Clear();
        Assert.True((bool)(await client.AskAsync("refresh_token")).Answer["ok"]!);
        await OpenAsync(client, path);
    }

    [Fact]
    public async Task A_key_that_the_engine_has_revoked_is_deleted()
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        await rig.Desk.FetchKeysAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["1.psek"], rig.Keys.Names);
        await rig.RestartAsync(() => engine.HandsOutKey = false);

        await rig.Desk.FetchKeysAsync(TestContext.Current.CancellationToken);

        Assert.Empty(rig.Keys.Names);
        using var client = await rig.ConnectAsync();
        Assert.Equal("FILE_KEY_MISSING", await client.RefusedAsync("open", ("path", await SealAsync(rig, engine))));
    }

    [Theory]
    [InlineData("good.0", -25, 5, "refresh-printer-token")]
    [InlineData("old", -40, -10, "printer-tokens")]
    [InlineData("old", -1, 29, "printer-tokens")]
    [InlineData("not a token\r\n", -1, 29, "printer-tokens")]
    public async Task A_token_is_exchanged_late_in_its_life_and_made_anew_where_it_is_worth_nothing(string token, int issued, int expires, string way)
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        var now = TimeProvider.System.GetUtcNow();
        var before = 0;
        await rig.RestartAsync(() =>
        {
            var kept = Path.Combine(rig.Home, "printer.token");
            File.WriteAllText(kept, new JsonObject { ["token"] = token, ["issued_at"] = now.AddDays(issued), ["expires_at"] = now.AddDays(expires) }.ToJsonString());
            File.SetUnixFileMode(kept, (UnixFileMode)0b110_000_000);
            before = engine.Asked(way).Count;
        });

        await rig.Desk.FetchKeysAsync(TestContext.Current.CancellationToken);
        await engine.AskedAsync(way, before + 1);

        Assert.Contains("good.", await File.ReadAllTextAsync(Path.Combine(rig.Home, "printer.token"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("valid", rig.Desk.Token.Status.State);
    }

    [Theory]
    [InlineData(-365)]
    [InlineData(365)]
    public async Task A_clock_that_is_wrong_by_a_year_does_not_cost_the_token(int days)
    {
        await using var engine = await FileEngine.StartAsync();
        engine.ClockOffset = TimeSpan.FromDays(days);
        await using var rig = new FileRig(engine: engine);

        await rig.Desk.FetchKeysAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["1.psek"], rig.Keys.Names);
        var status = rig.Desk.Token.Status;
        Assert.Equal("valid", status.State);
        Assert.InRange((status.ExpiresAt!.Value - status.IssuedAt!.Value).TotalDays, 29.9, 30.1);
        Assert.InRange(rig.Desk.Token.FreshFor.TotalDays, 23.9, 24.1);
    }

    [Fact]
    public async Task The_token_is_told_by_its_times_alone_and_renewed_on_demand()
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        using var client = await rig.ConnectAsync();
        var (refreshed, _) = await client.AskAsync("refresh_token");
        var (status, _) = await client.AskAsync("status");
        Assert.Equal((string)refreshed["expires_at"]!, (string)status["token"]!["expires_at"]!);
        Assert.DoesNotContain("good.", refreshed.ToJsonString() + status.ToJsonString() + string.Join('\n', rig.Journal.Entries), StringComparison.Ordinal);

        engine.IsAway = true;
        Assert.Equal("ENGINE_UNREACHABLE", await client.RefusedAsync("refresh_token"));
        Assert.Equal("valid", (string)(await client.AskAsync("status")).Answer["token"]!["state"]!);
    }

    [Fact]
    public async Task What_was_sliced_is_stored_under_its_name_for_its_owner_alone()
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        var made = await SealAsync(rig, engine, name: "made.gcode");
        engine.Sliced = await File.ReadAllBytesAsync(made, TestContext.Current.CancellationToken);
        using var client = await rig.ConnectAsync();
        var target = Path.Combine(rig.Gcodes, "a \"ü\".gcode");

        var (answer, _) = await client.AskAsync("slice", ("target", target), ("uri", "hedera://1"), ("token_id", 7), ("print", true), ("process_settings", new JsonObject { ["layer_height"] = 0.2 }));

        Assert.Equal(("a \"ü\".gcode", engine.Sliced.Length), ((string)answer["name"]!, (int)answer["size"]!));
        Assert.Equal(engine.Sliced, await File.ReadAllBytesAsync(target, TestContext.Current.CancellationToken));
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(target));
        Assert.Equal("slicing", (string)(await client.EventAsync("progress"))["stage"]!);
        var form = Assert.Single(engine.Asked("slice"));
        Assert.Contains("""{"token_id":"7","uri":"hedera://1"}""", form, StringComparison.Ordinal);
        Assert.Contains("layer_height", form, StringComparison.Ordinal);
        Assert.DoesNotContain("target", form, StringComparison.Ordinal);
        await OpenAsync(client, target);
        Assert.Equal("FILE_EXISTS", await client.RefusedAsync("slice", ("target", target)));
    }

    [Theory]
    [InlineData("engine refuses", "SETTING_REFUSED")]
    [InlineData("engine away", "ENGINE_UNREACHABLE")]
    [InlineData("plain", "ENGINE_ANSWER")]
    [InlineData("cut off", "ENGINE_ANSWER")]
    [InlineData("other printer", "ENGINE_ANSWER")]
    public async Task What_is_no_file_for_this_printer_leaves_nothing(string what, string code)
    {
        await using var engine = await FileEngine.StartAsync();
        await using var other = await FileEngine.StartAsync();
        await using var elsewhere = new FileRig(engine: other);
        await using var rig = new FileRig(engine: engine);
        var whole = await File.ReadAllBytesAsync(await SealAsync(what == "other printer" ? elsewhere : rig, engine, name: "made.gcode"), TestContext.Current.CancellationToken);
        File.Delete(Path.Combine(rig.Gcodes, "made.gcode"));
        engine.Sliced = what switch { "plain" => "G1 X1\n"u8.ToArray(), "cut off" => whole[..^1], _ => whole };
        engine.IsAway = what == "engine away";
        if (what == "engine refuses")
        {
            engine.Refusals["slice"] = (400, code);
        }

        using var client = await rig.ConnectAsync();
        Assert.Equal(code, await client.RefusedAsync("slice", ("target", Path.Combine(rig.Gcodes, "a.gcode"))));

        Assert.Empty(Directory.GetFileSystemEntries(rig.Gcodes));
    }

    [Fact]
    public async Task A_slice_is_stored_in_the_folder_of_the_greeting_alone_and_what_a_crash_left_is_removed()
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        Directory.CreateSymbolicLink(Path.Combine(rig.Gcodes, "out"), rig.Root);
        File.CreateSymbolicLink(Path.Combine(rig.Gcodes, "dangling.gcode"), Path.Combine(rig.Root, "absent"));
        var left = rig.Write(".touchmark-0011223344556677.part", [1]);

        using var client = await rig.ConnectAsync();

        Assert.False(File.Exists(left));
        foreach (var target in new[] { $"{rig.Root}/a.gcode", $"{rig.Gcodes}/../a.gcode", $"{rig.Gcodes}/out/a.gcode", $"{rig.Gcodes}/.a.gcode", $"{rig.Gcodes}/absent/a.gcode", "a.gcode", $"{rig.Gcodes}/" })
        {
            Assert.Equal("PATH_REFUSED", await client.RefusedAsync("slice", ("target", target)));
        }

        Assert.Equal("PATH_REFUSED", await client.RefusedAsync("slice"));
        Assert.Equal("FILE_EXISTS", await client.RefusedAsync("slice", ("target", $"{rig.Gcodes}/dangling.gcode")));
        Assert.Empty(engine.Asked("slice"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[null]")]
    [InlineData("[{\"print_id\":7}]")]
    public async Task A_list_of_prints_that_is_none_costs_the_list_alone(string text)
    {
        await using var engine = await FileEngine.StartAsync();
        await using var rig = new FileRig(engine: engine);
        await rig.RestartAsync(() =>
        {
            File.WriteAllText(Path.Combine(rig.Home, "prints.json"), text);
            File.SetUnixFileMode(Path.Combine(rig.Home, "prints.json"), (UnixFileMode)0b110_000_000);
        });
        using var client = await rig.ConnectAsync();
        await OpenAsync(client, await SealAsync(rig, engine));
    }

    private static Task<string> SealAsync(FileRig rig, FileEngine engine, byte[]? toolpath = null, string name = "a.gcode") =>
        rig.SealAsync(name, toolpath ?? FileRig.Toolpath(100), static order => order with { KeyInside = false }, key: engine.ContentKey);

    private static async Task<string> OpenAsync(PrinterClient client, string path)
    {
        var (answer, _) = await client.AskAsync("open", ("path", path));
        Assert.True((bool)answer["ok"]!, answer.ToJsonString());
        return (string)answer["job"]!;
    }
}
