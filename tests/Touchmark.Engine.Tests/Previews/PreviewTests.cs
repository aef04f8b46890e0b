using System.Net;
using System.Runtime.Versioning;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Previews;

/// <summary>Slicing before a print: its figures, its layers, and how little of the toolpath they tell.</summary>
[SupportedOSPlatform("linux")]
public sealed class PreviewTests
{
    [Fact]
    public async Task A_shop_learns_time_and_material_without_taking_a_print_and_sees_layers_a_millimetre_coarse()
    {
        await using var shop = await PrintShop.OpenAsync();

        var slice = (await SliceAsync(shop)).IsGood();

        Assert.Equal((1, 1.0, 2.0), (slice["layers"].GetInt32(), slice["pixel_mm"].GetDouble(), Math.Round(slice["filament_mm"].GetDouble(), 3)));
        Assert.InRange(slice["mass_g"].GetDouble(), 0.005, 0.007);
        Assert.InRange(slice["motion_s"].GetDouble(), 1, 20);
        Assert.Equal(0, await shop.TakenAsync());
        var picture = await LayerAsync(shop.Maker, slice.Id, 1);
        // The square from 10 to 20 mm: its sides are filled, its middle is not, and it has four tones at most.
        Assert.Equal((11, 11), (picture.Width, picture.Height));
        Assert.True(picture.Opacity(0, 5) > 0 && picture.Opacity(5, 0) > 0);
        Assert.Equal(0, picture.Opacity(5, 5));
        Assert.All(picture.Pixels.Where((_, i) => i % 2 == 1), tone => Assert.Equal(0, tone % 85));
        Assert.Equal(slice.Id, (await SliceAsync(shop)).IsGood().Id);
    }

    [Fact]
    public async Task The_owner_of_the_design_sees_finer_layers_and_nobody_else_sees_any()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var rival = await shop.Server.JoinAsync(Role.Oem, "Rival Works");
        using var other = await shop.Server.JoinAsync(Role.Manufacturer, "Other Hall");
        using var auditor = await shop.Server.JoinAsync(Role.Auditor, "Watchers");
        var slice = (await SliceAsync(shop)).IsGood().Id;

