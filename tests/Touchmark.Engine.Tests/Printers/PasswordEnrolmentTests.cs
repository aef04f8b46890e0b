using System.Net;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.Tests.Printers;

/// <summary>A printer that is enrolled by e-mail address and password in place of a pairing code.</summary>
public sealed class PasswordEnrolmentTests
{
    [Fact]
    public async Task A_manufacturer_or_an_admin_enrols_a_printer_for_its_organisation()
    {
        await using var server = await ServerFactory.StartAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var gateway = server.Stranger();

        foreach (var (account, organisation) in new[] { (maker, "Print Shop"), (await server.AdminAsync(), "Touchmark") })
        {
            using var device = P256PrivateKey.Generate();
            var answer = (await gateway.PostAsync("/api/enrolments", Gateways.EnrolmentBy(account, device))).IsGood();

            var id = answer["printer_id"].GetGuid();
            Assert.Equal(organisation, (await account.GetAsync($"/api/printers/{id}")).IsGood()["organisation"].GetString());
            Assert.Equal(server.Time.GetUtcNow().AddDays(30), answer["printer_token_expires_at"].GetDateTimeOffset());
            using var printer = server.Bearing(answer["printer_token"].GetString()!);
            (await printer.GetAsync("/api/printer-keys")).IsGood();
            var key = Assert.Single(answer["printer_keys"].EnumerateArray());
            using var psek = Psek.TryOpen(key.GetProperty("sealed").GetBytesFromBase64(), device, id, 1);
            Assert.Equal(key.GetProperty("key_id").GetString(), psek?.KeyId);
        }

        Assert.DoesNotContain(server.Log.Lines, line => line.Contains(Person.Password, StringComparison.Ordinal));
        Assert.DoesNotContain(await server.Database.QueryAsync<string>("select details from audit", null, default), details => details.Contains(Person.Password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Other_accounts_half_credentials_and_a_proof_for_somebody_else_are_refused()
    {
        await using var server = await ServerFactory.StartAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var worker = await server.JoinAsync(Role.Operator, "Print Shop");
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();
        var honest = Gateways.EnrolmentBy(maker, device);

        await AskAsync(Gateways.EnrolmentBy(worker, device), HttpStatusCode.Forbidden, "FORBIDDEN");
        await AskAsync(Gateways.EnrolmentBy(oem, device), HttpStatusCode.Forbidden, "FORBIDDEN");
        await AskAsync(new(honest) { ["email"] = null }, HttpStatusCode.BadRequest, "ENROLMENT_CREDENTIALS");
        await AskAsync(new(honest) { ["password"] = null }, HttpStatusCode.BadRequest, "ENROLMENT_CREDENTIALS");
        await AskAsync(new(honest) { ["code"] = await maker.PairingCodeAsync() }, HttpStatusCode.BadRequest, "ENROLMENT_CREDENTIALS");
        await AskAsync(new(honest) { ["proof"] = Gateways.EnrolmentBy(worker, device)["proof"] }, HttpStatusCode.BadRequest, "PROOF_INVALID");
        await AskAsync(new(honest) { ["credential"] = "x" }, HttpStatusCode.BadRequest, "BAD_REQUEST");
        Assert.Empty((await maker.GetAsync("/api/printers")).Body.EnumerateArray());
        (await gateway.PostAsync("/api/enrolments", honest)).IsGood();

        async Task AskAsync(Dictionary<string, object?> request, HttpStatusCode status, string code) => (await gateway.PostAsync("/api/enrolments", request)).IsRefused(status, code);
    }

    [Fact]
    public async Task Guessing_passwords_at_an_enrolment_waits_as_at_a_sign_in_and_counts_with_it()
    {
        await using var server = await ServerFactory.StartAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        using var guesser = server.Stranger();
        for (var i = 0; i < 3; i++)
        {
            (await guesser.PostAsync("/api/enrolments", Gateways.EnrolmentBy(maker, device, $"guess {i}"))).IsRefused(HttpStatusCode.Unauthorized, "SIGN_IN_REFUSED");
        }

        for (var i = 0; i < 2; i++)
        {
            (await guesser.PostAsync("/api/tokens", new { maker.Email, Password = $"guess {i}" })).IsRefused(HttpStatusCode.Unauthorized, "SIGN_IN_REFUSED");
        }

        (await guesser.PostAsync("/api/enrolments", Gateways.EnrolmentBy(maker, device))).IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_ATTEMPTS");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        (await guesser.PostAsync("/api/enrolments", Gateways.EnrolmentBy(maker, device))).IsGood();
    }
}
