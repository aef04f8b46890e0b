using System.Net;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Printers;

/// <summary>What a printer's page and the API tell of it: notes, drift, keys, and whether its gateway is there.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class PrinterPageTests
{
    private const string Nasty = "<script>alert(1)</script> قوس 🙂";

    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Notes_are_added_by_the_shop_and_stay_as_they_are(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var auditor = await server.JoinAsync(Role.Auditor, "Auditors");
        var printer = await server.EnrolPrinterAsync(maker);
        using var browser = await Browser.OfAsync(server, maker);

        (await maker.PostAsync($"/api/printers/{printer:D}/notes", new { words = "  New nozzle, 0.4 mm\r\nand a belt  " })).IsGood();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        using var added = await browser.SubmitAsync($"/printers/{printer:D}", $"/printers/{printer:D}/notes", ("words", Nasty));
        Assert.Equal($"/printers/{printer:D}#notes", added.Headers.Location?.ToString());

        var notes = (await auditor.GetAsync($"/api/printers/{printer:D}/notes")).IsGood().Body.EnumerateArray().Select(note => note.GetProperty("words").GetString());
        Assert.Equal([Nasty, "New nozzle, 0.4 mm\nand a belt"], notes);
        var page = await browser.TextAsync($"/printers/{printer:D}");
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.Contains(Nasty, WebUtility.HtmlDecode(page), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_note_that_cannot_be_taken_says_why_and_is_not_lost()
    {
        await using var server = await ServerFactory.StartAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var printer = await server.EnrolPrinterAsync(maker);
        using var browser = await Browser.OfAsync(server, maker);
        var longest = new string('n', PrinterNotes.MaxLength + 1);

        using var answer = await browser.SubmitAsync($"/printers/{printer:D}", $"/printers/{printer:D}/notes", ("words", longest));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var page = await answer.Content.ReadAsStringAsync();
        Assert.Contains("NOTE_INVALID", page, StringComparison.Ordinal);
        Assert.Contains(longest, page, StringComparison.Ordinal);
        (await maker.PostAsync($"/api/printers/{printer:D}/notes", new { words = " \n " })).IsRefused(HttpStatusCode.BadRequest, "NOTE_INVALID");
        (await maker.PostAsync($"/api/printers/{printer:D}/notes", new { words = "it is \u202eright" })).IsRefused(HttpStatusCode.BadRequest, "NOTE_INVALID");
    }

    [Fact]
    public async Task Who_may_not_see_a_printer_gets_the_answer_of_something_that_is_not_there()
    {
        await using var server = await ServerFactory.StartAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var other = await server.JoinAsync(Role.Manufacturer, "Another shop");
        var printer = await server.EnrolPrinterAsync(maker);
        using var browser = await Browser.OfAsync(server, other);

        foreach (var path in new[] { "notes", "behaviour" })
        {
            (await other.GetAsync($"/api/printers/{printer:D}/{path}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        }

        (await other.PostAsync($"/api/printers/{printer:D}/notes", new { words = "mine" })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        await browser.TextAsync($"/printers/{printer:D}", HttpStatusCode.NotFound);
        await browser.TextAsync($"/printers/{printer:D}/live", HttpStatusCode.NotFound);
        foreach (var form in new[] { "notes", "bed-clear", "bed-check", "keys/rotate", "keys/1/revoke", "revoke" })
        {
            using var answer = await browser.SubmitAsync("/printers", $"/printers/{printer:D}/{form}", ("words", "mine"));
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_printer_whose_gateway_never_came_says_what_to_run_and_later_when_it_was_here()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var browser = await Browser.OfAsync(bench.Server, bench.Manufacturer);
        var before = await browser.TextAsync($"/printers/{bench.PrinterId:D}");
        Assert.Contains("touchmark-gateway run", before, StringComparison.Ordinal);
        Assert.Contains("never connected", before, StringComparison.Ordinal);

        await using var gateway = await bench.ConnectAsync();
        await bench.FollowAsync(await bench.OrderAsync(), "preflight");

        var after = await browser.TextAsync($"/printers/{bench.PrinterId:D}");
        Assert.DoesNotContain("never connected", after, StringComparison.Ordinal);
        Assert.Contains("test-gateway 1.0, over ws", after, StringComparison.Ordinal);
        Assert.True((await bench.Manufacturer.GetAsync($"/api/printers/{bench.PrinterId:D}")).IsGood().Body.TryGetProperty("seen_at", out _));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_hall_full_of_printers_is_listed_a_page_at_a_time_and_searched_by_name(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var other = await server.JoinAsync(Role.Manufacturer, "Other Hall");
        await server.EnrolPrinterAsync(other);
        var printers = new List<Guid>();
        for (var number = 1; number <= 52; number++)
        {
            printers.Add(await server.EnrolPrinterAsync(maker));
            await server.Database.ExecuteAsync("update printers set name = @Name where id = @Id", new { Id = printers[^1], Name = $"Line_{number:00}" }, default);
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }

        using var browser = await Browser.OfAsync(server, maker);
        var first = await browser.TextAsync("/printers");
        Assert.Equal(printers.AsEnumerable().Reverse().Take(50), Listed(first));
        var older = Older().Match(first).Groups["path"].Value;
        Assert.Equal([printers[1], printers[0]], Listed(await browser.TextAsync(older)));
        Assert.Equal([printers[6]], Listed(await browser.TextAsync("/printers?q=line_07")));
        // No sign stands for any other one.
        Assert.Empty(Listed(await browser.TextAsync("/printers?q=line%2507")));
        Assert.Contains("No printer has this in its name", await browser.TextAsync("/printers?q=lineX07"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task What_prints_measured_stands_in_a_table_and_a_picture(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        var job = await bench.OrderAsync();
        await bench.FollowAsync(job, "waiting");
        await using (var work = await bench.Server.Database.BeginAsync(default))
        {
            BehaviourFigure[] figures = [new("homing", 15.5, 14, 1, "s"), new("heating the nozzle from 60 to 120 °C", 7.4, 7.5, 1.5, "s")];
            await PrinterDrift.KeepAsync(work, job, bench.PrinterId, [.. figures, figures[0]], bench.Server.Time.GetUtcNow(), default);
            await work.CommitAsync(default);
        }

        var rows = (await bench.Manufacturer.GetAsync($"/api/printers/{bench.PrinterId:D}/behaviour")).IsGood().Body.EnumerateArray().ToList();
        Assert.Equal([-0.0667, 1.5], rows.Select(row => Math.Round(row.GetProperty("share").GetDouble(), 4)));
        using var browser = await Browser.OfAsync(bench.Server, bench.Manufacturer);
        var page = WebUtility.HtmlDecode(await browser.TextAsync($"/printers/{bench.PrinterId:D}"));
        Assert.Contains("1 print. At the furthest, 150 % of the tolerance was used up.", page, StringComparison.Ordinal);
        Assert.Contains("15.5 s", page, StringComparison.Ordinal);
        Assert.Contains("<circle class=\"chart-first\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_printers_keys_are_made_and_revoked_by_buttons_and_seen_by_who_keeps_them()
    {
        await using var server = await ServerFactory.StartAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var operators = await server.JoinAsync(Role.Operator, "Maker Hall");
        var printer = await server.EnrolPrinterAsync(maker);
        var page = $"/printers/{printer:D}";
        using var browser = await Browser.OfAsync(server, maker);
        using var hand = await Browser.OfAsync(server, operators);

        using (var rotated = await browser.SubmitAsync(page, $"{page}/keys/rotate"))
        {
            Assert.Equal($"{page}#keys", rotated.Headers.Location?.ToString());
        }

        using (var revoked = await browser.SubmitAsync(page, $"{page}/keys/1/revoke"))
        {
            Assert.Equal($"{page}#keys", revoked.Headers.Location?.ToString());
        }

        var states = Badges().Matches(await browser.TextAsync(page)).Select(badge => badge.Groups["text"].Value).Where(text => text.EndsWith("files", StringComparison.Ordinal) || text == "revoked");
        Assert.Equal(["for new files", "revoked"], states);
        Assert.DoesNotContain("keys/rotate", await hand.TextAsync(page), StringComparison.Ordinal);
    }

    private static IEnumerable<Guid> Listed(string page) => Rows().Matches(page).Select(row => Guid.Parse(row.Groups["id"].Value));

    [GeneratedRegex("""<td><a href="/printers/(?<id>[0-9a-f-]{36})">""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rows();

    [GeneratedRegex("""href="(?<path>/printers\?before=[0-9a-f-]{36})""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Older();

    [GeneratedRegex("""<span class="badge" data-tone="[a-z]+">(?<text>[^<]+)</span>""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Badges();
}
