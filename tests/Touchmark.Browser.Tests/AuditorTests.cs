using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Custody;
using Touchmark.Engine.Tests.Regulators;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Browser.Tests;

/// <summary>What auditors and regulators do in a browser, which checks and opens what the server only hands on.</summary>
[SupportedOSPlatform("linux")]
public sealed class AuditorTests(Chromium chromium)
{
    [Theory]
    [MemberData(nameof(PartPageTests.Devices), MemberType = typeof(PartPageTests))]
    public async Task An_auditor_reads_the_log_and_the_browser_checks_entry_proof_and_growth(string device)
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        await using var reader = await SignedInAsync(bench.Server, person, device);

        await reader.GoAsync("/log");
        await LookAsync(reader, "log");
        await reader.Page.Locator("tbody a:text-is('print certificate')").First.ClickAsync();
        await Assertions.Expect(reader.Page.Locator("#log-entry")).ToHaveAttributeAsync("data-verdict", "valid");
        await Assertions.Expect(reader.Page.Locator("#log-entry")).ToContainTextAsync("checks were made in this browser, and none failed");
        await LookAsync(reader, "log-entry");
        await reader.GoAsync("/log");
        await reader.Page.Locator("tbody a:text-is('custody event')").First.ClickAsync();
        await Assertions.Expect(reader.Page.Locator("#log-entry")).ToHaveAttributeAsync("data-verdict", "valid");
        await reader.GoAsync("/log/entries/0");
        await Assertions.Expect(reader.Page.Locator("#log-entry")).ToHaveAttributeAsync("data-verdict", "valid");
        await reader.GoAsync("/log/checkpoints?old=3");
        await Assertions.Expect(reader.Page.Locator("#log-growth")).ToHaveAttributeAsync("data-verdict", "valid");
        await LookAsync(reader, "log-checkpoints");

        foreach (var (path, name) in new[] { ("/audit", "audit"), ("/search?q=brack", "search"), ("/parts", "parts"), ($"/parts/{part.Value}", "part"), ("/recalls", "recalls"), ("/regulators", "regulators") })
        {
            await reader.GoAsync(path);
            await LookAsync(reader, name);
        }
    }

    [Fact]
    public async Task A_log_that_says_something_else_than_it_proves_is_told()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        await using var reader = await SignedInAsync(bench.Server, person, "desktop");
        await reader.Page.RouteAsync("**/log/entries/2/statement", async route =>
        {
            var answer = await route.FetchAsync();
            var body = await answer.BodyAsync();
            body[^1] ^= 1;
            await route.FulfillAsync(new() { Response = answer, BodyBytes = body });
        });

        await reader.GoAsync("/log/entries/2");

        await Assertions.Expect(reader.Page.Locator("#log-entry")).ToHaveAttributeAsync("data-verdict", "invalid");
        await Assertions.Expect(reader.Page.Locator("#log-entry")).ToContainTextAsync("The entry is not in the log at the place that the proof names");
        await reader.KeepAsync("log-entry-altered");
    }

    [Theory]
    [MemberData(nameof(PartPageTests.Devices), MemberType = typeof(PartPageTests))]
    public async Task A_regulator_opens_an_identity_in_the_browser_and_its_reason_is_shown_to_auditors(string device)
    {
        const string Identity = "Clinic of St. Anna <b>, قوس 🙂";
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var authority = new Authority("Health authority", bench.Server.Time.GetUtcNow());
        using var regulator = authority.Issue("Inspector 7");
        await bench.Server.BelieveAsync(authority, regulator);
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var clinic = new Custodian(bench.Server, part, CustodianRole.Owner, "FR");
        (await maker.SayAsync(CustodyEventKind.Transferred, to: clinic.Pseudonym)).IsGood();
        (await clinic.EnrolAsync(clinic.Sign(clinic.Wanted with { SealedIdentity = [IdentitySeal.Seal(Identity, regulator.Certificate, part, clinic.Pseudonym)!] }))).IsGood();
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, PartPageTests.DeviceOf(device));

        await reader.GoAsync($"/reveal?part={part}&custodian={clinic.Pseudonym}");
        await reader.Page.FillAsync("textarea", "Case <4711>");
        await GiveAsync(reader, "certificate", regulator.Certificate.ExportCertificatePem());
        await GiveAsync(reader, "key", "nonsense");
        await reader.Page.ClickAsync("#reveal button");
        await Assertions.Expect(reader.Page.Locator("#reveal [role=alert]")).ToContainTextAsync("The key is no P-256 private key");
        await GiveAsync(reader, "key", regulator.KeyPem);
        await LookAsync(reader, "reveal");
        await reader.Page.ClickAsync("#reveal button");
        await Assertions.Expect(reader.Page.Locator("main .panel")).ToContainTextAsync(Identity);
        await LookAsync(reader, "revealed");

        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        await using var auditor = await SignedInAsync(bench.Server, person, device);
        await auditor.GoAsync("/regulators");
        await Assertions.Expect(auditor.Page.Locator("tbody").First).ToContainTextAsync("Case <4711>");
        await Assertions.Expect(auditor.Page.Locator("tbody").First).ToContainTextAsync("handed out, sealed");
        await LookAsync(auditor, "regulators");
    }

    private static Task GiveAsync(Reader reader, string field, string text) =>
        reader.Page.SetInputFilesAsync($"input[name={field}]", new FilePayload { Name = field + ".pem", MimeType = "", Buffer = System.Text.Encoding.ASCII.GetBytes(text) });

    private static async Task LookAsync(Reader reader, string name)
    {
        await reader.FitsAsync();
        await reader.KeepAsync("audit-" + name);
    }

    private async Task<Reader> SignedInAsync(ServerFactory server, Person person, string device)
    {
        var reader = await Reader.OpenAsync(chromium, server, PartPageTests.DeviceOf(device));
        await reader.GoAsync("/sign-in");
        await reader.Page.FillAsync("input[name=email]", person.Email);
        await reader.Page.FillAsync("input[name=password]", Person.Password);
        await reader.Page.ClickAsync("main button");
        await Assertions.Expect(reader.Page.Locator("h1")).ToContainTextAsync("Good day");
        return reader;
    }
}
