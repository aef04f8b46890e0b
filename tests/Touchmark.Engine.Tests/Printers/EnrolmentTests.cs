using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Tests.Printers;

public sealed class EnrolmentTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    public static TheoryData<string, object?, string> BadFields => new()
    {
        { "device_public_key", new byte[65], "DEVICE_KEY_INVALID" },
        { "device_public_key", Array.Empty<byte>(), "DEVICE_KEY_INVALID" },
        { "proof", new byte[64], "PROOF_INVALID" },
        { "proof", Array.Empty<byte>(), "PROOF_INVALID" },
        { "profile", Array.Empty<byte>(), "PROOF_INVALID" },
        { "code", "0000-0000-0000-0000", "PROOF_INVALID" },
        { "name", "two\nlines", "TEXT_NOT_PLAIN" },
        { "profile", null, "BAD_REQUEST" },
        { "profile", "not base64!", "BAD_REQUEST" },
    };

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_code_and_a_proof_enrol_a_printer_with_a_statement_that_verifies(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();

        var answer = (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, await manufacturer.PairingCodeAsync()))).IsGood();

        var printer = (await manufacturer.GetAsync($"/api/printers/{answer["printer_id"].GetGuid()}")).IsGood();
        Assert.Equal(("Bench 1", "Bench Printer", "Print Shop"), (printer["name"].GetString(), printer["model"].GetString(), printer["organisation"].GetString()));
        Assert.Equal(250, printer["build_volume"].GetProperty("max_x").GetDouble());
        Assert.Equal(server.Services.GetRequiredService<EngineKeys>().Transport.PublicKey.ToArray(), answer["engine_public_key"].GetBytesFromBase64());

        Assert.True(TrustStore.TryParse(System.Text.Encoding.UTF8.GetBytes(answer["trust"].GetRawText()), out var trust, out var problem), problem);
        var enrolled = (await server.Services.GetRequiredService<PrinterFleet>().FindByDeviceKeyAsync(device.PublicKey.ToArray(), default))!;
        var verdict = StatementVerifier.Verify<PrinterEnrolment>(new StatementPart(enrolled.Statement, null), trust, server.Time.GetUtcNow(), out var document);
        Assert.True(verdict.IsValid, verdict.ToString());
        Assert.Equal((enrolled.Id, "Print Shop"), (document!.PrinterId, document.Manufacturer));
        Assert.Equal(SHA256.HashData(enrolled.ProfileBytes), document.ProfileSha256.ToArray());
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task One_code_enrols_one_printer_however_many_gateways_use_it_at_once(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var code = await manufacturer.PairingCodeAsync();
        using var gateway = server.Stranger();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using var device = P256PrivateKey.Generate();
            return await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, code));
        }));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.Equal(7, answers.Count(answer => answer.Code == "PAIRING_CODE_REFUSED"));
        Assert.Single((await manufacturer.GetAsync("/api/printers")).Body.EnumerateArray());
    }

    [Fact]
    public async Task A_code_is_good_for_ten_minutes()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var code = await manufacturer.PairingCodeAsync();
        server.Time.Advance(TimeSpan.FromMinutes(10));
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();

        (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, code))).IsRefused(HttpStatusCode.Forbidden, "PAIRING_CODE_REFUSED");
    }

    [Fact]
    public async Task A_code_may_be_typed_in_small_letters_without_dashes()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var code = (await manufacturer.PairingCodeAsync()).ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal).Replace('0', 'o').Replace('1', 'l');
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();

        (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, code))).IsGood();
    }

    [Theory]
    [MemberData(nameof(BadFields))]
    public async Task A_bad_field_is_refused_by_its_cause_and_does_not_use_the_code_up(string field, object? value, string code)
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();
        var honest = Gateways.Enrolment(device, await manufacturer.PairingCodeAsync());

        (await gateway.PostAsync("/api/enrolments", new Dictionary<string, object?>(honest) { [field] = value })).IsRefused(HttpStatusCode.BadRequest, code);

        (await gateway.PostAsync("/api/enrolments", honest)).IsGood();
    }

    [Fact]
    public async Task A_profile_that_is_signed_but_is_none_is_refused()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();
        var code = await manufacturer.PairingCodeAsync();
        byte[] good = Gateways.Profile().Encode();

        foreach (var profile in new[] { [0xff], good[..^1], [.. good, 0], [.. Enumerable.Repeat((byte)0x81, 10_000)] })
        {
            (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, code, profile))).IsRefused(HttpStatusCode.BadRequest, "PROFILE_INVALID");
        }
    }

    [Fact]
    public async Task Another_gateways_device_key_does_not_enrol_twice()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();
        (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, await manufacturer.PairingCodeAsync()))).IsGood();

        (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, await manufacturer.PairingCodeAsync()))).IsRefused(HttpStatusCode.Conflict, "DEVICE_KEY_KNOWN");
    }

    [Fact]
    public async Task Guessing_codes_is_stopped()
    {
        await using var server = await ServerFactory.StartAsync();
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();
        var codes = new List<string?>();
        for (var i = 0; i < 11; i++)
        {
            codes.Add((await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, $"0000-0000-0000-{i:0000}"))).Code);
        }

        Assert.Equal([.. Enumerable.Repeat("PAIRING_CODE_REFUSED", 10), "TOO_MANY_ATTEMPTS"], codes);
    }

    [Fact]
    public async Task One_code_is_tried_a_few_times_from_wherever()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--proxies", "127.0.0.1"]);
        using var device = P256PrivateKey.Generate();
        var codes = new List<string?>();
        for (var i = 0; i < 11; i++)
        {
            using var gateway = server.Stranger();
            gateway.Http.DefaultRequestHeaders.Add("X-Forwarded-For", $"203.0.113.{i}");
            codes.Add((await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, "0000-0000-0000-0001"))).Code);
        }

        Assert.Equal([.. Enumerable.Repeat("PAIRING_CODE_REFUSED", 10), "TOO_MANY_ATTEMPTS"], codes);
    }

    [Fact]
    public async Task An_organisation_has_only_so_many_codes_open()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        for (var i = 0; i < 20; i++)
        {
            await manufacturer.PairingCodeAsync();
        }

        var refused = await manufacturer.PostAsync("/api/pairing-codes");
        refused.IsRefused(HttpStatusCode.Conflict, "PAIRING_CODES_OPEN");
        Assert.Equal(20, refused["figures"].GetProperty("maximum").GetInt32());
        server.Time.Advance(TimeSpan.FromMinutes(10));
        await manufacturer.PairingCodeAsync();
    }

    [Fact]
    public async Task Only_manufacturers_make_codes_and_no_code_is_stored_or_logged()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var worker = await server.JoinAsync(Role.Operator, "Print Shop");
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var code = await manufacturer.PairingCodeAsync();

        (await worker.PostAsync("/api/pairing-codes")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await oem.PostAsync("/api/pairing-codes")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains(code, StringComparison.Ordinal));
        var hash = (await server.Database.QueryAsync<byte[]>("select hash from pairing_codes", null, default)).Single();
        Assert.Equal(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(code.Replace("-", "", StringComparison.Ordinal))), hash);
    }

    [Fact]
    public async Task Printers_are_seen_by_their_organisation_and_a_revoked_one_is_not_found_by_its_key()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var worker = await server.JoinAsync(Role.Operator, "Print Shop");
        using var other = await server.JoinAsync(Role.Manufacturer, "Other Shop");
        var id = await server.EnrolPrinterAsync(manufacturer);
        var key = (await server.Services.GetRequiredService<PrinterFleet>().FindAsync(id, default))!.DevicePublicKey;

        (await worker.GetAsync($"/api/printers/{id}")).IsGood();
        (await other.GetAsync($"/api/printers/{id}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await other.PostAsync($"/api/printers/{id}/revoke")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await manufacturer.PostAsync($"/api/printers/{id}/revoke")).IsGood();

        Assert.Null(await server.Services.GetRequiredService<PrinterFleet>().FindByDeviceKeyAsync(key, default));
    }
}
