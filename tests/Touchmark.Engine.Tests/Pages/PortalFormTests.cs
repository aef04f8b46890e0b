using System.Net;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Pages;

/// <summary>The work of an owner and of a shop, done by forms alone.</summary>
public sealed class PortalFormTests
{
    [Fact]
    public async Task An_owner_uploads_licenses_and_revokes_by_forms()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var browser = await Browser.OfAsync(server, oem);

        using var uploaded = await UploadAsync(browser, await browser.TextAsync("/designs/new"), "Bracket", Designs.Models.BinaryStl());
        var design = uploaded.Headers.Location!.ToString();
        Assert.StartsWith("/designs/", design, StringComparison.Ordinal);
        var id = design["/designs/".Length..];
        Assert.Contains(">Bracket<", await browser.TextAsync("/designs?q=BRACK"), StringComparison.Ordinal);
        Assert.Contains("No design has this", await browser.TextAsync("/designs?q=%25"), StringComparison.Ordinal);

        using var granted = await browser.SubmitAsync(
            $"/licences/new?design={id}", "/licences/new", ("design", id), ("shop", maker.OrganisationId.ToString("D")), ("prints", "2"), ("material", "PLA"), ("policy", "finish"), ("slowdown", "0"), ("trim", "2.5"), ("until", "2031-02-03"));
        var licence = granted.Headers.Location!.ToString();
        var shown = await browser.TextAsync(licence);
        Assert.Contains("2 of 2", shown, StringComparison.Ordinal);
        Assert.Contains("lets prints that run finish", shown, StringComparison.Ordinal);
        Assert.Contains("2.5 °C", WebUtility.HtmlDecode(shown), StringComparison.Ordinal);

        using var revoked = await browser.SubmitAsync(licence, $"{licence}/revoke", ("reason", "Withdrawn"));
        Assert.Equal(licence, revoked.Headers.Location?.ToString());
        Assert.Contains(">revoked<", await browser.TextAsync(licence), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_licence_that_cannot_be_granted_says_why_and_keeps_what_was_typed()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var design = await oem.NewDesignAsync();
        using var browser = await Browser.OfAsync(server, oem);
        (string, string)[] good = [("design", design.ToString("D")), ("shop", maker.OrganisationId.ToString("D")), ("policy", "at_once"), ("slowdown", "20"), ("trim", "5")];

        foreach (var (field, typed, code) in new[]
        {
            ("prints", "a few", "FIELD_UNREADABLE"), ("prints", "0", "LICENCE_PRINTS"), ("prints", "99999999999999999999", "FIELD_UNREADABLE"), ("until", "31.02.2031", "FIELD_UNREADABLE"),
            ("until", "2001-01-01", "LICENCE_EXPIRY"), ("printers", "my printer", "FIELD_UNREADABLE"), ("exposure", "1,5", "FIELD_UNREADABLE"), ("exposure", "1e5", "FIELD_UNREADABLE"), ("outage", "NaN", "FIELD_UNREADABLE"),
            ("printers", new string('x', 10_000), "FIELD_UNREADABLE"), ("material", new string('m', 10_000), "TEXT_NOT_PLAIN"),
        })
        {
            using var answer = await browser.SubmitAsync($"/licences/new?design={design:D}", "/licences/new", [.. good, .. field == "prints" ? [] : new[] { ("prints", "1") }, (field, typed)]);
            var page = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync());
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains(code, page, StringComparison.Ordinal);
            if (field != "material")
            {
                Assert.Contains(typed, page, StringComparison.Ordinal);
            }

            Assert.Contains($"value=\"{maker.OrganisationId:D}\" checked", page, StringComparison.Ordinal);
        }

