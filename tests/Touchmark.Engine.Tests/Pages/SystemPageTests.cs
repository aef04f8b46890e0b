using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Pages;

/// <summary>Admins see how the engine is and when it was backed up; and everybody chooses light or dark.</summary>
public sealed class SystemPageTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task The_engine_says_how_its_parts_are(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        var admin = await server.AdminAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        await server.EnrolPrinterAsync(maker);

        var health = (await admin.GetAsync("/api/system")).IsGood();

        Assert.Equal(storage == StorageKind.Sqlite ? "SQLite" : "PostgreSQL", health["database"].GetProperty("kind").GetString());
        Assert.True(health["database"].GetProperty("bytes").GetInt64() > 100_000);
        Assert.Equal(await server.Database.FirstOrDefaultAsync<long>("select max(number) from schema_migrations", null, CancellationToken.None), health["database"].GetProperty("last_migration").GetInt64());
        Assert.True(health["log"].GetProperty("size").GetInt64() + health["log"].GetProperty("waiting").GetInt64() > 0);
        Assert.InRange(health["disk"].GetProperty("free_bytes").GetInt64(), 1, health["disk"].GetProperty("total_bytes").GetInt64());
        Assert.Equal((0, 1), (health["gateways"].GetProperty("connected").GetInt32(), health["gateways"].GetProperty("printers").GetInt32()));
        Assert.False(health["backup"].GetProperty("well").GetBoolean());
    }

    [Fact]
    public async Task A_backup_that_is_recorded_is_shown_with_its_age_and_grows_old()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var browser = await Browser.OfAsync(server, admin);
        Assert.Contains("No backup was ever recorded", await browser.TextAsync("/system"), StringComparison.Ordinal);

        using var empty = await browser.SubmitAsync("/system", "/system/backups", ("note", " "));
        Assert.Contains("TEXT_NOT_PLAIN", await empty.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var recorded = await browser.SubmitAsync("/system", "/system/backups", ("note", "tape <7>"));
        var page = await browser.TextAsync("/system");
        Assert.Contains("tape &lt;7&gt;", page, StringComparison.Ordinal);
        Assert.Contains(">recent<", page, StringComparison.Ordinal);
        (await admin.PostAsync("/api/backups", new { note = "from the future", made_at = server.Time.GetUtcNow().AddHours(1) })).IsRefused(HttpStatusCode.BadRequest, "BACKUP_TIME");
        (await admin.PostAsync("/api/backups", new { note = "an older one", made_at = server.Time.GetUtcNow().AddDays(-9) })).IsGood();
        Assert.Equal(2, (await admin.GetAsync("/api/backups")).IsGood().Body.GetArrayLength());
        Assert.Equal("tape <7>", (await admin.GetAsync("/api/system")).IsGood()["backup"].GetProperty("note").GetString());

        server.Time.Advance(TimeSpan.FromHours(23));
        Assert.True((await admin.GetAsync("/api/system")).IsGood()["backup"].GetProperty("well").GetBoolean());
        server.Time.Advance(TimeSpan.FromHours(26));
        using var later = await server.SignInAsync(admin.Email);
        Assert.False((await later.GetAsync("/api/system")).IsGood()["backup"].GetProperty("well").GetBoolean());
    }

    [Fact]
    public async Task The_state_of_the_engine_is_for_admins_and_auditors_and_only_admins_record_backups()
    {
        await using var server = await ServerFactory.StartAsync();
        using var auditor = await server.JoinAsync(Role.Auditor, "Watchers");
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, auditor);

        Assert.DoesNotContain("Record a backup", await browser.TextAsync("/system"), StringComparison.Ordinal);
        (await auditor.PostAsync("/api/backups", new { note = "x" })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await oem.GetAsync("/api/system")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task The_same_is_in_the_metrics()
    {
        var seen = new Dictionary<string, double>(StringComparer.Ordinal);
        await using var server = await ServerFactory.StartAsync();
        await server.AdminAsync();
        var mine = server.Services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, listening) => { if (instrument.Meter is { Name: "Touchmark.Engine.Health" } meter && meter.Scope == mine) { listening.EnableMeasurementEvents(instrument); } } };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();

        listener.RecordObservableInstruments();

        Assert.True(seen["touchmark.disk.free"] > 0);
        Assert.True(seen["touchmark.database.size"] > 0);
        Assert.Contains("touchmark.log.waiting", seen.Keys);
        Assert.DoesNotContain("touchmark.backup.age", seen.Keys);
    }

    [Fact]
    public async Task Light_or_dark_is_chosen_in_a_browser_and_taken_back()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, oem);
        Assert.DoesNotContain("data-theme", await browser.TextAsync("/"), StringComparison.Ordinal);

        using var dark = await browser.SubmitAsync("/account", "/account/theme", ("theme", "dark"));
        Assert.Contains("<html lang=\"en\" data-theme=\"dark\">", await browser.TextAsync("/"), StringComparison.Ordinal);
        Assert.Contains("data-theme=\"dark\"", await browser.TextAsync("/sign-in"), StringComparison.Ordinal);
        using var nonsense = await browser.SubmitAsync("/account", "/account/theme", ("theme", "\"><script>"));
        Assert.DoesNotContain("data-theme", await browser.TextAsync("/"), StringComparison.Ordinal);
    }
}
