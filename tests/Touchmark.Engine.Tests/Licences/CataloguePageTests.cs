using System.Net;
using System.Text.RegularExpressions;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Licences;

/// <summary>The catalogue of a shop that may print much, on many printers.</summary>
public sealed partial class CataloguePageTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Much_that_may_be_printed_is_shown_a_page_at_a_time_and_searched_by_name(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var other = await server.JoinAsync(Role.Manufacturer, "Other Hall");
        var (bracket, hinge) = (await oem.NewDesignAsync(), await oem.NewDesignAsync());
        await server.Database.ExecuteAsync("update designs set name = @Name where id = @Id", new { Id = hinge, Name = "Hinge_7" }, default);
        var licences = new List<Guid>();
        for (var number = 0; number < 52; number++)
        {
            licences.Add((await oem.GrantAsync(number == 3 ? hinge : bracket, maker)).IsGood().Id);
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }

        (await oem.GrantAsync(bracket, other)).IsGood();
        using var browser = await Browser.OfAsync(server, maker);

        var first = await browser.TextAsync("/catalogue");
        Assert.Equal(licences.AsEnumerable().Reverse().Take(50), Listed(first));
        Assert.Equal([licences[1], licences[0]], Listed(await browser.TextAsync(Older().Match(first).Groups["path"].Value)));
        Assert.Equal([licences[3]], Listed(await browser.TextAsync("/catalogue?q=hinge_")));
        Assert.Contains("Nothing that you may print has this in its name", await browser.TextAsync("/catalogue?q=hingeX"), StringComparison.Ordinal);
        Assert.Equal(52, (await maker.GetAsync("/api/catalogue")).IsGood().Body.GetArrayLength());
        Assert.Contains("156", await browser.TextAsync("/"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_many_printers_those_that_can_make_it_stand_first_and_others_are_found_by_name(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var printers = new List<Guid>();
        for (var number = 0; number < 43; number++)
        {
            printers.Add(await server.EnrolPrinterAsync(maker));
            await server.Database.ExecuteAsync("update printers set name = @Name where id = @Id", new { Id = printers[^1], Name = $"Line {number:00}" }, default);
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var design = await oem.NewDesignAsync();
        var licence = (await oem.PostAsync("/api/licences", new { design_id = design, printers = new[] { printers[41], printers[42] }, prints = 5 })).IsGood().Id;
        using var browser = await Browser.OfAsync(server, maker);

        var page = WebUtility.HtmlDecode(await browser.TextAsync($"/catalogue/{licence:D}"));
        Assert.Equal(40, Choices(page).Count);
        Assert.Equal([printers[41], printers[42]], Choices(page).Take(2));
        Assert.Contains("3 more of your printers do not stand here", page, StringComparison.Ordinal);
        Assert.Equal([printers[40], printers[41], printers[42]], Choices(await browser.TextAsync($"/catalogue/{licence:D}?q=line+4")).Order());
        Assert.Contains("No printer has this in its name", await browser.TextAsync($"/catalogue/{licence:D}?q=other"), StringComparison.Ordinal);
        // Who was refused finds the printer that they had chosen, wherever it stands in the list.
        using var refused = await browser.SubmitAsync($"/catalogue/{licence:D}", $"/catalogue/{licence:D}", ("printer", printers[39].ToString("D")), ("material", "PLA"), ("quality", "standard"));
        var again = await refused.Content.ReadAsStringAsync();
        Assert.Contains("role=\"alert\"", again, StringComparison.Ordinal);
        Assert.Contains(printers[39], Choices(again));
    }

    private static List<Guid> Listed(string page) => [.. Item().Matches(page).Select(match => Guid.Parse(match.Groups["id"].Value))];

    private static List<Guid> Choices(string page) => [.. Choice().Matches(page).Select(match => Guid.Parse(match.Groups["id"].Value))];

    [GeneratedRegex("""<h2><a href="/catalogue/(?<id>[0-9a-f-]{36})""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Item();

    [GeneratedRegex("""name="printer" value="(?<id>[0-9a-f-]{36})""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Choice();

    [GeneratedRegex("""href="(?<path>/catalogue\?before=[0-9a-f-]{36})""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Older();
}
