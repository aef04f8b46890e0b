using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Tests.Licences;

public sealed class LicenceTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_granted_licence_puts_the_design_into_the_manufacturers_catalogue(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var worker = await server.JoinAsync(Role.Operator, "Print Shop");
        using var other = await server.JoinAsync(Role.Manufacturer, "Other Shop");
        var design = await oem.NewDesignAsync();

        var licence = (await oem.GrantAsync(design, manufacturer)).IsGood();

        foreach (var person in new[] { manufacturer, worker })
        {
            var entry = Assert.Single((await person.GetAsync("/api/catalogue")).IsGood().Body.EnumerateArray());
            Assert.Equal((licence.Id, "Bracket", "Bracket Works", 3), (entry.GetProperty("licence_id").GetGuid(), entry.GetProperty("name").GetString(), entry.GetProperty("owner").GetString(), entry.GetProperty("left").GetInt64()));
        }

        Assert.Empty((await other.GetAsync("/api/catalogue")).Body.EnumerateArray());
        (await other.GetAsync($"/api/licences/{licence.Id}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await manufacturer.GetAsync($"/api/licences/{licence.Id}")).IsGood();
    }

    [Fact]
    public async Task Grant_and_revocation_are_statements_that_verify_with_the_published_trust()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var stranger = server.Stranger();
        var id = (await oem.GrantAsync(await oem.NewDesignAsync(), manufacturer)).IsGood().Id;
        (await oem.PostAsync($"/api/licences/{id}/revoke", new { reason = "The bracket was recalled." })).IsGood();

        Assert.True(TrustStore.TryParse(System.Text.Encoding.UTF8.GetBytes((await stranger.GetAsync("/api/trust")).IsGood().Text), out var trust, out var problem), problem);
        var licence = (await server.Services.GetRequiredService<LicenceLedger>().FindAsync(id, default))!;
        var revocation = await server.Database.FirstOrDefaultAsync<byte[]>("select revocation_statement from licences where id = @Id", new { Id = id }, default);
        Assert.True(StatementVerifier.Verify<LicenceGrant>(new StatementPart(licence.Statement, null), trust, server.Time.GetUtcNow(), out var grant).IsValid);
        Assert.True(StatementVerifier.Verify<LicenceRevocation>(new StatementPart(revocation, null), trust, server.Time.GetUtcNow(), out var revoked).IsValid);
        Assert.Equal((id, 3, "Bracket Works", "Print Shop"), (grant!.LicenceId, grant.Prints, grant.Owner, grant.Manufacturers.Single()));
        Assert.Equal((id, "The bracket was recalled."), (revoked!.LicenceId, revoked.Reason));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task What_a_licence_allows_is_shown_and_signed(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var design = await oem.NewDesignAsync();

        var usual = (await oem.GrantAsync(design, manufacturer)).IsGood();
        var strict = await GrantAsync(new() { ["max_slowdown_percent"] = 0, ["max_temperature_trim_c"] = 0 });
        var lenient = await GrantAsync(new()
        {
            ["revocation_policy"] = "after_print", ["allow_script_store"] = true, ["allow_no_dead_man"] = true, ["max_slowdown_percent"] = 50, ["max_temperature_trim_c"] = 12.5,
        });

        await AssertTermsAsync(usual.Id, "at_once", scriptStore: false, noDeadMan: false, slowdown: 20, trim: 5);
        await AssertTermsAsync(strict, "at_once", scriptStore: false, noDeadMan: false, slowdown: 0, trim: 0);
        await AssertTermsAsync(lenient, "after_print", scriptStore: true, noDeadMan: true, slowdown: 50, trim: 12.5);

        async Task<Guid> GrantAsync(Dictionary<string, object?> terms)
        {
            terms["design_id"] = design;
            terms["prints"] = 1;
            terms["manufacturers"] = new[] { "Print Shop" };
            return (await oem.PostAsync("/api/licences", terms)).IsGood().Id;
        }

        async Task AssertTermsAsync(Guid id, string revocation, bool scriptStore, bool noDeadMan, double slowdown, double trim)
        {
            var shown = (await manufacturer.GetAsync($"/api/licences/{id}")).IsGood();
            Assert.Equal(
                (revocation, scriptStore, noDeadMan, slowdown, trim),
                (shown["revocation_policy"].GetString(), shown["allow_script_store"].GetBoolean(), shown["allow_no_dead_man"].GetBoolean(), shown["max_slowdown_percent"].GetDouble(), shown["max_temperature_trim_c"].GetDouble()));
            var licence = (await server.Services.GetRequiredService<LicenceLedger>().FindAsync(id, default))!;
            Assert.True(Statement.TryParse(licence.Statement, out var statement, out _));
            Assert.True(Document.TryDecode<LicenceGrant>(statement.Payload, out var grant, out var problem), problem);
            Assert.Equal(
                (revocation, scriptStore, noDeadMan, slowdown, trim),
                (LicenceGrant.NameOf(grant.RevocationPolicy!.Value), grant.AllowScriptStore!.Value, grant.AllowNoDeadMan!.Value, grant.MaxSlowdownPercent!.Value, grant.MaxTemperatureTrimC!.Value));
        }
    }

    [Fact]
    public async Task The_largest_grant_fits_into_its_envelope()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, new string('\u00e4', 100));
        var admin = await server.AdminAsync();
        var names = Enumerable.Range(0, 32).Select(i => $"{i:00}{new string('\u6f22', 98)}").ToArray();
        foreach (var name in names)
        {
            (await admin.PostAsync("/api/accounts", ServerFactory.NewAccount($"{Guid.CreateVersion7():N}@touchmark.test", Role.Manufacturer, name))).IsGood();
        }

        string[] terms = [.. Enumerable.Range(0, 16).Select(i => $"{i:00}{new string('\u6f22', 38)}")];
        (await oem.PostAsync("/api/licences", new { design_id = await oem.NewDesignAsync(), prints = 1, manufacturers = names, materials = terms, qualities = terms })).IsGood();
    }

    [Fact]
    public async Task A_bad_grant_is_refused_by_its_cause()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var design = await oem.NewDesignAsync();

        await RefusedAsync("prints", 0, "LICENCE_PRINTS");
        await RefusedAsync("prints", -1, "LICENCE_PRINTS");
        await RefusedAsync("prints", long.MaxValue, "LICENCE_PRINTS");
        await RefusedAsync("prints", "3", "BAD_REQUEST");
        await RefusedAsync("expires_at", server.Time.GetUtcNow(), "LICENCE_EXPIRY");
        await RefusedAsync("expires", server.Time.GetUtcNow().AddDays(1), "BAD_REQUEST");
        await RefusedAsync("manufacturers", Array.Empty<string>(), "LICENCE_NOBODY");
        await RefusedAsync("manufacturers", new[] { "No Such Shop" }, "MANUFACTURER_UNKNOWN");
        await RefusedAsync("manufacturers", new[] { "Bracket Works" }, "MANUFACTURER_UNKNOWN");
        await RefusedAsync("manufacturers", Enumerable.Repeat("Print Shop", 33), "LICENCE_NOBODY");
        await RefusedAsync("printers", new[] { Guid.CreateVersion7() }, "PRINTER_UNKNOWN");
        await RefusedAsync("materials", new[] { "PLA\n" + "M112" }, "TEXT_NOT_PLAIN");
        await RefusedAsync("materials", Enumerable.Range(0, 17).Select(i => $"material {i}"), "LICENCE_TERMS");
        await RefusedAsync("exposure_limit_s", 0, "LICENCE_LIMITS");
        await RefusedAsync("outage_limit_s", -1, "LICENCE_LIMITS");
        await RefusedAsync("max_slowdown_percent", -0.1, "LICENCE_ADJUSTMENTS");
        await RefusedAsync("max_slowdown_percent", 50.1, "LICENCE_ADJUSTMENTS");
        await RefusedAsync("max_temperature_trim_c", -1, "LICENCE_ADJUSTMENTS");
        await RefusedAsync("max_temperature_trim_c", 15.1, "LICENCE_ADJUSTMENTS");
        await RefusedAsync("revocation_policy", "never", "BAD_REQUEST");
        await RefusedAsync("allow_script_store", "yes", "BAD_REQUEST");
        (await rival.GrantAsync(design, manufacturer)).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await manufacturer.GrantAsync(design, manufacturer)).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        Assert.Empty((await oem.GetAsync("/api/licences")).Body.EnumerateArray());

        async Task RefusedAsync(string field, object value, string code)
        {
            var request = new Dictionary<string, object?> { ["design_id"] = design, ["prints"] = 3, ["manufacturers"] = new[] { "Print Shop" }, [field] = value };
            (await oem.PostAsync("/api/licences", request)).IsRefused(HttpStatusCode.BadRequest, code);
        }
    }

    [Fact]
    public async Task Only_the_owner_revokes_and_only_once()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var id = (await oem.GrantAsync(await oem.NewDesignAsync(), manufacturer)).IsGood().Id;
        var revoked = new List<Guid>();
        server.Services.GetRequiredService<LicenceOffice>().Revoked += revoked.Add;

        (await rival.PostAsync($"/api/licences/{id}/revoke", new { reason = "Envy" })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await oem.PostAsync($"/api/licences/{id}/revoke")).IsGood();
        (await oem.PostAsync($"/api/licences/{id}/revoke")).IsRefused(HttpStatusCode.Conflict, "LICENCE_REVOKED");

        Assert.Equal([id], revoked);
        Assert.Empty((await manufacturer.GetAsync("/api/catalogue")).Body.EnumerateArray());
    }

    [Fact]
    public async Task A_manufacturer_does_not_see_whom_else_a_licence_names()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var one = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var other = await server.JoinAsync(Role.Manufacturer, "Other Shop");
        var id = (await oem.PostAsync("/api/licences", new { design_id = await oem.NewDesignAsync(), prints = 1, manufacturers = new[] { "Print Shop", "Other Shop" } })).IsGood().Id;

        var seen = (await one.GetAsync($"/api/licences/{id}")).IsGood();

        Assert.DoesNotContain("Other Shop", seen.Text, StringComparison.Ordinal);
        Assert.Contains("Other Shop", (await oem.GetAsync($"/api/licences/{id}")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Scopes_are_stored_as_numbers_that_never_change()
    {
        // When this fails: a number that is in people's databases got another meaning. Put the old numbers back; give a new scope a new number and add it here.
        Assert.Equal("Manufacturer=1 Printer=2 Material=3 Quality=4", Frozen.Text<LicenceScope>());
        Assert.Equal("AtOnce=1 AfterPrint=2", Frozen.Text<RevocationPolicy>());
    }
}
