using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Browser.Tests;

/// <summary>
/// Every page that a role reaches by links, judged by axe-core against WCAG 2.2 AA, in the light theme on a desk and in the dark one on a phone. Their pictures in all four are kept under artifacts/browser.
/// </summary>
[SupportedOSPlatform("linux")]
public abstract partial class AccessibilityTests(Chromium chromium, string role)
{
    private const string Judge =
        """
        () => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })
          .then(result => result.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`)))
        """;

    /// <summary>Colours hang on the theme and places on the width: each of both is judged once, which takes a second or more a page. The pictures show all four.</summary>
    private static readonly (Device Device, ColorScheme Theme, bool IsJudged)[] Looks =
    [
        (Device.Desktop, ColorScheme.Light, true), (Device.Desktop, ColorScheme.Dark, false), (Device.Phone, ColorScheme.Dark, true), (Device.Phone, ColorScheme.Light, false),
    ];

    private static string Axe { get; } = File.ReadAllText(Path.Combine(Repository.Root, "web", "node_modules", "axe-core", "axe.min.js"));

    [Fact]
    public async Task No_page_keeps_anybody_out()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.PrintPartAsync("Spool 12/B");
        await bench.StartJobAsync();
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Desktop with { Scale = 1 });
        await SignInAsync(reader, bench);

        var seen = new Dictionary<string, string>(StringComparer.Ordinal) { [Kind("/")] = "/" };
        var wrong = new List<string>();
        for (var next = 0; next < seen.Count; next++)
        {
            var (kind, path) = seen.ElementAt(next);
            await reader.GoAsync(path);
            var links = await reader.Page.Locator("a[href^='/']").EvaluateAllAsync<string[]>("links => links.filter(link => !link.hasAttribute('download')).map(link => link.getAttribute('href'))");
            foreach (var (device, theme, isJudged) in Looks)
            {
                await reader.Page.SetViewportSizeAsync(device.Width, device.Height);
                await reader.Page.EmulateMediaAsync(new() { ColorScheme = theme, ReducedMotion = ReducedMotion.Reduce });
                await reader.FitsAsync();
                wrong.AddRange((isJudged ? await JudgeAsync(reader) : []).Select(what => $"{path} ({device.Width}, {theme}): {what}"));
                await reader.KeepAsync($"{role}{(kind == "/" ? "" : kind.Replace('/', '-'))}-{theme}");
            }

            foreach (var link in links.Where(IsPage))
            {
                seen.TryAdd(Kind(link), link);
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Distinct(StringComparer.Ordinal)));
        Assert.True(seen.Count >= (role is "nobody" ? 2 : 4), string.Join(' ', seen.Keys));
    }

    /// <summary>What axe-core has against the page as it is shown now.</summary>
    internal static async Task<string[]> JudgeAsync(Reader reader)
    {
        await reader.Page.EvaluateAsync(Axe);
        return await reader.Page.EvaluateAsync<string[]>(Judge);
    }

    private async Task SignInAsync(Reader reader, PrintBench bench)
    {
        if (!Enum.TryParse<Role>(role, out var named))
        {
            return;
        }

        using var joined = named is Role.Oem or Role.Manufacturer ? null : await bench.Server.JoinAsync(named, "Maker Hall");
        var person = joined ?? (named == Role.Oem ? bench.Oem : bench.Manufacturer);
        await reader.GoAsync("/sign-in");
        await reader.Page.FillAsync("input[name=email]", person.Email);
        await reader.Page.FillAsync("input[name=password]", Person.Password);
        await reader.Page.ClickAsync("main button");
        await Assertions.Expect(reader.Page.Locator("h1")).ToContainTextAsync("Good day");
    }

    /// <summary>Pages of the same kind differ in what they show, not in how.</summary>
    private static string Kind(string path) => Identifiers().Replace(path.Split('?')[0], "/one");

    private static bool IsPage(string path) => !Files().IsMatch(path);

    [GeneratedRegex("/((?=[^/]*[0-9])[0-9A-Za-z-]{8,}|[0-9]+(?=/|$))", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Identifiers();

    // What is downloaded, and what the API answers.
    [GeneratedRegex("^/(api|openapi|assets)/|/(file|evidence)$|\\.[a-z]+$|^/log/(tile/|checkpoint$)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Files();
}

// A class for each role, so that more than one is gone through at a time.

[SupportedOSPlatform("linux")]
public sealed class AccessibilityForOwners(Chromium chromium) : AccessibilityTests(chromium, nameof(Role.Oem));

[SupportedOSPlatform("linux")]
public sealed class AccessibilityForManufacturers(Chromium chromium) : AccessibilityTests(chromium, nameof(Role.Manufacturer));

[SupportedOSPlatform("linux")]
public sealed class AccessibilityForOperators(Chromium chromium) : AccessibilityTests(chromium, nameof(Role.Operator));

[SupportedOSPlatform("linux")]
public sealed class AccessibilityForCustodians(Chromium chromium) : AccessibilityTests(chromium, nameof(Role.Custodian));

[SupportedOSPlatform("linux")]
public sealed class AccessibilityForAuditors(Chromium chromium) : AccessibilityTests(chromium, nameof(Role.Auditor));

[SupportedOSPlatform("linux")]
public sealed class AccessibilityForAdmins(Chromium chromium) : AccessibilityTests(chromium, nameof(Role.Admin));

[SupportedOSPlatform("linux")]
public sealed class AccessibilityForStrangers(Chromium chromium) : AccessibilityTests(chromium, "nobody");