        Assert.Equal(0.2, (await shop.Oem.GetAsync($"/api/slices/{slice}")).IsGood()["pixel_mm"].GetDouble());
        Assert.Equal(51, (await LayerAsync(shop.Oem, slice, 1)).Width);
        (await auditor.GetAsync($"/api/slices/{slice}")).IsGood();
        foreach (var person in new[] { rival, other })
        {
            (await person.GetAsync($"/api/slices/{slice}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
            (await person.GetAsync($"/api/slices/{slice}/layers/1")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        }

        (await other.PostAsync("/api/slices", new { licence_id = shop.LicenceId, printer_id = shop.PrinterId, material = "PLA", quality = "draft" })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await shop.Oem.PostAsync($"/api/licences/{shop.LicenceId}/revoke", new { reason = "A crack was found" })).IsGood();
        (await shop.Maker.GetAsync($"/api/slices/{slice}/layers/1")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await SliceAsync(shop)).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
    }

    [Fact]
    public async Task Before_a_print_is_ordered_the_slice_says_what_licence_machine_printer_bed_and_queue_would_say()
    {
        await using var shop = await PrintShop.OpenAsync();
        var design = (await shop.Oem.GetAsync("/api/designs")).IsGood().Body[0].GetProperty("id").GetGuid();
        var one = (await shop.Oem.PostAsync("/api/licences", new { design_id = design, manufacturers = new[] { shop.Maker.OrganisationId }, prints = 1, materials = new[] { "PLA" }, qualities = new[] { "draft" } })).IsGood().Id;
        (await SliceAsync(one, "fine")).IsRefused(HttpStatusCode.Conflict, "LICENCE_QUALITY");
        (await SliceAsync(one, "draft", "PETG")).IsRefused(HttpStatusCode.Conflict, "LICENCE_MATERIAL");

        var slice = (await SliceAsync(one, "draft")).IsGood();
        Assert.Equal([("licence", "good"), ("size and heat", "good"), ("printer", "waits"), ("bed", "good"), ("queue", "good")], Outcomes(slice));
        Assert.Contains("draft (draft allowed); 1 of 1 prints are left", slice["checks"][0].GetProperty("text").GetString(), StringComparison.Ordinal);
        using var browser = await Browser.OfAsync(shop.Server, shop.Maker);
        var page = WebUtility.HtmlDecode(await browser.TextAsync($"/slices/{slice.Id:D}?licence={one:D}"));
        Assert.Contains("is not connected: the print waits for it", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<button disabled", page, StringComparison.Ordinal);

        // Printed under it, it is used up; the other licence still lets the shop look.
        var job = (await shop.Maker.PostAsync("/api/jobs", new { licence_id = one, printer_id = shop.PrinterId, material = "PLA", quality = "draft" })).IsGood().Id;
        await shop.UntilAsync(job, "waiting");
        var after = (await shop.Maker.GetAsync($"/api/slices/{slice.Id}?licence={one}")).IsGood();
        Assert.Equal([("licence", "refused"), ("size and heat", "good"), ("printer", "waits"), ("bed", "good"), ("queue", "waits")], Outcomes(after));
        page = WebUtility.HtmlDecode(await browser.TextAsync($"/slices/{slice.Id:D}?licence={one:D}"));
        Assert.Contains("All 1 prints of this licence are taken.", page, StringComparison.Ordinal);
        Assert.Contains("<button disabled", page, StringComparison.Ordinal);
        // The page of the print leads here.
        Assert.Contains($"/slices/{slice.Id:D}?licence={one:D}", WebUtility.HtmlDecode(await browser.TextAsync($"/jobs/{job:D}")), StringComparison.Ordinal);
        // What waits for a shop's printer is its own business.
        Assert.False((await shop.Oem.GetAsync($"/api/slices/{slice.Id}?licence={one}")).IsGood().Body.TryGetProperty("checks", out _));

        Task<Answer> SliceAsync(Guid licence, string quality, string material = "PLA") => shop.Maker.PostAsync("/api/slices", new { licence_id = licence, printer_id = shop.PrinterId, material, quality });

        static IEnumerable<(string?, string?)> Outcomes(Answer slice) => slice["checks"].EnumerateArray().Select(check => (check.GetProperty("what").GetString(), check.GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task Many_layers_are_shown_evenly_and_large_parts_more_coarsely()
    {
        // 400 layers of a line 200 mm long.
        await using var shop = await PrintShop.OpenAsync(
            "{ printf 'G21\\nG90\\nM83\\nG28\\nM104 S200\\nM109 S200\\n'; i=1; while [ $i -le 400 ]; do printf 'G1 X10 Y10 Z%d.%d F6000\\nG1 X210 E8 F1200\\n' $((i * 3 / 10)) $((i * 3 % 10)); i=$((i+1)); done; } > part.gcode");

        var slice = (await SliceAsync(shop)).IsGood();

        var shown = slice["shown"].EnumerateArray().Select(number => number.GetInt32()).ToList();
        Assert.Equal((400, 100, 1, 400), (slice["layers"].GetInt32(), shown.Count, shown[0], shown[^1]));
        Assert.Equal(1.25, slice["pixel_mm"].GetDouble());
        (await shop.Maker.GetAsync($"/api/slices/{slice.Id}/layers/2")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
    }

    [Fact]
    public async Task The_line_that_primes_the_nozzle_does_not_make_the_part_a_dot()
    {
        // 150 mm along the edge of the bed, then two layers of a square of 10 mm in its middle.
        await using var shop = await PrintShop.OpenAsync(
            "printf 'G21\\nG90\\nM83\\nG28\\nM104 S200\\nM109 S200\\nG1 X5 Y5 Z0.3 F6000\\nG1 X155 E6 F1200\\nG1 X100 Y100 F6000\\nG1 X110 E0.5 F1200\\nG1 Y110 E0.5\\nG1 Z0.6\\nG1 X100 E0.5\\nG1 Y100 E0.5\\n' > part.gcode");

        var slice = (await SliceAsync(shop)).IsGood();

        var picture = await LayerAsync(shop.Maker, slice.Id, 1);
        Assert.Equal((31, 21, 1.0), (picture.Width, picture.Height, slice["pixel_mm"].GetDouble()));
    }

    [Fact]
    public async Task The_page_of_a_shop_leads_from_the_catalogue_through_the_slice_to_the_print()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var browser = await Browser.OfAsync(shop.Server, shop.Maker);
        var form = $"/catalogue/{shop.LicenceId:D}";

        using var refused = await browser.SubmitAsync(form, $"{form}/slice", ("material", "PLA"), ("quality", "draft"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        using var started = await browser.SubmitAsync(form, $"{form}/slice", ("printer", $"{shop.PrinterId:D}"), ("material", "PLA"), ("quality", "draft"));
        var run = started.Headers.Location!.ToString();
        Assert.StartsWith("/slices/runs/", run, StringComparison.Ordinal);
        Assert.Contains("\"state\":\"done\"", await browser.TextAsync($"{run}/live"), StringComparison.Ordinal);
        using var done = await browser.GetAsync(run);
        var page = await browser.TextAsync(done.Headers.Location!.ToString());

        Assert.Contains("Print it", page, StringComparison.Ordinal);
        Assert.Contains("/layers/1.png", page, StringComparison.Ordinal);
        Assert.DoesNotContain("G1 X", page, StringComparison.Ordinal);
        var slice = done.Headers.Location!.ToString()["/slices/".Length..][..36];
        using var printed = await browser.SubmitPageAsync(page, form, ("printer", $"{shop.PrinterId:D}"), ("material", "PLA"), ("quality", "draft"));
        Assert.StartsWith("/jobs/", printed.Headers.Location!.ToString(), StringComparison.Ordinal);
        using var owner = await Browser.OfAsync(shop.Server, shop.Oem);
        Assert.DoesNotContain("Print it", await owner.TextAsync($"/slices/{slice}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prices_are_the_shops_own_business_and_make_a_cost()
    {
        await using var shop = await PrintShop.OpenAsync();
        var prices = $"/api/printers/{shop.PrinterId}/prices";
        Assert.False((await SliceAsync(shop)).IsGood().Body.TryGetProperty("cost", out _));

        (await shop.Maker.PutAsync(prices, new { per_hour = -1, per_kg = 25, currency = "EUR" })).IsRefused(HttpStatusCode.BadRequest, "PRICE_UNCLEAR");
        (await shop.Maker.PutAsync(prices, new { per_hour = 1, per_kg = 25, currency = "<b>" })).IsRefused(HttpStatusCode.BadRequest, "PRICE_UNCLEAR");
        (await shop.Maker.PutAsync(prices, new { per_hour = 3600, per_kg = 0, currency = "EUR" })).IsGood();
        var slice = (await SliceAsync(shop)).IsGood();

        Assert.Equal($"{slice["motion_s"].GetDouble():0.00} EUR", slice["cost"].GetString());
        Assert.False((await shop.Oem.GetAsync($"/api/slices/{slice.Id}")).IsGood().Body.TryGetProperty("cost", out _));
        using var other = await shop.Server.JoinAsync(Role.Manufacturer, "Other Hall");
        (await other.PutAsync(prices, new { per_hour = 1, per_kg = 1, currency = "EUR" })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        using var browser = await Browser.OfAsync(shop.Server, shop.Maker);
        using var kept = await browser.SubmitAsync($"/printers/{shop.PrinterId:D}/prices", $"/printers/{shop.PrinterId:D}/prices", ("hour", "4.5"), ("kg", "25"), ("currency", "eur"));
        Assert.Equal($"/printers/{shop.PrinterId:D}", kept.Headers.Location?.ToString());
    }

    private static Task<Answer> SliceAsync(PrintShop shop) => shop.Maker.PostAsync("/api/slices", new { licence_id = shop.LicenceId, printer_id = shop.PrinterId, material = "PLA", quality = "draft" });

    private static async Task<Picture> LayerAsync(Person person, Guid slice, int number) => Picture.Read(await person.Http.GetByteArrayAsync(new Uri($"/api/slices/{slice}/layers/{number}", UriKind.Relative)));
}
