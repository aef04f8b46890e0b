using System.Net;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Accounts;

public sealed class AccountTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_admin_makes_accounts_that_can_sign_in(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);

        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");

        var me = (await oem.GetAsync("/api/me")).IsGood();
        Assert.Equal("oem", me["role"].GetString());
        Assert.Equal("Bracket Works", me["organisation"].GetString());
    }

    [Fact]
    public async Task Nobody_else_makes_accounts()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var stranger = server.Stranger();
        var request = ServerFactory.NewAccount("new@touchmark.test", Role.Admin, "Bracket Works");

        (await oem.PostAsync("/api/accounts", request)).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await stranger.PostAsync("/api/accounts", request)).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task One_e_mail_address_has_one_account_however_it_is_written()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var admin = await server.AdminAsync();

        var again = await admin.PostAsync("/api/accounts", ServerFactory.NewAccount(" " + oem.Email.ToUpperInvariant(), Role.Oem, "Other"));

        again.IsRefused(HttpStatusCode.Conflict, "ACCOUNT_EXISTS");
    }

    [Theory]
    [InlineData("email", "nobody", "EMAIL_INVALID")]
    [InlineData("email", "a b@example.org", "EMAIL_INVALID")]
    [InlineData("email", "@", "EMAIL_INVALID")]
    [InlineData("password", "short", "PASSWORD_LENGTH")]
    [InlineData("name", "", "TEXT_NOT_PLAIN")]
    [InlineData("name", "two\nlines", "TEXT_NOT_PLAIN")]
    [InlineData("name", "evil\u202Egnp.exe", "TEXT_NOT_PLAIN")]
    [InlineData("organisation", "\u001b[2J", "TEXT_NOT_PLAIN")]
    [InlineData("role", null, "ROLE_MISSING")]
    [InlineData("role", "emperor", "BAD_REQUEST")]
    [InlineData("role", "1", "BAD_REQUEST")]
    [InlineData("is_admin", "yes", "BAD_REQUEST")]
    public async Task A_bad_field_is_refused_by_its_cause(string field, string? value, string code)
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        var request = (Dictionary<string, object?>)ServerFactory.NewAccount("new@touchmark.test", Role.Oem, "Bracket Works");
        request[field] = value;

        (await admin.PostAsync("/api/accounts", request)).IsRefused(HttpStatusCode.BadRequest, code);
    }

    [Fact]
    public async Task A_password_that_is_far_too_long_is_refused_before_it_is_hashed()
    {
        await using var server = await ServerFactory.StartAsync();
        var request = (Dictionary<string, object?>)ServerFactory.NewAccount("new@touchmark.test", Role.Oem, "Bracket Works");
        request["password"] = new string('p', 100_000);

        (await (await server.AdminAsync()).PostAsync("/api/accounts", request)).IsRefused(HttpStatusCode.BadRequest, "PASSWORD_LENGTH");
    }

    [Fact]
    public async Task A_disabled_account_is_locked_out_at_once()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var id = (await oem.GetAsync("/api/me")).Id;

        (await admin.PostAsync($"/api/accounts/{id}/disable")).IsGood();

        (await oem.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await oem.PostAsync("/api/tokens", new { email = oem.Email, Person.Password })).IsRefused(HttpStatusCode.Unauthorized, "SIGN_IN_REFUSED");
    }

    [Fact]
    public async Task An_enabled_account_signs_in_again_and_its_old_tokens_stay_gone()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var id = (await oem.GetAsync("/api/me")).Id;
        (await admin.PostAsync($"/api/accounts/{id}/disable")).IsGood();
        (await admin.PostAsync($"/api/accounts/{id}/enable")).IsGood();

        (await oem.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        using var again = await server.SignInAsync(oem.Email);
        (await again.GetAsync("/api/me")).IsGood();
    }

    [Fact]
    public async Task Another_role_counts_from_the_next_request_on()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var worker = await server.JoinAsync(Role.Operator, "Print Shop");
        (await worker.PostAsync("/api/pairing-codes")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");

        (await admin.PostAsync($"/api/accounts/{(await worker.GetAsync("/api/me")).Id}/role", new { role = "manufacturer" })).IsGood();

        (await worker.PostAsync("/api/pairing-codes")).IsGood();
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task There_is_always_an_admin_left_whoever_is_faster(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        var one = await server.AdminAsync();
        using var other = await server.JoinAsync(Role.Admin, "Touchmark");
        var (oneId, otherId) = ((await one.GetAsync("/api/me")).Id, (await other.GetAsync("/api/me")).Id);

        var answers = await Task.WhenAll(one.PostAsync($"/api/accounts/{otherId}/role", new { role = "auditor" }), other.PostAsync($"/api/accounts/{oneId}/role", new { role = "auditor" }));

        Assert.Contains(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.Equal(1, await server.Database.FirstOrDefaultAsync<long>("select count(*) from accounts where role = 5", null, default));
    }

    [Fact]
    public async Task A_new_password_needs_the_old_one_and_signs_every_other_place_out()
    {
        await using var server = await ServerFactory.StartAsync();
        using var here = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var elsewhere = await server.SignInAsync(here.Email);
        const string next = "another horse altogether";

        (await here.PostAsync("/api/me/password", new { current_password = "not the password", new_password = next })).IsRefused(HttpStatusCode.Forbidden, "PASSWORD_WRONG");
        (await here.PostAsync("/api/me/password", new { current_password = Person.Password, new_password = "short" })).IsRefused(HttpStatusCode.BadRequest, "PASSWORD_LENGTH");
        (await elsewhere.GetAsync("/api/me")).IsGood();
        (await here.PostAsync("/api/me/password", new { current_password = Person.Password, new_password = next })).IsGood();

        (await here.GetAsync("/api/me")).IsGood();
        (await elsewhere.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await elsewhere.PostAsync("/api/tokens", new { email = here.Email, Person.Password })).IsRefused(HttpStatusCode.Unauthorized, "SIGN_IN_REFUSED");
        (await elsewhere.PostAsync("/api/tokens", new { email = here.Email, password = next })).IsGood();
    }

    [Fact]
    public void Roles_are_stored_as_numbers_that_never_change()
    {
        // When this fails: a number that is in people's databases got another meaning. Put the old numbers back; give a new role a new number and add it here.
        Assert.Equal("Oem=1 Manufacturer=2 Operator=3 Auditor=4 Admin=5 Custodian=6", Frozen.Text<Role>());
    }
}
