using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Printers;

/// <summary>A machine was repaired or changed: presented, decided about, and what is printed meanwhile.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ChangedPrinterTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    private static MachineProfile Repaired => Gateways.Profile("usb-Klipper_stm32f446xx_2");

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_accepted_machine_gets_a_new_statement_that_names_the_old_one_and_the_old_one_is_kept(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        var printer = await EnrolAsync(server, manufacturer, device);
        var before = await FindAsync(server, printer);

        var presented = (await server.PresentAsync(device, printer, Repaired)).IsGood();
        Assert.Equal("pending", presented["state"].GetString());
        Assert.Equal("mcu_id was usb-Klipper_stm32f446xx_1, is usb-Klipper_stm32f446xx_2", Assert.Single(presented["differences"].EnumerateArray()).GetString());
        Assert.Equal(before.MachineId, (await FindAsync(server, printer)).MachineId);
        var accepted = (await (await server.AdminAsync()).PostAsync($"/api/enrolments/{presented["enrolment_id"].GetGuid()}/accept")).IsGood();

        Assert.Equal(("accepted", "Touchmark"), (accepted["state"].GetString(), accepted["decided_by"].GetString()));
        var after = await FindAsync(server, printer);
        Assert.Equal(Repaired.MachineId().ToArray(), after.MachineId);
        Assert.Null(after.ChangePresentedAt);
        var document = Verified(server, after.Statement);
        Assert.Equal(SHA256.HashData(before.Statement), document.Replaces!.Value.ToArray());
        Assert.Equal(("Touchmark", "Print Shop"), (document.AcceptedBy, document.Manufacturer));
        var kept = await server.Services.GetRequiredService<ChangedPrinters>().HistoryAsync(printer, default);
        Assert.Equal([before.Statement, after.Statement], kept.Select(row => row.Statement));
        Assert.Equal(2, (await manufacturer.GetAsync($"/api/printers/{printer}/enrolments")).IsGood().Body.GetArrayLength());
    }

    [Fact]
    public async Task While_a_machine_waits_to_be_accepted_nothing_is_printed_on_it()
    {
        await using var shop = await PrintShop.OpenAsync();
        var admin = await shop.Server.AdminAsync();
        var presented = (await shop.Server.PresentAsync(shop.Device, shop.PrinterId, Repaired)).IsGood()["enrolment_id"].GetGuid();

        (await shop.OrderAsync()).IsRefused(HttpStatusCode.Conflict, "PRINTER_CHANGED");
        Assert.Equal(0, await shop.TakenAsync());
        (await admin.PostAsync($"/api/enrolments/{presented}/decline")).IsGood();

        (await shop.OrderAsync()).IsGood();
        Assert.Equal(Gateways.Profile().MachineId().ToArray(), (await FindAsync(shop.Server, shop.PrinterId)).MachineId);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_owner_decides_when_all_licences_that_can_print_there_are_its_own(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var worker = await server.JoinAsync(Role.Operator, "Print Shop");
        using var owner = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var other = await server.JoinAsync(Role.Oem, "Other Works");
        using var device = P256PrivateKey.Generate();
        var printer = await EnrolAsync(server, manufacturer, device);
        var enrolment = (await server.PresentAsync(device, printer, Repaired)).IsGood()["enrolment_id"].GetGuid();

        (await manufacturer.PostAsync($"/api/enrolments/{enrolment}/accept")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await worker.PostAsync($"/api/enrolments/{enrolment}/accept")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.PostAsync($"/api/enrolments/{enrolment}/accept")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        Assert.Empty((await owner.GetAsync("/api/enrolments/pending")).IsGood().Body.EnumerateArray());
        Assert.Single((await manufacturer.GetAsync("/api/enrolments/pending")).IsGood().Body.EnumerateArray());

        await GrantAsync(owner, manufacturer);
        var otherLicence = await GrantAsync(other, manufacturer);
        Assert.Single((await owner.GetAsync("/api/enrolments/pending")).IsGood().Body.EnumerateArray());
        (await owner.PostAsync($"/api/enrolments/{enrolment}/accept")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");

        (await other.PostAsync($"/api/licences/{otherLicence}/revoke", new { reason = "over" })).IsGood();
        (await owner.PostAsync($"/api/enrolments/{enrolment}/accept")).IsGood();
        Assert.Equal("Bracket Works", Verified(server, (await FindAsync(server, printer)).Statement).AcceptedBy);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_many_who_decide_at_once_one_does(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        var printer = await EnrolAsync(server, manufacturer, device);
        var enrolment = (await server.PresentAsync(device, printer, Repaired)).IsGood()["enrolment_id"].GetGuid();
        var admin = await server.AdminAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => admin.PostAsync($"/api/enrolments/{enrolment}/{(i % 2 == 0 ? "accept" : "decline")}")));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.Equal(7, answers.Count(answer => answer.Code == "ENROLMENT_DECIDED"));
    }

    [Fact]
    public async Task A_machine_in_which_nothing_differs_needs_no_decision()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        var measured = Gateways.Profile() with { Behaviour = new BehaviouralSnapshot { ThermalRise = new(14.2, 0.1) } };
        var printer = await EnrolAsync(server, manufacturer, device, measured);

        var again = (await server.PresentAsync(device, printer, measured with { Behaviour = new BehaviouralSnapshot { ThermalRise = new(14.5, 0.2) } })).IsGood();

        Assert.Equal("unchanged", again["state"].GetString());
        Assert.Empty((await manufacturer.GetAsync("/api/enrolments/pending")).IsGood().Body.EnumerateArray());
        Assert.Equal(["heating"], Verified(server, (await FindAsync(server, printer)).Statement).Measured);
    }

    [Fact]
    public async Task What_differs_in_behaviour_is_told_with_its_figures()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        var behaviour = new BehaviouralSnapshot { ThermalRise = new(14, 0.1), Homing = new HomingBehaviour(new(4, 0.1), 50, 50, 10), MeshDeviation = new(0.05, 0.001) };
        var printer = await EnrolAsync(server, manufacturer, device, Gateways.Profile() with { Behaviour = behaviour });

        var presented = (await server.PresentAsync(device, printer, Gateways.Profile() with { Behaviour = behaviour with { ThermalRise = new(9, 0.1), Homing = behaviour.Homing with { SpeedX = 25 }, MeshDeviation = null } })).IsGood();

        Assert.Equal(
            [
                "homing took 20.0 s, enrolled 18.0 s ± 1.6 s",
                "heating the nozzle from 60 to 120 °C took 9.0 s, enrolled 14.0 s ± 2.1 s",
                "measured behaviour was homing, heating, mesh, is homing, heating",
            ],
            presented["differences"].EnumerateArray().Select(difference => difference.GetString()!));
    }

    [Fact]
    public async Task Nobody_presents_a_machine_without_its_device_key_or_twice_with_the_same_proof()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        using var thief = P256PrivateKey.Generate();
        var printer = await EnrolAsync(server, manufacturer, device);
        var honest = Gateways.Presentation(device, printer, Repaired, server.Time.GetUtcNow());

        (await server.PresentAsync(thief, printer, Repaired)).IsRefused(HttpStatusCode.Forbidden, "DEVICE_UNKNOWN");
        (await server.PresentAsync(device, Guid.CreateVersion7(), Repaired)).IsRefused(HttpStatusCode.Forbidden, "DEVICE_UNKNOWN");
        (await server.PresentAsync(new(honest) { ["profile"] = Gateways.Profile("another").Encode() })).IsRefused(HttpStatusCode.Forbidden, "DEVICE_UNKNOWN");
        (await server.PresentAsync(Gateways.Presentation(device, printer, Repaired, server.Time.GetUtcNow() - TimeSpan.FromMinutes(11)))).IsRefused(HttpStatusCode.BadRequest, "PROOF_STALE");
        (await server.PresentAsync(honest)).IsGood();
        (await server.PresentAsync(honest)).IsRefused(HttpStatusCode.BadRequest, "PROOF_STALE");
        (await manufacturer.PostAsync($"/api/printers/{printer}/revoke")).IsGood();
        server.Time.Advance(TimeSpan.FromMinutes(1));
        (await server.PresentAsync(device, printer, Repaired)).IsRefused(HttpStatusCode.Forbidden, "DEVICE_UNKNOWN");
    }

    [Fact]
    public async Task A_machine_that_is_presented_once_more_takes_the_place_of_the_one_before()
    {
        await using var server = await ServerFactory.StartAsync();
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        using var device = P256PrivateKey.Generate();
        var printer = await EnrolAsync(server, manufacturer, device);
        var first = (await server.PresentAsync(device, printer, Repaired)).IsGood()["enrolment_id"].GetGuid();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        var second = (await server.PresentAsync(device, printer, Gateways.Profile("usb-Klipper_stm32f446xx_3"))).IsGood()["enrolment_id"].GetGuid();
        var admin = await server.AdminAsync();

        (await admin.PostAsync($"/api/enrolments/{first}/accept")).IsRefused(HttpStatusCode.Conflict, "ENROLMENT_DECIDED");
        (await admin.PostAsync($"/api/enrolments/{second}/accept")).IsGood();

        Assert.Equal(["accepted", "replaced", "accepted"], (await admin.GetAsync($"/api/printers/{printer}/enrolments")).IsGood().Body.EnumerateArray().Select(row => row.GetProperty("state").GetString()!));
    }

    private static async Task<Guid> EnrolAsync(ServerFactory server, Person manufacturer, P256PrivateKey device, MachineProfile? profile = null)
    {
        using var gateway = server.Stranger();
        var enrolled = (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(device, await manufacturer.PairingCodeAsync(), profile?.Encode()))).IsGood();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        return enrolled["printer_id"].GetGuid();
    }

    private static async Task<EnrolledPrinter> FindAsync(ServerFactory server, Guid printer) => (await server.Services.GetRequiredService<PrinterFleet>().FindAsync(printer, default))!;

    private static async Task<Guid> GrantAsync(Person owner, Person manufacturer)
    {
        var design = (await owner.UploadAsync(PrintShop.Bracket)).IsGood().Id;
        return (await owner.GrantAsync(design, manufacturer, 1)).IsGood().Id;
    }

    private static PrinterEnrolment Verified(ServerFactory server, byte[] statement)
    {
        var trust = server.Services.GetRequiredService<Engine.Keys.EngineStatements>().Trust;
        var verdict = StatementVerifier.Verify<PrinterEnrolment>(new StatementPart(statement, null), trust, server.Time.GetUtcNow(), out var document);
        Assert.True(verdict.IsValid, verdict.ToString());
        return document!;
    }
}
