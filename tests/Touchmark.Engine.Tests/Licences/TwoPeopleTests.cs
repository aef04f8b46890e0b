using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Licences;

/// <summary>Two people of one organisation at the same thing: whoever comes second is told what the first one did, and loses nothing.</summary>
public sealed partial class TwoPeopleTests
{
    private const string Reason = "Withdrawn: <b>crack</b> at the “foot”";

    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_two_who_license_one_design_the_second_is_told_and_grants_only_by_sending_it_again(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var olga = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var otto = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var design = await olga.NewDesignAsync();
        (await olga.GrantAsync(design, maker)).IsGood();
        using var first = await Browser.OfAsync(server, olga);
        using var second = await Browser.OfAsync(server, otto);
        var (hers, his) = (await first.TextAsync($"/licences/new?design={design:D}"), await second.TextAsync($"/licences/new?design={design:D}"));

        server.Time.Advance(TimeSpan.FromSeconds(1));
        using var granted = await SendAsync(first, hers, prints: "2");
        Assert.Equal(HttpStatusCode.Redirect, granted.StatusCode);
        var hersNow = granted.Headers.Location!.ToString();
        using var told = await SendAsync(second, his, prints: "7");
        var page = WebUtility.HtmlDecode(await told.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Conflict, told.StatusCode);
        Assert.Contains("LICENCE_MEANWHILE", page, StringComparison.Ordinal);
        Assert.Contains("A Person granted 2 prints", page, StringComparison.Ordinal);
        Assert.Contains($"href=\"{hersNow}\"", page, StringComparison.Ordinal);
        Assert.Contains("name=\"prints\" inputmode=\"numeric\" value=\"7\"", page, StringComparison.Ordinal);
        Assert.Equal(2, await CountAsync(server));

        // A slip meanwhile tells nothing of it, and counts for nothing.
        using var slip = await SendAsync(second, his, prints: "seven");
        using var stillTold = await SendAsync(second, await slip.Content.ReadAsStringAsync(), prints: "7");
        Assert.Equal(HttpStatusCode.Conflict, stillTold.StatusCode);
        using var again = await SendAsync(second, page, prints: "7");
        Assert.Equal(HttpStatusCode.Redirect, again.StatusCode);
        // The same form, pressed twice, is not two licences.
        using var twice = await SendAsync(second, page, prints: "7");
        Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
        Assert.Equal(3, await CountAsync(server));

        Task<HttpResponseMessage> SendAsync(Browser browser, string form, string prints) => browser.SubmitPageAsync(form, "/licences/new",
            ("design", design.ToString("D")), ("known", Known().Match(form).Groups["count"].Value), ("shop", maker.OrganisationId.ToString("D")), ("prints", prints), ("policy", "at_once"), ("slowdown", "20"), ("trim", "5"));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_many_who_license_one_design_at_the_same_moment_one_is_heard(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var design = await oem.NewDesignAsync();
        var request = new { design_id = design, manufacturers = new[] { maker.OrganisationId }, prints = 1, licences_known = 0 };

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => oem.PostAsync("/api/licences", request)));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.Created), answer => answer.IsRefused(HttpStatusCode.Conflict, "LICENCE_MEANWHILE"));
        Assert.Equal(1, await CountAsync(server));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_two_who_revoke_one_licence_the_second_is_told_who_when_and_why(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var olga = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var otto = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var licence = (await olga.GrantAsync(await olga.NewDesignAsync(), maker)).IsGood().Id;
        using var first = await Browser.OfAsync(server, olga);
        using var second = await Browser.OfAsync(server, otto);
        var (hers, his) = (await first.TextAsync($"/licences/{licence:D}"), await second.TextAsync($"/licences/{licence:D}"));

        using var revoked = await first.SubmitPageAsync(hers, $"/licences/{licence:D}/revoke", ("reason", Reason));
        using var told = await second.SubmitPageAsync(his, $"/licences/{licence:D}/revoke", ("reason", "Sold to <i>another</i> shop"));

        Assert.Equal(HttpStatusCode.Redirect, revoked.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, told.StatusCode);
        var raw = await told.Content.ReadAsStringAsync();
        Assert.DoesNotContain("<b>crack", raw, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>another", raw, StringComparison.Ordinal);
        var page = WebUtility.HtmlDecode(raw);
        Assert.Contains("A Person revoked this licence on", page, StringComparison.Ordinal);
        Assert.Contains(Reason, page, StringComparison.Ordinal);
        Assert.Contains("You had typed: “Sold to <i>another</i> shop”", page, StringComparison.Ordinal);
        var refused = await otto.PostAsync($"/api/licences/{licence}/revoke", new { reason = "Sold" });
        refused.IsRefused(HttpStatusCode.Conflict, "LICENCE_REVOKED");
        Assert.Equal((Reason, "A Person"), (refused["figures"].GetProperty("reason").GetString(), refused["figures"].GetProperty("revoked_by").GetString()));
        // The shop hears that it is over, and not why.
        using var shop = await Browser.OfAsync(server, maker);
        Assert.DoesNotContain("crack", await shop.TextAsync($"/licences/{licence:D}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reason_that_cannot_be_signed_is_kept_in_the_form()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var licence = (await oem.GrantAsync(await oem.NewDesignAsync(), maker)).IsGood().Id;
        using var browser = await Browser.OfAsync(server, oem);
        var reason = new string('r', 10_000);

        using var answer = await browser.SubmitAsync($"/licences/{licence:D}", $"/licences/{licence:D}/revoke", ("reason", reason));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains($"value=\"{reason}\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_two_who_set_the_prices_of_a_printer_the_second_is_told_what_the_first_one_set(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var mia = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var max = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var path = $"/printers/{await server.EnrolPrinterAsync(mia):D}/prices";
        using var first = await Browser.OfAsync(server, mia);
        using var second = await Browser.OfAsync(server, max);
        var (hers, his) = (await first.TextAsync(path), await second.TextAsync(path));

        using var set = await SendAsync(first, hers, "4.5", "25");
        using var told = await SendAsync(second, his, "6", "30");

        Assert.Equal(HttpStatusCode.Redirect, set.StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, told.StatusCode);
        var form = await told.Content.ReadAsStringAsync();
        var page = WebUtility.HtmlDecode(form);
        Assert.Contains("4.5 EUR an hour, 25 EUR a kilogram", page, StringComparison.Ordinal);
        Assert.Contains("value=\"6\"", page, StringComparison.Ordinal);
        Assert.Equal(4.5, (await mia.GetAsync($"/api{path}")).IsGood()["per_hour"].GetDouble());
        using var again = await SendAsync(second, form, "6", "30");
        Assert.Equal(HttpStatusCode.Redirect, again.StatusCode);

        // The same by API: the tag of what was seen, and the others of what is.
        using var seen = await max.Http.GetAsync(new Uri($"/api{path}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, await PutAsync(seen.Headers.ETag!.Tag, 7));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await PutAsync(seen.Headers.ETag.Tag, 8));

        static Task<HttpResponseMessage> SendAsync(Browser browser, string form, string hour, string kg) =>
            browser.SubmitPageAsync(form, Action().Match(form).Groups["path"].Value, ("known", WebUtility.HtmlDecode(Known().Match(form).Groups["count"].Value)), ("hour", hour), ("kg", kg), ("currency", "EUR"));

        async Task<HttpStatusCode> PutAsync(string tag, double hour)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, new Uri($"/api{path}", UriKind.Relative)) { Content = JsonContent.Create(new { per_hour = hour, per_kg = 1.0, currency = "EUR" }) };
            request.Headers.TryAddWithoutValidation("If-Match", tag);
            using var answer = await max.Http.SendAsync(request);
            return answer.StatusCode;
        }
    }

    private static Task<long> CountAsync(ServerFactory server) => server.Database.FirstOrDefaultAsync<long>("select count(*) from licences", null, default);

    [GeneratedRegex("name=\"known\" value=\"(?<count>[^\"]*)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Known();

    [GeneratedRegex("action=\"(?<path>/printers/[^\"]+/prices)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Action();
}
