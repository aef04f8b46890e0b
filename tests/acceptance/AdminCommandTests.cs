using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>What admins and shops do on pages, done by command against a running engine.</summary>
public sealed class AdminCommandTests
{
    [Fact]
    public async Task An_admin_looks_after_people_by_command()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.SignInAsync();
        var (temporary, chosen) = (File(world, "temporary", "first-and-temporary"), File(world, "chosen", "chosen by Olga herself"));

        await SucceedAsync(world, "admin", "account", "create", "--email", "olga@example.com", "--name", "Olga", "--organisation", "Bracket Works", "--role", "oem", "--password-file", temporary, "--temporary");
        await SucceedAsync(world, "olga", Login(world, temporary));
        await RefusedAsync(world, "olga", "PASSWORD_TEMPORARY", "design", "list");
        await SucceedAsync(world, "olga", "account", "password", "--password-file", temporary, "--new-password-file", chosen);
        await SucceedAsync(world, "olga", "design", "list");

        var olga = Id((await world.AskAsync("admin", "account", "list")).EnumerateArray().Single(account => World.Text(account, "email") == "olga@example.com"));
        Assert.Contains("Bracket Works", (await SucceedAsync(world, "admin", "account", "organisations")).Output, StringComparison.Ordinal);
        await RefusedAsync(world, "olga", "FORBIDDEN", "audit", "list");
        await SucceedAsync(world, "admin", "account", "role", olga, "--role", "auditor");
        await SucceedAsync(world, "olga", "audit", "list");
        Assert.Equal("auditor", World.Text(await world.AskAsync("olga", "account", "me"), "role"));

        var token = Id((await world.AskAsync("admin", "account", "tokens", "--account", olga)).EnumerateArray().Single());
        await SucceedAsync(world, "admin", "account", "revoke-token", token, "--account", olga);
        await RefusedAsync(world, "olga", "UNAUTHENTICATED", "account", "me");
        await SucceedAsync(world, "olga", Login(world, chosen));
        await SucceedAsync(world, "admin", "account", "sign-out", olga);
        await RefusedAsync(world, "olga", "UNAUTHENTICATED", "account", "me");

        await SucceedAsync(world, "admin", "account", "disable", olga);
        Assert.Equal(1, (await world.AsAsync("olga", Login(world, chosen))).ExitCode);
        await SucceedAsync(world, "admin", "account", "enable", olga);
        await SucceedAsync(world, "olga", Login(world, chosen));
        var reset = File(world, "reset", (await SucceedAsync(world, "admin", "account", "reset-password", olga)).Output.Trim());
        Assert.Equal(1, (await world.AsAsync("olga", Login(world, chosen))).ExitCode);
        await SucceedAsync(world, "olga", Login(world, reset));
        await RefusedAsync(world, "olga", "PASSWORD_TEMPORARY", "audit", "list");
        await RefusedAsync(world, "maker", "FORBIDDEN", "account", "disable", olga);