        Assert.Contains("No licence yet", await browser.TextAsync("/licences"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upload_whose_token_is_missing_wrong_or_not_first_is_refused_and_nothing_is_kept()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, oem);
        var page = await browser.TextAsync("/designs/new");
        var right = Browser.TokenOf(page);

        foreach (var parts in new (string Name, string Value)[][] { [], [(right.Name, "wrong")], [("name", "Bracket"), right] })
        {
            using var content = new MultipartFormDataContent();
            foreach (var (name, value) in parts)
            {
                content.Add(new StringContent(value), name);
            }

            content.Add(new ByteArrayContent(Designs.Models.BinaryStl()), "file", "bracket.stl");
            using var answer = await browser.PostAsync("/designs/new", content);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("FORM_TOO_OLD", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using var damaged = await UploadAsync(browser, page, "Bracket", [1, 2, 3]);
        Assert.Contains("role=\"alert\"", await damaged.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("No design yet", await browser.TextAsync("/designs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shop_sees_which_printer_can_make_a_part_and_why_another_cannot_and_orders_the_print()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var elsewhere = await server.JoinAsync(Role.Manufacturer, "Other Hall");
        var design = await oem.NewDesignAsync();
        var printer = await server.EnrolPrinterAsync(maker);
        var everywhere = (await oem.GrantAsync(design, maker)).IsGood().Id;
        var hot = (await oem.PostAsync("/api/licences", new { design_id = design, manufacturers = new[] { maker.OrganisationId }, prints = 1, materials = new[] { "PC" } })).IsGood().Id;
        using var browser = await Browser.OfAsync(server, maker);

        var page = WebUtility.HtmlDecode(await browser.TextAsync($"/catalogue/{everywhere:D}"));
        Assert.Contains($"value=\"{printer:D}\" checked", page, StringComparison.Ordinal);
        Assert.Contains("not connected: the print waits for it", page, StringComparison.Ordinal);
        Assert.Contains("PC", WebUtility.HtmlDecode(await browser.TextAsync($"/catalogue/{hot:D}")), StringComparison.Ordinal);

        using var refused = await browser.SubmitAsync($"/catalogue/{everywhere:D}", $"/catalogue/{everywhere:D}", ("material", "PLA"), ("quality", "standard"));
        Assert.Contains("PRINTER_MISSING", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var ordered = await browser.SubmitAsync($"/catalogue/{everywhere:D}", $"/catalogue/{everywhere:D}", ("printer", printer.ToString("D")), ("material", "PLA"), ("quality", "standard"), ("lot", "A-17"));
        var job = ordered.Headers.Location!.ToString();
        Assert.StartsWith("/jobs/", job, StringComparison.Ordinal);
        Assert.Contains("A-17", await browser.TextAsync(job), StringComparison.Ordinal);

        using var stopped = await browser.SubmitAsync(job, $"{job}/stop");
        Assert.Equal(job, stopped.Headers.Location?.ToString());
        using var others = await Browser.OfAsync(server, elsewhere);
        await others.TextAsync(job, HttpStatusCode.NotFound);
        using var owners = await Browser.OfAsync(server, oem);
        Assert.Contains("Maker Hall", await owners.TextAsync($"/licences/{everywhere:D}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_that_is_larger_than_a_printer_is_told_so_before_anything_is_sliced()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var design = (await oem.UploadAsync(Designs.Models.BinaryStl(400))).IsGood().Id;
        var licence = (await oem.GrantAsync(design, maker)).IsGood().Id;
        await server.EnrolPrinterAsync(maker);
        using var browser = await Browser.OfAsync(server, maker);

        var page = WebUtility.HtmlDecode(await browser.TextAsync($"/catalogue/{licence:D}"));

        Assert.Contains("this printer takes 250 × 210 × 220 mm. Choose a larger one.", page, StringComparison.Ordinal);
        Assert.Contains("<button disabled", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_to_pair_a_printer_is_shown_with_what_to_run_and_a_printer_is_revoked_by_a_form()
    {
        await using var server = await ServerFactory.StartAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var printer = await server.EnrolPrinterAsync(maker);
        using var browser = await Browser.OfAsync(server, maker);

        using var paired = await browser.SubmitAsync("/printers", "/printers/pair");
        Assert.Contains("touchmark-gateway enrol --engine http://", await paired.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var revoked = await browser.SubmitAsync($"/printers/{printer:D}", $"/printers/{printer:D}/revoke");
        Assert.Equal($"/printers/{printer:D}", revoked.Headers.Location?.ToString());
        Assert.Contains(">revoked<", await browser.TextAsync($"/printers/{printer:D}"), StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> UploadAsync(Browser browser, string page, string name, byte[] file)
    {
        var (tokenName, token) = Browser.TokenOf(page);
        using var content = new MultipartFormDataContent { { new StringContent(token), tokenName }, { new StringContent(name), "name" }, { new StringContent(""), "description" }, { new ByteArrayContent(file), "file", "bracket.stl" } };
        return await browser.PostAsync("/designs/new", content);
    }
}
