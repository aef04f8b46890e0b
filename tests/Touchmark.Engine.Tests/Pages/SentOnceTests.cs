using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Pages;

/// <summary>What a form orders happens once, however often the form arrives.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class SentOnceTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_order_that_is_pressed_many_times_at_once_is_one_print_and_leads_to_it(StorageKind storage)
    {
        await using var shop = await PrintShop.OpenAsync(storage: storage);
        using var browser = await Browser.OfAsync(shop.Server, shop.Maker);
        var order = $"/catalogue/{shop.LicenceId:D}";
        var page = await browser.TextAsync(order);

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => SendAsync(browser, page, order, [.. Order(shop)])));

        var job = Assert.Single(answers.Select(answer => answer.Headers.Location?.ToString()).Distinct());
        Assert.StartsWith("/jobs/", job, StringComparison.Ordinal);
        Assert.Equal(1, await shop.TakenAsync());
        // A page that is opened anew orders anew, and so does the same page with something else in it.
        using var another = await SendAsync(browser, await browser.TextAsync(order), order, [.. Order(shop)]);
        using var other = await SendAsync(browser, page, order, [.. Order(shop), ("lot", "B-2")]);
        Assert.Equal(3, new[] { job, another.Headers.Location?.ToString(), other.Headers.Location?.ToString() }.Distinct().Count());
        Assert.Equal(3, await shop.TakenAsync());
        Array.ForEach(answers, answer => answer.Dispose());
    }

    [Fact]
    public async Task A_form_that_was_refused_is_taken_when_it_is_sent_again()
    {
        await using var shop = await PrintShop.OpenAsync(prints: 1);
        using var browser = await Browser.OfAsync(shop.Server, shop.Maker);
        var order = $"/catalogue/{shop.LicenceId:D}";
        var page = await browser.TextAsync(order);
        var first = (await shop.OrderAsync()).IsGood().Id;

        using var refused = await SendAsync(browser, page, order, [.. Order(shop)]);
        Assert.Contains("LICENCE_USED_UP", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        (await shop.Maker.PostAsync($"/api/jobs/{first}/cancel")).IsGood();
        await shop.UntilAsync(first, "cancelled");

        using var taken = await SendAsync(browser, page, order, [.. Order(shop)]);
        Assert.StartsWith("/jobs/", taken.Headers.Location?.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_form_of_somebody_else_is_another_form_and_after_a_sign_in_it_is_still_the_same()
    {
        await using var server = await ServerFactory.StartAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var worker = await server.JoinAsync(Role.Operator, "Maker Hall");
        var printer = $"/printers/{await server.EnrolPrinterAsync(maker):D}";
        using var first = await Browser.OfAsync(server, maker);
        using var second = await Browser.OfAsync(server, worker);
        var page = await first.TextAsync(printer);
        (string, string)[] note = [("words", "New belt"), ("once", OnceOf(page))];

        using var noted = await first.SubmitPageAsync(page, $"{printer}/notes", note);
        using var again = await first.SubmitAsync(printer, $"{printer}/notes", note);
        using var another = await second.SubmitAsync(printer, $"{printer}/notes", note);

        Assert.All([noted, again, another], answer => Assert.Equal($"{printer}#notes", answer.Headers.Location?.ToString()));
        Assert.Equal(2, (await maker.GetAsync($"/api{printer}/notes")).Body.GetArrayLength());
        using var back = await Browser.OfAsync(server, maker);
        using var kept = await back.SubmitAsync(printer, $"{printer}/notes", note);
        Assert.Equal(2, (await maker.GetAsync($"/api{printer}/notes")).Body.GetArrayLength());
    }

    private static IEnumerable<(string, string)> Order(PrintShop shop) => [("printer", shop.PrinterId.ToString("D")), ("material", "PLA"), ("quality", "draft")];

    private static Task<HttpResponseMessage> SendAsync(Browser browser, string page, string action, params (string Name, string Value)[] fields) =>
        browser.SubmitPageAsync(page, action, [("once", OnceOf(page)), .. fields]);

    private static string OnceOf(string page) => Once().Match(page).Groups["value"].Value;

    [GeneratedRegex("name=\"once\" value=\"(?<value>[0-9a-f]{32})\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Once();
}
