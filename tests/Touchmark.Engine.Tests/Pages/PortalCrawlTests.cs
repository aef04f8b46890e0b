using System.Net;
using System.Text.RegularExpressions;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Pages;

/// <summary>Every page that a role can reach by links, looked at for what breaks a strict content security policy silently, and for names that are not encoded.</summary>
public sealed partial class PortalCrawlTests
{
    private const string Nasty = "\"><img src=x onerror=alert(1)> قوس 🙂";

    [Fact]
    public async Task Every_page_that_a_role_can_reach_answers_and_breaks_no_policy()
    {
        // Nobody reads as fast as this.
        await using var server = await ServerFactory.StartAsync(arguments: ["--requests-per-second", "1000000", "--request-burst", "1000000"]);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket & <Works>");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var design = (await oem.UploadAsync(Designs.Models.BinaryStl(), name: Nasty, description: Nasty)).IsGood().Id;
        var licence = (await oem.GrantAsync(design, maker)).IsGood().Id;
        var printer = await server.EnrolPrinterAsync(maker);
        var seen = new Dictionary<Role, IReadOnlyList<string>>();
        foreach (var role in Enum.GetValues<Role>())
        {
            using var person = role switch { Role.Oem => oem.At(server), Role.Manufacturer => maker.At(server), _ => await server.JoinAsync(role, "Maker Hall") };
            using var browser = await Browser.OfAsync(server, person);
            seen[role] = await CrawlAsync(browser);
        }

        Assert.Contains($"/designs/{design:D}", seen[Role.Oem]);
        Assert.Contains($"/licences/new?design={design:D}", seen[Role.Oem]);
        Assert.Contains(seen[Role.Manufacturer], path => path.StartsWith("/catalogue/", StringComparison.Ordinal));
        Assert.Contains(seen[Role.Manufacturer], path => path.StartsWith("/printers/", StringComparison.Ordinal));
        // What a thing implies is a link away from it.
        Assert.Contains($"/recalls/new?design={design:D}", seen[Role.Oem]);
        Assert.Contains($"/parts?licence={licence:D}", seen[Role.Oem]);
        Assert.Contains($"/catalogue/{licence:D}", seen[Role.Manufacturer]);
        Assert.Contains($"/licences/{licence:D}", seen[Role.Operator]);
        Assert.Contains($"/printers/{printer:D}/prices", seen[Role.Manufacturer]);
        Assert.Contains($"/parts?printer={printer:D}", seen[Role.Operator]);
        Assert.DoesNotContain($"/printers/{printer:D}/prices", seen[Role.Operator]);
        Assert.Contains($"/audit?subject=printer/{printer:D}", seen[Role.Auditor]);
        Assert.Contains("/jobs", seen[Role.Auditor]);
        Assert.DoesNotContain(seen[Role.Custodian], path => path.StartsWith("/jobs", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Role.Oem, "/printers")]
    [InlineData(Role.Oem, "/catalogue")]
    [InlineData(Role.Manufacturer, "/designs")]
    [InlineData(Role.Operator, "/licences/new?design=00000000-0000-0000-0000-000000000000")]
    [InlineData(Role.Custodian, "/jobs")]
    [InlineData(Role.Auditor, "/designs/new")]
    internal async Task A_page_of_another_role_is_refused_in_words(Role role, string path)
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(role, "Maker Hall");
        using var browser = await Browser.OfAsync(server, person);

        Assert.Contains("another role", await browser.TextAsync(path, HttpStatusCode.Forbidden), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_belongs_to_another_organisation_is_not_there()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var stranger = await server.JoinAsync(Role.Manufacturer, "Other Hall");
        var design = await oem.NewDesignAsync();
        var licence = (await oem.GrantAsync(design, maker)).IsGood().Id;
        var printer = await server.EnrolPrinterAsync(maker);
        using var rivals = await Browser.OfAsync(server, rival);
        using var strangers = await Browser.OfAsync(server, stranger);

        await rivals.TextAsync($"/designs/{design:D}", HttpStatusCode.NotFound);
        await rivals.TextAsync($"/licences/new?design={design:D}", HttpStatusCode.NotFound);
        await rivals.TextAsync($"/licences/{licence:D}", HttpStatusCode.NotFound);
        await strangers.TextAsync($"/catalogue/{licence:D}", HttpStatusCode.NotFound);
        await strangers.TextAsync($"/printers/{printer:D}", HttpStatusCode.NotFound);
        await strangers.TextAsync($"/jobs/{Guid.CreateVersion7():D}", HttpStatusCode.NotFound);
    }

    private static async Task<List<string>> CrawlAsync(Browser browser)
    {
        var found = new List<string> { "/" };
        for (var next = 0; next < found.Count; next++)
        {
            Assert.True(next < 500, "The pages have no end.");
            using var answer = await browser.GetAsync(found[next]);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect, $"{found[next]}: {answer.StatusCode}");
            if (answer.Content.Headers.ContentType?.MediaType != "text/html")
            {
                continue;
            }

            var html = await answer.Content.ReadAsStringAsync();
            var bad = Forbidden().Match(html);
            Assert.False(bad.Success, $"{found[next]} has {bad.Value}");
            Assert.DoesNotContain("<img src=x", html, StringComparison.Ordinal);
            Assert.Equal(Count(html, "method=\"post\""), Count(html, "name=\"__RequestVerificationToken\""));
            found.AddRange(Links().Matches(html).Select(link => WebUtility.HtmlDecode(link.Groups["path"].Value)).Where(path => !found.Contains(path, StringComparer.Ordinal)).Distinct(StringComparer.Ordinal));
        }

        return found;
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    // Inline scripts and styles, handlers, and what htmx and browsers would evaluate.
    [GeneratedRegex("""<script(?![^>]*\bsrc=)|<style|\sstyle="|<[^>]*\son[a-z]+=|javascript:|hx-on|hx-vals="js:""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Forbidden();

    [GeneratedRegex("""<a [^>]*href="(?<path>/[^"#]*)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Links();
}