        var acts = (await world.AskAsync("admin", "audit", "list", "--subject", $"account/{olga}")).GetProperty("records").EnumerateArray().Select(record => World.Text(record, "act")).ToHashSet(StringComparer.Ordinal);
        Assert.Superset(new HashSet<string>(["account.created", "account.role_changed", "account.disabled", "account.enabled", "account.password_reset"], StringComparer.Ordinal), acts);
    }

    [Fact]
    public async Task A_second_factor_is_set_up_used_required_and_taken_away_by_command()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.SignInAsync();
        var password = Path.Combine(world.Folder, "oem", "password");
        string[] login = ["login", world.Engine, "--email", "oem@example.com", "--password-file", password];

        var begun = await world.AskAsync("oem", "second-factor", "begin", "--password-file", password);
        await RefusedAsync(world, "oem", "CODE_REFUSED", "second-factor", "confirm", "000000x");
        var recovery = (await SucceedAsync(world, "oem", "second-factor", "confirm", Code(World.Text(begun, "secret")))).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(recovery.Length >= 8);
        Assert.True((await world.AskAsync("oem", "second-factor", "show")).TryGetProperty("totp_since", out _));

        await SucceedAsync(world, "oem", "logout");
        await RefusedAsync(world, "oem", "SECOND_FACTOR_NEEDED", login);
        await SucceedAsync(world, "oem", [.. login, "--code", recovery[0]]);
        await SucceedAsync(world, "oem", "design", "list");
        await RefusedAsync(world, "oem", "CODE_REFUSED", [.. login, "--code", recovery[0]]);
        var renewed = (await SucceedAsync(world, "oem", "second-factor", "recovery-codes", recovery[1])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await RefusedAsync(world, "oem", "CODE_REFUSED", [.. login, "--code", recovery[2]]);

        Assert.Contains("Needed by: oem.", (await SucceedAsync(world, "admin", "second-factor", "require", "--role", "oem")).Output, StringComparison.Ordinal);
        Assert.Contains("Needed by: oem.", (await SucceedAsync(world, "admin", "second-factor", "roles")).Output, StringComparison.Ordinal);
        Assert.Contains("No role needs one.", (await SucceedAsync(world, "admin", "second-factor", "require")).Output, StringComparison.Ordinal);
        await SucceedAsync(world, "oem", "second-factor", "remove", renewed[0]);
        await SucceedAsync(world, "oem", login);

        // Whoever lost app and codes asks an admin.
        await SucceedAsync(world, "oem", "second-factor", "begin", "--password-file", password);
        var oem = Id((await world.AskAsync("admin", "account", "list")).EnumerateArray().Single(account => World.Text(account, "email") == "oem@example.com"));
        await SucceedAsync(world, "admin", "second-factor", "remove-of", oem);
        await SucceedAsync(world, "oem", login);
    }

    [Fact]
    public async Task System_and_backups_are_looked_at_and_recorded_by_command()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.SignInAsync();

        var health = await world.AskAsync("admin", "system");
        Assert.True(health.GetProperty("database").GetProperty("well").GetBoolean());
        await RefusedAsync(world, "maker", "FORBIDDEN", "system");
        await SucceedAsync(world, "admin", "backup", "record", "--note", "nightly, to the tape", "--at", "2026-01-02T03:04:05Z");
        await RefusedAsync(world, "admin", "TEXT_NOT_PLAIN", "backup", "record", "--note", new string('x', 10_000));
        await RefusedAsync(world, "admin", "BACKUP_TIME", "backup", "record", "--note", "tomorrow's", "--at", "2999-01-01T00:00:00Z");
        await RefusedAsync(world, "maker", "FORBIDDEN", "backup", "record", "--note", "mine");
        Assert.Contains("nightly, to the tape", (await SucceedAsync(world, "admin", "backup", "list")).Output, StringComparison.Ordinal);
        Assert.Equal("nightly, to the tape", World.Text((await world.AskAsync("admin", "system")).GetProperty("backup"), "note"));
    }

    [Fact]
    public async Task A_shop_looks_after_a_printer_by_command_until_it_is_revoked()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.StartPrinterAsync();
        await world.SignInAsync();
        var licence = await world.LicenseAsync(1);
        var printer = await world.EnrolAsync();

        await RefusedAsync(world, "maker", "NOT_FOUND", "printer", "prices", printer);
        Assert.Equal(2, (await world.AsAsync("maker", "printer", "prices", printer, "--hour", "4.5")).ExitCode);
        await SucceedAsync(world, "maker", "printer", "prices", printer, "--hour", "4.5", "--kg", "25", "--currency", "CHF");
        Assert.Equal((4.5, "CHF"), await world.AskAsync("maker", "printer", "prices", printer) is var prices ? (prices.GetProperty("per_hour").GetDouble(), World.Text(prices, "currency")) : default);
        await SucceedAsync(world, "maker", "printer", "note", printer, "New nozzle 🙂");
        Assert.Contains("New nozzle 🙂", (await SucceedAsync(world, "maker", "printer", "notes", printer)).Output, StringComparison.Ordinal);
        await SucceedAsync(world, "maker", "printer", "bed-check", printer, "off");
        Assert.Empty((await world.AskAsync("maker", "printer", "queue", printer)).EnumerateArray());

        var estimate = await world.AskAsync("maker", "job", "estimate", "--licence", licence, "--printer", printer, "--quality", "draft");
        Assert.Contains("is not connected", World.Text(estimate.GetProperty("checks").EnumerateArray().Single(check => World.Text(check, "what") == "printer"), "text"), StringComparison.Ordinal);
        await RefusedAsync(world, "oem", "FORBIDDEN", "printer", "revoke", printer);
        await SucceedAsync(world, "maker", "printer", "revoke", printer);
        await RefusedAsync(world, "maker", "PRINTER_REVOKED", "job", "start", "--licence", licence, "--printer", printer);
    }

    private static string[] Login(World world, string password) => ["login", world.Engine, "--email", "olga@example.com", "--password-file", password];

    private static async Task<Ran> SucceedAsync(World world, string who, params string[] arguments)
    {
        var ran = await world.AsAsync(who, arguments);
        Assert.True(ran.ExitCode == 0, $"touchmark {string.Join(' ', arguments)} ended with {ran.ExitCode}: {ran.Errors}");
        return ran;
    }

    private static async Task RefusedAsync(World world, string who, string code, params string[] arguments)
    {
        var ran = await world.AsAsync(who, arguments);
        Assert.True(ran.ExitCode == 1 && ran.Errors.Contains($"({code})", StringComparison.Ordinal), $"touchmark {string.Join(' ', arguments)} ended with {ran.ExitCode}: {ran.Output} {ran.Errors}");
    }

    private static string Id(JsonElement row) => World.Text(row, "id");

    private static string File(World world, string name, string text)
    {
        var path = Path.Combine(world.Folder, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    /// <summary>The code of now, as an authenticator app makes it (RFC 6238); the engine takes the one before it, too.</summary>
    private static string Code(string secret)
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var bits = string.Concat(secret.Replace(" ", "", StringComparison.Ordinal).TrimEnd('=').Select(letter => Convert.ToString(Alphabet.IndexOf(letter, StringComparison.OrdinalIgnoreCase), 2).PadLeft(5, '0')));
        var key = Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(8 * i, 8), 2)).ToArray();
        var counter = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 30);
#pragma warning disable CA5350 // What authenticator apps do.
        var hash = HMACSHA1.HashData(key, counter);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 15)) & int.MaxValue;
        return (number % 1_000_000).ToString("000000", System.Globalization.CultureInfo.InvariantCulture);
    }
}
