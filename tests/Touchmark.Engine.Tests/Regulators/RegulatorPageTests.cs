using System.Net;
using System.Runtime.Versioning;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Parts;

namespace Touchmark.Engine.Tests.Regulators;

/// <summary>Who may open identities and who asked for one, as admins and auditors see it.</summary>
[SupportedOSPlatform("linux")]
public sealed class RegulatorPageTests
{
    private const string Reason = "Case <4711> \"قوس\" 🙂";

    [Fact]
    public async Task An_admin_lets_regulators_in_by_forms_and_every_request_stands_there_with_its_reason()
    {
        await using var server = await ServerFactory.StartAsync();
        using var authority = new Authority("Health authority", server.Time.GetUtcNow());
        using var regulator = authority.Issue("Inspector 7");
        var admin = await server.AdminAsync();
        using var admins = await Browser.OfAsync(server, admin);
        using var person = await server.JoinAsync(Role.Auditor, "Auditors");
        using var auditor = await Browser.OfAsync(server, person);
        Assert.Contains("Nobody has asked for one", await auditor.TextAsync("/regulators"), StringComparison.Ordinal);

        var pem = regulator.Certificate.ExportCertificatePem();
        using var early = await admins.SubmitAsync("/regulators", "/regulators", ("certificate", pem));
        Assert.Contains("REGULATOR_OTHER_AUTHORITY", await early.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var nonsense = await admins.SubmitAsync("/regulators", "/regulators/authorities", ("certificate", new string('x', 10_000)));
        Assert.Equal(HttpStatusCode.BadRequest, nonsense.StatusCode);
        await server.BelieveAsync(authority, regulator);
        var page = WebUtility.HtmlDecode(await admins.TextAsync("/regulators"));
        Assert.Contains("Inspector 7", page, StringComparison.Ordinal);
        Assert.Contains(admin.Email, page, StringComparison.Ordinal);

        var part = PartId.Create();
        (await regulator.AskAsync(server, part, "0000000000000000", Reason)).IsRefused(HttpStatusCode.NotFound, "IDENTITY_UNKNOWN");
        page = WebUtility.HtmlDecode(await auditor.TextAsync("/regulators"));
        Assert.Contains(Reason, page, StringComparison.Ordinal);
        Assert.Contains("nothing was there", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Take out", page, StringComparison.Ordinal);
        using var refused = await auditor.SubmitAsync("/regulators", "/regulators", ("certificate", pem));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);

        var id = Convert.ToHexStringLower(IdentitySeal.NameOf(regulator.Certificate));
        using var removed = await admins.SubmitAsync("/regulators", $"/regulators/{id}/remove");
        Assert.Equal("/regulators", removed.Headers.Location?.ToString());
        using var again = await admins.SubmitAsync("/regulators", $"/regulators/{id}/remove");
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        (await regulator.AskAsync(server, part, "0000000000000000", Reason)).IsRefused(HttpStatusCode.Forbidden, "REGULATOR_UNKNOWN");
        // Who has gone is named by the certificate still.
        Assert.Contains($"regulator/{id}", await auditor.TextAsync("/regulators"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_that_opens_identities_asks_strangers_for_nothing_but_their_certificate()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--lookup", "closed"]);
        using var browser = new Browser(server);
        var page = await browser.TextAsync($"/reveal?part={Uri.EscapeDataString("\"><img src=x onerror=alert(1)>")}&custodian=0000000000000000");
        Assert.Contains("For regulators", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<img src=x", page, StringComparison.Ordinal);
    }
}
