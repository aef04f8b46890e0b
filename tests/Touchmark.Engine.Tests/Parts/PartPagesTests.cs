using System.Net;
using System.Runtime.Versioning;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Custody;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Tests.Parts;

/// <summary>The portal's pages of parts and recalls, for the organisations that they concern.</summary>
[SupportedOSPlatform("linux")]
public sealed class PartPagesTests
{
    private const string Lot = "Spool <12>/B \"قوس\" 🙂";

    [Fact]
    public async Task A_part_is_found_by_id_link_lot_and_product_and_shows_what_made_it()
    {
        await using var bench = await PrintBench.OpenAsync(arguments: ["--public-url", "https://parts.example"]);
        var design = (await bench.Oem.GetAsync("/api/designs")).IsGood().Body[0].GetProperty("id").GetGuid();
        (await bench.Oem.PutAsync($"/api/designs/{design:D}/gtin", new { gtin = "09506000134352" })).IsGood();
        var part = (await bench.PrintPartAsync(materialLot: Lot)).PartId;
        using var shop = await Browser.OfAsync(bench.Server, bench.Manufacturer);

        Assert.Contains(part.ToString(), await shop.TextAsync("/parts"), StringComparison.Ordinal);
        foreach (var question in new[] { $"q={Uri.EscapeDataString(Lot)}", "q=9506000134352", "q=09506000134352", "material=pla", "from=2020-01-01", $"licence={bench.LicenceId:D}" })
        {
            Assert.Contains(part.ToString(), await shop.TextAsync($"/parts?{question}"), StringComparison.Ordinal);
        }

        foreach (var question in new[] { "q=another", "q=9506000134369", "material=PETG", "to=2020-01-01", $"design={Guid.Empty:D}", $"q={new string('9', 7_000)}" })
        {
            Assert.DoesNotContain(part.ToString(), await shop.TextAsync($"/parts?{question}"), StringComparison.Ordinal);
        }

        foreach (var wrong in new[] { "from=yesterday", "to=0001-01-01", "design=mine", "after=x-y-z" })
        {
            Assert.Contains("role=\"alert\"", await shop.TextAsync($"/parts?{wrong}", HttpStatusCode.BadRequest), StringComparison.Ordinal);
        }

        foreach (var typed in new[] { part.ToString(), part.Value.ToLowerInvariant(), $"https://parts.example/p/{part.Value}" })
        {
            using var found = await shop.GetAsync($"/parts?q={Uri.EscapeDataString(typed)}");
            Assert.Equal($"/parts/{part.Value}", found.Headers.Location?.ToString());
        }

        var page = WebUtility.HtmlDecode(await shop.TextAsync($"/parts/{part.Value}"));
        Assert.Contains(Lot, page, StringComparison.Ordinal);
        Assert.Contains("licence grant", page, StringComparison.Ordinal);
        Assert.Contains("not entered yet", page, StringComparison.Ordinal);
        using var labels = await shop.SubmitAsync("/parts", "/parts/labels", ("part", part.Value), ("sheet", "a4"), ("skip", "3"));
        Assert.Equal("application/pdf", labels.Content.Headers.ContentType?.MediaType);
        using var none = await shop.SubmitAsync("/parts", "/parts/labels", ("sheet", "a4"));
        Assert.Contains("No part was chosen", await none.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_it_does_not_concern_gets_the_same_answer_as_for_a_part_that_is_not_there()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var rival = await bench.Server.JoinAsync(Role.Oem, "Rival Works");
        using var browser = await Browser.OfAsync(bench.Server, rival);
        using var custodian = await bench.Server.JoinAsync(Role.Custodian, "Clinic");
        using var clinic = await Browser.OfAsync(bench.Server, custodian);

        Assert.DoesNotContain(part.ToString(), await browser.TextAsync("/parts"), StringComparison.Ordinal);
        var theirs = await browser.TextAsync($"/parts/{part.Value}", HttpStatusCode.NotFound);
        var none = await browser.TextAsync("/parts/PPG0A0EV8ZB4ERYQ", HttpStatusCode.NotFound);
        Assert.Equal(Unsigned(none.Replace("PPG0-A0EV-8ZB4-ERYQ", part.ToString(), StringComparison.Ordinal)), Unsigned(theirs));
        using var invited = await browser.SubmitAsync("/parts", $"/parts/{part.Value}/invitations", ("role", "owner"));
        Assert.Equal(HttpStatusCode.NotFound, invited.StatusCode);
        (await rival.GetAsync($"/api/parts/{part.Value}/origin")).IsRefused(HttpStatusCode.NotFound, "PART_UNKNOWN");
        await clinic.TextAsync("/parts", HttpStatusCode.Forbidden);
        await clinic.TextAsync("/recalls", HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task An_invitation_made_on_the_page_lets_one_in_once()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var shop = await Browser.OfAsync(bench.Server, bench.Manufacturer);

        using var nothing = await shop.SubmitAsync($"/parts/{part.Value}", $"/parts/{part.Value}/invitations", ("role", "king"));
        Assert.Equal(HttpStatusCode.BadRequest, nothing.StatusCode);
        using var made = await shop.SubmitAsync($"/parts/{part.Value}", $"/parts/{part.Value}/invitations", ("role", "manufacturer"));
        var page = await made.Content.ReadAsStringAsync();
        var code = page[(page.IndexOf("<code>", StringComparison.Ordinal) + 6)..][..19];
        Assert.DoesNotContain(code, await shop.TextAsync($"/parts/{part.Value}"), StringComparison.Ordinal);
        using var maker = new Custodian(bench.Server, part, CustodianRole.Manufacturer, "DE");
        (await maker.EnrolAsync(code)).IsGood();
        using var second = new Custodian(bench.Server, part, CustodianRole.Manufacturer, "DE");
        (await second.EnrolAsync(code)).IsRefused(HttpStatusCode.Forbidden, "INVITATION_REFUSED");
        (await maker.SayAsync(CustodyEventKind.Manufactured)).IsGood();
        Assert.Contains("1 manufactured", await shop.TextAsync($"/parts/{part.Value}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_owner_recalls_parts_by_a_form_and_sees_who_has_them()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var owner = await Browser.OfAsync(bench.Server, bench.Oem);
        using var rival = await bench.Server.JoinAsync(Role.Oem, "Rival Works");
        using var rivals = await Browser.OfAsync(bench.Server, rival);
        Assert.Contains("Recall parts like it", await owner.TextAsync($"/parts/{part.Value}"), StringComparison.Ordinal);

        foreach (var (field, typed) in new[] { ("licence", "this one"), ("from", "May"), ("reason", ""), ("reason", new string('x', 10_000)), ("licence", Guid.Empty.ToString("D")), ("licence", "") })
        {
            var fields = new Dictionary<string, string> { ["reason"] = "It <may> break.", ["licence"] = bench.LicenceId.ToString("D"), [field] = typed };
            using var refused = await owner.SubmitAsync("/recalls/new", "/recalls/new", [.. fields.Select(entry => (entry.Key, entry.Value))]);
            var form = await refused.Content.ReadAsStringAsync();
            Assert.True((int)refused.StatusCode is >= 400 and < 500, form);
            Assert.Contains("role=\"alert\"", form, StringComparison.Ordinal);
            Assert.Contains(WebUtility.HtmlEncode(field == "reason" ? bench.LicenceId.ToString("D") : "It <may> break."), form, StringComparison.Ordinal);
        }

        using var theirs = await rivals.SubmitAsync("/recalls/new", "/recalls/new", ("reason", "Out of spite"), ("licence", bench.LicenceId.ToString("D")));
        Assert.Equal(HttpStatusCode.Forbidden, theirs.StatusCode);
        using var made = await owner.SubmitAsync("/recalls/new", "/recalls/new", ("reason", "It <may> break."), ("licence", bench.LicenceId.ToString("D")), ("from", "2020-01-01"));
        var address = made.Headers.Location!.ToString();
        var page = await owner.TextAsync(address);
        Assert.Contains("It &lt;may&gt; break.", page, StringComparison.Ordinal);
        Assert.Contains(part.ToString(), page, StringComparison.Ordinal);
        Assert.Contains(maker.Pseudonym, page, StringComparison.Ordinal);
        Assert.Contains("It &lt;may&gt; break.", await owner.TextAsync("/recalls"), StringComparison.Ordinal);
        await rivals.TextAsync(address, HttpStatusCode.NotFound);
        Assert.DoesNotContain("break", await rivals.TextAsync("/recalls"), StringComparison.Ordinal);
    }

    /// <summary>The page without the tokens of its forms, which differ each time.</summary>
    private static string Unsigned(string page) => System.Text.RegularExpressions.Regex.Replace(page, "name=\"__RequestVerificationToken\" value=\"[^\"]+\"", "", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
}
