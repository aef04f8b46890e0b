using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Tests.Accounts;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Pages;

/// <summary>What is bad for one form is tried with every form of the portal: a session that ends in the middle, fields of 10,000 characters, and names that are markup, run from right to left or are pictures.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed partial class EveryFormTests
{
    private const string Nasty = "\"><img src=x onerror=alert(1)></textarea><script>alert(1)</script> قوس \u202egpj 🙂";

    private static readonly string Endless = new('漢', 10_000);

    private static readonly string[] Strangers = ["/sign-in", "/sign-out", "/setup/begin", "/demonstration"];

    // Who sends which form, from which page, with what in it. An id in braces is put in. Every field that a person types is here.
    private static readonly Sent[] All =
    [
        new(Role.Oem, "/licences/new", "/licences/new?design={design}", ["prints", "printers", "until", "exposure", "outage", "slowdown", "trim"], ("design", "{design}"), ("shop", "{shop}"), ("prints", "1"), ("policy", "at_once")),
        new(Role.Oem, "/licences/{licence}/revoke", "/licences/{licence}", ["reason"]),
        new(Role.Oem, "/recalls/new", "/recalls/new", ["reason", "design", "licence", "printer", "from", "to"], ("reason", "Brittle"), ("licence", "{licence}")),
        new(Role.Oem, "/parts/labels", "/parts", [], ("part", "{nasty}"), ("sheet", "a4"), ("skip", "two")),
        new(Role.Oem, "/parts/PPG0A0EV8ZB4ERYQ/invitations", "/parts", [], ("role", "{nasty}")),
        new(Role.Oem, "/jobs/{unknown}/halt", "/jobs", []),
        new(Role.Oem, "/account/password", "/account", [], ("password", "wrong"), ("new-password", "{nasty}"), ("new-password-again", "short")),
        new(Role.Oem, "/account/second-factor/begin", "/account", [], ("password", "{nasty}")),
        new(Role.Oem, "/account/second-factor/confirm", "/account", [], ("password-code", "{nasty}")),
        new(Role.Oem, "/account/second-factor/recovery-codes", "/account", [], ("password-code", "{nasty}")),
        new(Role.Oem, "/account/second-factor/remove", "/account", [], ("password-code", "{nasty}")),
        new(Role.Oem, "/account/sessions/none/end", "/account", []),
        new(Role.Oem, "/account/passkeys/begin", "/account", [], ("name", "{nasty}"), ("password", "wrong")),
        new(Role.Oem, "/account/passkeys", "/account", [], ("name", "mine"), ("password-credential", "{nasty}")),
        new(Role.Oem, "/account/passkeys/rename", "/account", ["new-name"], ("passkey", "{passkey}")),
        new(Role.Oem, "/account/passkeys/remove", "/account", [], ("passkey", "{nasty}"), ("password", "wrong")),
        new(Role.Oem, "/account/provider/link", "/account", [], ("password", "{nasty}")),
        new(Role.Oem, "/account/provider/unlink", "/account", [], ("password", "{nasty}")),
        new(Role.Oem, "/account/theme", "/account", [], ("theme", "{nasty}")),
        new(Role.Manufacturer, "/catalogue/{licence}", "/catalogue/{licence}", ["lot"], ("printer", "{printer}"), ("material", "chalk"), ("quality", "draft")),
        new(Role.Manufacturer, "/catalogue/{licence}/slice", "/catalogue/{licence}", [], ("printer", "{printer}"), ("material", "PLA"), ("quality", "{nasty}")),
        new(Role.Manufacturer, "/printers/{printer}/notes", "/printers/{printer}", ["words"]),
        new(Role.Manufacturer, "/printers/{printer}/prices", "/printers/{printer}/prices", ["hour", "kg", "currency"]),
        new(Role.Manufacturer, "/printers/{printer}/bed-clear", "/printers/{printer}", []),
        new(Role.Manufacturer, "/printers/{printer}/bed-check", "/printers/{printer}", [], ("required", "{nasty}")),
        new(Role.Manufacturer, "/printers/{printer}/keys/rotate", "/printers/{printer}", []),
        new(Role.Manufacturer, "/printers/{printer}/keys/1/revoke", "/printers/{printer}", []),
        new(Role.Manufacturer, "/printers/{unknown}/revoke", "/printers", []),
        new(Role.Manufacturer, "/printers/pair", "/printers", []),
        new(Role.Manufacturer, "/jobs/{unknown}/stop", "/jobs", []),
        new(Role.Manufacturer, "/jobs/{unknown}/pause", "/jobs", []),
        new(Role.Manufacturer, "/jobs/{unknown}/resume", "/jobs", []),
        new(Role.Manufacturer, "/jobs/{unknown}/priority", "/jobs", [], ("priority", "{nasty}")),
        new(Role.Manufacturer, "/jobs/{unknown}/bed-clear", "/jobs", []),
        new(Role.Auditor, "/findings/{unknown}/sensor-anomaly", "/findings", [], ("decision", "accept"), ("comment", "{nasty}")),
        new(Role.Admin, "/printers/changes/{unknown}/accept", "/printers", []),
        new(Role.Admin, "/printers/changes/{unknown}/decline", "/printers", []),
        new(Role.Admin, "/accounts/new", "/accounts/new", ["email", "name", "organisation"], ("email", "x@touchmark.test"), ("name", "X"), ("organisation", "Y"), ("role", "chief")),
        new(Role.Admin, "/accounts/second-factor-roles", "/accounts", [], ("role", "{nasty}")),
        new(Role.Admin, "/accounts/{maker}/role", "/accounts/{maker}", [], ("role", "{nasty}")),
        new(Role.Admin, "/accounts/{unknown}/disable", "/accounts", []),
        new(Role.Admin, "/accounts/{unknown}/enable", "/accounts", []),
        new(Role.Admin, "/accounts/{unknown}/sign-out", "/accounts", []),
        new(Role.Admin, "/accounts/{unknown}/reset-password", "/accounts", []),
        new(Role.Admin, "/accounts/{unknown}/remove-second-factor", "/accounts", []),
        new(Role.Admin, "/accounts/{unknown}/remove-identity", "/accounts", []),
        new(Role.Admin, "/accounts/{maker}/sessions/none/end", "/accounts/{maker}", []),
        new(Role.Admin, "/regulators", "/regulators", ["certificate"]),
        new(Role.Admin, "/regulators/authorities", "/regulators", ["certificate"]),
        new(Role.Admin, "/regulators/none/remove", "/regulators", []),
        new(Role.Admin, "/regulators/authorities/none/remove", "/regulators", []),
        new(Role.Admin, "/setup/owner", "/setup", [], ("email", "{nasty}"), ("name", "X"), ("organisation", "Y")),
        new(Role.Admin, "/setup/shop", "/setup", [], ("email", "{nasty}"), ("name", "X"), ("organisation", "Y")),
        new(Role.Admin, "/setup/printer", "/setup", []),
        new(Role.Admin, "/system/backups", "/system", ["note"]),
    ];

    [Fact]
    public async Task No_form_of_the_portal_is_missing_here()
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: provider.Options);
        var forms = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is ["POST"] && endpoint.Metadata.Contains(PageRoutes.FormSize))
            // Whoever is not signed in has nothing to lose.
            .Where(endpoint => !Strangers.Any(path => endpoint.RoutePattern.RawText!.StartsWith(path, StringComparison.Ordinal))).ToList();

        Assert.True(forms.Count > 30);
        foreach (var form in forms)
        {
            var matcher = new TemplateMatcher(TemplateParser.Parse(form.RoutePattern.RawText!), new RouteValueDictionary());
            Assert.Contains(All, sent => matcher.TryMatch(sent.Action, new RouteValueDictionary()));
        }
    }

    [Fact]
    public async Task Every_order_of_the_portal_is_in_the_documents_table()
    {
        string[] ofABrowserAlone = ["/account/passkeys", "/account/passkeys/begin", "/account/provider/link", "/account/theme", "/setup/begin", "/demonstration/{id}"];
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: provider.Options);
        var routes = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        var forms = routes.Where(route => route.Metadata.Contains(PageRoutes.FormSize)).Select(Path).Except(ofABrowserAlone).Where(path => !path.StartsWith("/sign-in/", StringComparison.Ordinal)).Append("/designs/new").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var orders = routes.SelectMany(route => route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Select(method => $"{method} {Path(route)}") ?? []).ToHashSet(StringComparer.Ordinal);
        var table = Order().Matches(await File.ReadAllTextAsync(System.IO.Path.Combine(PrintShop.Root(), "docs", "portal.md"), TestContext.Current.CancellationToken));

        Assert.Equal(forms, table.Select(row => row.Groups["form"].Value).Order(StringComparer.Ordinal));
        Assert.All(table, row => Assert.Contains(row.Groups["api"].Value, orders));

        static string Path(RouteEndpoint route) => Constraint().Replace("/" + route.RoutePattern.RawText!.Trim('/'), "");
    }

    [Fact]
    public async Task Whatever_changes_something_by_a_pages_cookie_asks_for_the_forms_token()
    {
        await using var server = await ServerFactory.StartAsync();
        var unguarded = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.OfType<AuthorizationPolicy>().Any(policy => policy.AuthenticationSchemes.Contains(TokenAuthentication.Pages)))
            .Where(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Any(method => method is not ("GET" or "HEAD")) ?? true)
            .Where(endpoint => !endpoint.Metadata.Contains(PageRoutes.FormSize)).Select(endpoint => endpoint.RoutePattern.RawText);

        string[] known =
        [
            // They look at their token themselves, as it comes before a large file or in a header: PortalFormTests, UploadTests.
            "/designs/new", "/designs/uploads/", "/designs/uploads/{id:guid}", "/designs/uploads/{id:guid}/design",
            // What counts here is what a custodian signs, not who has the cookie.
            "/custody/{id}/custodians", "/custody/{id}/proposal", "/custody/{id}/events",
            // Changes nothing.
            "/verify",
        ];
        Assert.Equal(known, unguarded);
    }

    [Fact]
    public async Task A_session_that_ends_in_the_middle_of_a_form_loses_nothing_of_it_but_passwords()
    {
        await using var world = await World.OpenAsync();
        var pages = new Dictionary<Role, string>();
        foreach (var (role, browser) in world.Browsers)
        {
            pages[role] = await browser.TextAsync("/account");
        }

        world.Server.Time.Advance(TokenBook.Lifetime + TimeSpan.FromMinutes(1));
        foreach (var form in All)
        {
            var action = world.Fill(form.Action);
            (string Name, string Value)[] fields = [.. form.Typed.Select(name => (name, Nasty)), .. form.Fields.Where(field => !form.Typed.Contains(field.Name)).Select(field => (field.Name, world.Fill(field.Value)))];
            using var asked = await world.Browsers[form.Role].SubmitPageAsync(pages[form.Role], action, fields);
            if (fields.All(field => field.Name.Contains("password", StringComparison.Ordinal)))
            {
                // Nothing is left that could be kept: back to the page by way of the sign-in.
                Assert.True(asked.StatusCode == HttpStatusCode.Redirect, $"{action}: {asked.StatusCode}");
                continue;
            }

            Assert.True(asked.StatusCode == HttpStatusCode.Unauthorized, $"{action}: {asked.StatusCode}");
            var page = await asked.Content.ReadAsStringAsync();
            Clean(action, page);
            foreach (var (name, value) in fields.Where(field => !field.Name.Contains("password", StringComparison.Ordinal)))
            {
                Assert.True(Kept().Matches(page).Any(kept => WebUtility.HtmlDecode(kept.Groups["name"].Value) == $"kept.{name}" && WebUtility.HtmlDecode(kept.Groups["value"].Value) == value), $"{action} loses {name}");
            }
        }
    }

    [Theory]
    [InlineData("nasty")]
    [InlineData("endless")]
    public async Task What_nobody_should_type_is_answered_in_words_and_kept_where_it_was_typed(string what)
    {
        await using var world = await World.OpenAsync();
        var typed = what == "nasty" ? Nasty : Endless;
        foreach (var form in All)
        {
            var (browser, action) = (world.Browsers[form.Role], world.Fill(form.Action));
            var page = await browser.TextAsync(world.Fill(form.Page));
            // Each typed field by itself, and all others as they should be; a form without such fields once, with what is in it.
            foreach (var bad in form.Typed.DefaultIfEmpty(""))
            {
                (string Name, string Value)[] fields = [.. form.Fields.Where(field => field.Name != bad).Select(field => (field.Name, world.Fill(field.Value, typed))), .. bad.Length > 0 ? new[] { (bad, typed) } : []];
                using var answer = await browser.SubmitPageAsync(page, action, fields);
                Assert.True((int)answer.StatusCode is >= 200 and < 500, $"{action}, {bad}: {answer.StatusCode}");
                if (answer.StatusCode == HttpStatusCode.Redirect)
                {
                    Clean(action, await browser.TextAsync(answer.Headers.Location!.ToString()));
                    continue;
                }

                var text = await answer.Content.ReadAsStringAsync();
                Clean(action, text);
                if (bad.Length > 0)
                {
                    Assert.True((int)answer.StatusCode >= 400, $"{action} takes {what} as {bad}: {answer.StatusCode}");
                    Assert.True(WebUtility.HtmlDecode(text).Contains(typed, StringComparison.Ordinal), $"{action} loses {bad}");
                }
            }
        }
    }

    private static void Clean(string action, string page)
    {
        Assert.False(page.Contains("<img src=x", StringComparison.Ordinal) || page.Contains("<script>alert", StringComparison.Ordinal), $"{action} lets markup through");
        Assert.False(page.Contains("   at Touchmark", StringComparison.Ordinal), $"{action} shows a stack trace");
    }

    [GeneratedRegex(@"^\| `(?<form>/[^`]*)` \| `(?<api>[A-Z]+ /[^`]*)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Order();

    [GeneratedRegex(":[a-z]+(?=})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Constraint();

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>kept[^\"]*)\" value=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Kept();

    /// <summary>A form as it is sent: what is typed into it freely, and the rest.</summary>
    private sealed record Sent(Role Role, string Action, string Page, string[] Typed, params (string Name, string Value)[] Fields);

    private sealed class World : IAsyncDisposable
    {
        private readonly Dictionary<string, string> ids = new(StringComparer.Ordinal) { ["unknown"] = Guid.Empty.ToString("D") };
        private readonly List<Person> people = [];

        public required StandInProvider Provider { get; init; }

        public required ServerFactory Server { get; init; }

        public Dictionary<Role, Browser> Browsers { get; } = [];

        public static async Task<World> OpenAsync()
        {
            var provider = await StandInProvider.StartAsync();
            var world = new World { Provider = provider, Server = await ServerFactory.StartAsync(arguments: ["--requests-per-second", "1000000", "--request-burst", "1000000", .. provider.Options]) };
            foreach (var role in new[] { Role.Oem, Role.Manufacturer, Role.Auditor, Role.Admin })
            {
                var person = await world.Server.JoinAsync(role, role == Role.Manufacturer ? "Maker Hall" : "Bracket Works");
                world.people.Add(person);
                world.Browsers[role] = await Browser.OfAsync(world.Server, person);
            }

            var (oem, maker) = (world.people[0], world.people[1]);
            var design = await oem.NewDesignAsync();
            world.ids["design"] = design.ToString("D");
            world.ids["shop"] = maker.OrganisationId.ToString("D");
            world.ids["maker"] = (await maker.GetAsync("/api/me")).IsGood().Id.ToString("D");
            world.ids["licence"] = (await oem.GrantAsync(design, maker)).IsGood().Id.ToString("D");
            world.ids["passkey"] = await world.GivePasskeyAsync(oem);
            world.ids["printer"] = (await world.Server.EnrolPrinterAsync(maker)).ToString("D");
            return world;
        }

        /// <summary>Somebody has a passkey from here on, who is signed in already.</summary>
        private async Task<string> GivePasskeyAsync(Person person)
        {
            var id = Guid.CreateVersion7().ToString("D");
            await Server.Database.ExecuteAsync(
                """
                insert into passkeys (id, account_id, credential_id, public_key, sign_count, backup_eligible, backed_up, transports, name, created_at)
                values (@id, @account, @key, @key, 0, 0, 0, '', 'my phone', 1)
                """, new { id, account = (await person.GetAsync("/api/me")).IsGood().Id.ToString("D"), key = new byte[16] }, default);
            return id;
        }

        public string Fill(string text, string nasty = Nasty) => ids.Aggregate(text.Replace("{nasty}", nasty, StringComparison.Ordinal), (filled, id) => filled.Replace($"{{{id.Key}}}", id.Value, StringComparison.Ordinal));

        public async ValueTask DisposeAsync()
        {
            foreach (var browser in Browsers.Values)
            {
                browser.Dispose();
            }

            people.ForEach(person => person.Dispose());
            await Server.DisposeAsync();
            await Provider.DisposeAsync();
        }
    }
}
