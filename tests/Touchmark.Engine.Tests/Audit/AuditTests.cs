using System.Net;
using System.Text;
using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Tests.Audit;

public sealed class AuditTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Every_administrative_act_leaves_a_signed_record_bound_to_the_one_before(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        var admin = await server.AdminAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var licence = (await oem.GrantAsync(await oem.NewDesignAsync(), manufacturer)).IsGood().Id;
        var printer = await server.EnrolPrinterAsync(manufacturer);
        (await oem.PostAsync($"/api/licences/{licence}/revoke", new { reason = "The bracket was recalled." })).IsGood();
        (await manufacturer.PostAsync($"/api/printers/{printer}/revoke")).IsGood();
        var account = (await manufacturer.GetAsync("/api/me")).Id;
        (await manufacturer.PostAsync("/api/me/password", new { current_password = Person.Password, new_password = "another horse altogether" })).IsGood();
        (await admin.PostAsync($"/api/accounts/{account}/role", new { role = "operator" })).IsGood();
        (await admin.PostAsync($"/api/accounts/{account}/sign-out")).IsGood();
        (await admin.PostAsync($"/api/accounts/{account}/disable")).IsGood();
        (await admin.PostAsync($"/api/accounts/{account}/enable")).IsGood();

        var records = await ReadAsync(server, admin);
        Assert.Equal(
            [
                "engine key.made", "engine key.made", "engine key.made", "engine key.made", "engine key.made", "engine key.made", "engine settings.changed", "setup-token account.created", "admin account.created", "admin account.created", "oem licence.granted",
                "manufacturer pairing_code.made", "account printer.enrolled", "oem licence.revoked", "manufacturer printer.revoked", "manufacturer account.password_changed", "admin account.role_changed",
                "admin account.tokens_revoked", "admin account.disabled", "admin account.enabled",
            ],
            records.Select(record => $"{record.ActorRole ?? record.Actor.Split('/')[0]} {record.Act}"));
        Assert.Equal($"licence/{licence:D}", records.Single(record => record.Act == "licence.revoked").AboutWhat);
        Assert.Contains(new AuditDetail("reason", "The bracket was recalled."), records.Single(record => record.Act == "licence.revoked").Details);
        Assert.Equal([new("from", "manufacturer"), new("to", "operator")], records.Single(record => record.Act == "account.role_changed").Details);
        Assert.All(records, record => Assert.Equal(AuditOutcome.Done, record.Outcome));
    }

    [Fact]
    public async Task No_secret_and_no_address_is_in_any_record()
    {
        await using var server = await ServerFactory.StartAsync();
        var setupToken = await File.ReadAllTextAsync(server.SetupTokenFile);
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var code = await manufacturer.PairingCodeAsync();
        (await manufacturer.PostAsync("/api/me/password", new { current_password = Person.Password, new_password = "another horse altogether" })).IsGood();

        var statements = await server.Database.QueryAsync<byte[]>("select statement from audit", null, default);
        var details = await server.Database.QueryAsync<string>("select details from audit", null, default);

        foreach (var secret in new[] { setupToken, code, code.Replace("-", "", StringComparison.Ordinal), Person.Password, "another horse altogether", manufacturer.Token, manufacturer.Email })
        {
            Assert.All(statements, statement => Assert.Equal(-1, statement.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret))));
            Assert.All(details, text => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_act_that_cannot_be_written_down_does_not_happen()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var licence = (await oem.GrantAsync(await oem.NewDesignAsync(), manufacturer)).IsGood().Id;
        await server.Database.ExecuteAsync("create trigger broken before insert on audit begin select raise(abort, 'broken'); end", null, default);

        (await oem.PostAsync($"/api/licences/{licence}/revoke")).IsRefused(HttpStatusCode.InternalServerError, "INTERNAL");

        Assert.False((await oem.GetAsync($"/api/licences/{licence}")).Body.TryGetProperty("revoked_at", out _));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Acts_at_the_same_time_make_one_chain_without_gaps(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");

        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(manufacturer.PairingCodeAsync)));

        Assert.Equal(12, (await ReadAsync(server, await server.AdminAsync())).Count(record => record.Act == Acts.PairingCodeMade));
    }

    [Fact]
    public async Task A_record_that_was_altered_exchanged_or_taken_out_is_seen()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        await manufacturer.PairingCodeAsync();
        var statements = (await server.Database.QueryAsync<byte[]>("select statement from audit order by number", null, default)).ToList();
        var trust = await TrustAsync(server);

        Assert.Null(Problem(statements));
        Assert.Contains("is missing", Problem([.. statements[..2], .. statements[3..]]), StringComparison.Ordinal);
        Assert.Contains("is missing", Problem([.. statements[..2], statements[3], statements[2], .. statements[4..]]), StringComparison.Ordinal);
        var altered = statements[2].ToArray();
        altered[^1] ^= 1;
        Assert.Contains("signature is wrong", Problem([.. statements[..2], altered]), StringComparison.Ordinal);
        // Another record with the right number, rightly signed, by the same engine: the chain breaks behind it.
        await using (var other = await ServerFactory.StartAsync())
        {
            var foreign = await other.Database.FirstOrDefaultAsync<byte[]>("select statement from audit where number = 2", null, default);
            var both = new TrustStore([.. trust.Keys, .. (await TrustAsync(other)).Keys]);
            Assert.Contains("was replaced", Problem([statements[0], foreign!, .. statements[2..]], both), StringComparison.Ordinal);
        }

        string? Problem(List<byte[]> envelopes, TrustStore? keys = null)
        {
            var chain = new AuditChain(keys ?? trust, server.Time.GetUtcNow());
            return envelopes.Select(envelope => chain.Add(envelope)).FirstOrDefault(problem => problem is not null);
        }
    }

    [Fact]
    public async Task Records_are_paged_found_by_their_subject_and_shown_to_admins_and_auditors_alone()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var auditor = await server.JoinAsync(Role.Auditor, "Auditors");
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");

        var newest = (await auditor.GetAsync("/api/audit?limit=2")).IsGood();
        var older = (await auditor.GetAsync($"/api/audit?limit=2&before={newest["next"].GetInt64()}")).IsGood();
        Assert.Equal([10, 9, 8, 7], Numbers(newest).Concat(Numbers(older)));
        Assert.Equal("admin@touchmark.test", newest["records"][0].GetProperty("actor_email").GetString());
        var about = (await oem.GetAsync("/api/me")).Id;
        Assert.Equal([10], Numbers((await admin.GetAsync($"/api/audit?subject=account/{about:D}")).IsGood()));
        Assert.Equal(HttpStatusCode.OK, (await auditor.Http.GetAsync(new Uri("/api/audit/7/statement", UriKind.Relative))).StatusCode);

        (await auditor.GetAsync("/api/audit?limit=501")).IsRefused(HttpStatusCode.BadRequest, "PAGE_INVALID");
        (await auditor.GetAsync("/api/audit/99/statement")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await oem.GetAsync("/api/audit")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await oem.GetAsync("/api/audit/7/statement")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");

        static IEnumerable<long> Numbers(Answer page) => page["records"].EnumerateArray().Select(record => record.GetProperty("number").GetInt64());
    }

    [Fact]
    public async Task What_an_admin_was_refused_is_written_down_too()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        (await admin.PostAsync($"/api/accounts/{(await admin.GetAsync("/api/me")).Id}/disable")).IsRefused(HttpStatusCode.Conflict, "OWN_ACCOUNT");

        var last = (await ReadAsync(server, admin))[^1];

        Assert.Equal((AuditOutcome.Refused, "OWN_ACCOUNT", "account.disabled"), (last.Outcome, last.RefusalCode, last.Act));
    }

    [Fact]
    public async Task Starting_again_writes_settings_down_only_when_they_changed()
    {
        await using var server = await ServerFactory.StartAsync();
        await server.RestartAsync();
        await server.RestartAsync();

        Assert.Equal(1, await server.Database.FirstOrDefaultAsync<long>("select count(*) from audit where act = 'settings.changed'", null, default));
        Assert.Equal(6, await server.Database.FirstOrDefaultAsync<long>("select count(*) from audit where act = 'key.made'", null, default));
    }

    [Fact]
    public void Acts_have_names_that_never_change()
    {
        // When this fails: a name that is in signed statements was changed. Put it back; give a new act a new name and add it here.
        Assert.Equal(
            "account.created account.disabled account.enabled account.role_changed account.password_changed account.password_reset account.second_factor_added account.second_factor_removed account.recovery_codes_made account.recovery_code_used second_factor.roles_set account.passkey_added account.passkey_removed account.passkey_renamed account.identity_linked account.identity_unlinked account.tokens_revoked design.gtin_set licence.granted licence.revoked pairing_code.made "
            + "printer.enrolled printer.accepted printer.presented printer.declined printer.revoked printer.bed_cleared printer.bed_check_set printer_key.rotated printer_key.revoked file.sealed file.key_released file.print_ended job.halted job.priority_set job.paused job.resumed key.made custodian.invited parts.recalled regulator_root.added regulator_root.removed regulator.added regulator.removed identity.revealed backup.recorded finding.reviewed settings.changed",
            string.Join(' ', typeof(Acts).GetFields().Select(field => field.GetRawConstantValue())));
    }

    /// <summary>Every record, checked one after the other with the engine's published keys, as <c>touchmark audit check</c> does.</summary>
    private static async Task<List<AuditRecord>> ReadAsync(ServerFactory server, Person reader)
    {
        var trust = await TrustAsync(server);
        var chain = new AuditChain(trust, server.Time.GetUtcNow());
        var records = new List<AuditRecord>();
        for (long? after = 0; after is not null;)
        {
            var page = (await reader.GetAsync($"/api/audit?after={after}&limit=5&statements=true")).IsGood();
            foreach (var record in page["records"].EnumerateArray())
            {
                var envelope = record.GetProperty("statement").GetBytesFromBase64();
                Assert.Null(chain.Add(envelope));
                Assert.True(StatementVerifier.Verify<AuditRecord>(new StatementPart(envelope, null), trust, server.Time.GetUtcNow(), out var document).IsValid);
                records.Add(document!);
            }

            after = page.Body.TryGetProperty("next", out var next) && next.ValueKind == JsonValueKind.Number ? next.GetInt64() : null;
        }

        return records;
    }

    private static async Task<TrustStore> TrustAsync(ServerFactory server)
    {
        using var stranger = server.Stranger();
        Assert.True(TrustStore.TryParse(Encoding.UTF8.GetBytes((await stranger.GetAsync("/api/trust")).IsGood().Text), out var trust, out var problem), problem);
        return trust;
    }
}
