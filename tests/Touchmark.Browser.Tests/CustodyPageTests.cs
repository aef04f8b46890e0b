using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Touchmark.Engine.Recalls;
using Touchmark.Engine.Tests.Custody;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Browser.Tests;

/// <summary>Parts that change hands between browsers, each with a key of its own.</summary>
[SupportedOSPlatform("linux")]
public sealed class CustodyPageTests(Chromium chromium)
{
    private const string Nasty = "Scanner <b>4</b> \"gantry\" قوس \u202e 🙂";

    [Theory]
    [MemberData(nameof(PartPageTests.Devices), MemberType = typeof(PartPageTests))]
    public async Task A_part_goes_from_its_maker_to_a_clinic_and_every_verifier_believes_what_their_browsers_signed(string device)
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        var invitation = await bench.Manufacturer.InviteAsync(part, CustodianRole.Manufacturer);
        await using var maker = await Reader.OpenAsync(chromium, bench.Server, PartPageTests.DeviceOf(device));
        await using var clinic = await Reader.OpenAsync(chromium, bench.Server, PartPageTests.DeviceOf(device));

        var makersRoot = await MakeKeyAsync(maker);
        await Assertions.Expect(maker.Page.Locator(".key-panel a[download]")).ToHaveTextAsync("Save custodian.key again");
        await maker.FitsAsync();
        await maker.KeepAsync("custody");
        await OpenAsync(maker, part);
        using var expected = CustodianKeys.Derive(makersRoot, part);
        Assert.Equal(expected.Pseudonym, await PseudonymAsync(maker));
        await maker.Page.ClickAsync("[data-act=enrol] > summary");
        await maker.Page.SelectOptionAsync("#role", "manufacturer");
        await maker.Page.FillAsync("#region", "de");
        await maker.Page.FillAsync("#invitation", invitation);
        await maker.FitsAsync();
        await maker.KeepAsync("custody-enrol");
        await maker.Page.ClickAsync("[data-act=enrol] button");
        await SaidAsync(maker, "You are one of its custodians");
        await maker.Page.ClickAsync("[data-act=manufactured] button");
        await SaidAsync(maker, "It is signed and entered: manufactured");

        await MakeKeyAsync(clinic);
        await OpenAsync(clinic, part);
        var pseudonym = await PseudonymAsync(clinic);
        await DoAsync(maker, "transferred", ("to", pseudonym.ToLowerInvariant().Insert(8, "-")), ("note", "Sold <to> a clinic."));
        await OpenAsync(clinic, part);
        await clinic.Page.FillAsync("#region", "FR");
        await clinic.Page.ClickAsync("[data-act=enrol] button");
        await SaidAsync(clinic, "You are one of its custodians");
        await clinic.Page.ClickAsync("[data-act=received] button");
        await SaidAsync(clinic, "signed and entered: received");
        await DoAsync(clinic, "installed", ("into", Nasty));
        await clinic.FitsAsync();
        await clinic.KeepAsync("custody-part");
        await DoAsync(clinic, "removed", ("reason", "Worn"));
        await clinic.Page.ClickAsync("[data-act=inspected] > summary");
        await clinic.Page.SelectOptionAsync("#inspected-outcome", "failed");
        await clinic.Page.ClickAsync("[data-act=inspected] button");
        await SaidAsync(clinic, "signed and entered: inspected");
        await DoAsync(clinic, "maintained");
        await clinic.Page.ClickAsync("[data-act=scrapped] > summary");
        await clinic.Page.CheckAsync("[data-act=scrapped] input[type=checkbox]");
        await clinic.Page.ClickAsync("[data-act=scrapped] button");
        await SaidAsync(clinic, "signed and entered: scrapped");
        await Assertions.Expect(clinic.Page.Locator(".acts-panel")).ToContainTextAsync("nothing can be said of it any more");

        var history = await bench.Server.ValidHistoryAsync(part);
        Assert.True(history.State!.IsScrapped);
        Assert.Equal(Nasty, history.Events[3].Event.Into);
        Assert.Equal(
            [CustodyEventKind.Manufactured, CustodyEventKind.Transferred, CustodyEventKind.Received, CustodyEventKind.Installed, CustodyEventKind.Removed, CustodyEventKind.Inspected, CustodyEventKind.Maintained, CustodyEventKind.Scrapped],
            history.Events.Select(entry => entry.Event.Kind));
        Assert.Equal(0, await PythonAsync(bench.Server, part));
    }

    [Fact]
    public async Task Nothing_is_signed_for_a_history_that_is_altered_or_goes_on_elsewhere()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        var invitation = await bench.Manufacturer.InviteAsync(part, CustodianRole.Manufacturer);
        await using var maker = await Reader.OpenAsync(chromium, bench.Server, Device.Desktop);
        await MakeKeyAsync(maker);
        await OpenAsync(maker, part);
        await maker.Page.ClickAsync("[data-act=enrol] > summary");
        await maker.Page.SelectOptionAsync("#role", "manufacturer");
        await maker.Page.FillAsync("#region", "DE");
        await maker.Page.FillAsync("#invitation", "AAAA-BBBB-CCCC-DDDD");
        await maker.Page.ClickAsync("[data-act=enrol] button");
        await Assertions.Expect(maker.Page.Locator("[data-act=enrol] [role=alert]")).ToContainTextAsync("The invitation is wrong");
        Assert.Equal("DE", await maker.Page.InputValueAsync("#region"));
        await maker.Page.FillAsync("#invitation", invitation);
        await maker.Page.ClickAsync("[data-act=enrol] button");
        await SaidAsync(maker, "You are one of its custodians");

        // A registry that would have the event follow another one than it shows.
        await maker.Page.RouteAsync("**/proposal", async route =>
        {
            var answer = await route.FetchAsync();
            var text = await answer.TextAsync();
            var previous = text.IndexOf("\"previous\":\"", StringComparison.Ordinal) + "\"previous\":\"".Length;
            await route.FulfillAsync(new() { Response = answer, Body = text[..previous] + new string('0', 64) + text[(previous + 64)..] });
        });
        await maker.Page.ClickAsync("[data-act=manufactured] button");
        await Assertions.Expect(maker.Page.Locator("[data-act=manufactured] [role=alert]")).ToContainTextAsync("from another event than the one that the history ends with");
        await maker.KeepAsync("custody-refused");

        // One whose record was altered on the way.
        var file = await PartPageTests.EvidenceAsync(bench, part.Value);
        file[file.AsSpan().IndexOf("Bracket"u8)] ^= 1;
        await maker.Page.UnrouteAsync("**/proposal");
        await maker.Page.RouteAsync("**/evidence", route => route.FulfillAsync(new() { BodyBytes = file }));
        await maker.Page.ClickAsync("[data-act=manufactured] button");
        await Assertions.Expect(maker.Page.Locator("[data-act=manufactured] [role=alert]")).ToContainTextAsync("the part's history so far is not in order");
        await maker.Page.ReloadAsync();
        await Assertions.Expect(maker.Page.Locator(".acts-panel [role=alert]")).ToContainTextAsync("nothing can be signed for it here");
        Assert.Empty((await bench.Server.ValidHistoryAsync(part)).Events);
    }

    [Fact]
    public async Task A_label_leads_to_the_part_and_recalls_of_ones_own_parts_are_found_on_asking()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var before = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        await using var clinic = await Reader.OpenAsync(chromium, bench.Server, Device.Phone);
        await MakeKeyAsync(clinic);
        await clinic.GiveAsync("label.png", FindingPartsTests.Picture($"https://id.gs1.org/01/09506000134352/21/{part.Value}"));
        await clinic.Page.WaitForURLAsync($"**/custody/{part.Value}");
        (await before.SayAsync(CustodyEventKind.Transferred, to: await PseudonymAsync(clinic))).IsGood();
        await clinic.Page.ReloadAsync();
        await clinic.Page.FillAsync("#region", "FR");
        await clinic.Page.ClickAsync("[data-act=enrol] button");
        await SaidAsync(clinic, "You are one of its custodians");

        await clinic.GoAsync("/custody");
        await clinic.Page.ClickAsync("text=Look for recalls");
        await Assertions.Expect(clinic.Page.Locator("#custody")).ToContainTextAsync("None of your parts is recalled");
        (await bench.Oem.PostAsync("/api/recalls", new { reason = "It may break: take it out of use.", licence_id = bench.LicenceId })).IsGood();
        await bench.Server.Services.GetRequiredService<RecallRunner>().CarryOutAsync(default);
        await clinic.Page.ClickAsync("text=Look for recalls");
        await Assertions.Expect(clinic.Page.Locator("#custody")).ToContainTextAsync("1 of your parts is recalled: do not use it");
        await clinic.FitsAsync();
        await clinic.KeepAsync("custody-recalls");

        await clinic.GiveAsync("part.touchmark", await PartPageTests.EvidenceAsync(bench, part.Value));
        await clinic.Page.WaitForURLAsync($"**/custody/{part.Value}");
        await Assertions.Expect(clinic.Headline).ToHaveTextAsync("Recalled: do not use it");
        Assert.Equal(0, await clinic.Page.Locator("[data-act=installed]").CountAsync());
    }

    [Fact]
    public async Task A_key_file_moves_between_browser_and_command_line_and_others_are_told_apart()
    {
        await using var server = await ServerFactory.StartAsync();
        await using var reader = await Reader.OpenAsync(chromium, server, Device.Desktop);
        await reader.GoAsync("/custody");
        var panel = reader.Page.Locator(".key-panel");
        await GiveKeyAsync(reader, new byte[31]);
        await Assertions.Expect(panel).ToContainTextAsync("it has 31 bytes, and 32 are right");

        var root = Enumerable.Range(0, 32).Select(number => (byte)number).ToArray();
        await GiveKeyAsync(reader, root);
        await Assertions.Expect(panel).ToContainTextAsync("This browser has your key now");
        await reader.Page.ClickAsync(".key-panel summary");
        await GiveKeyAsync(reader, root);
        await Assertions.Expect(panel).ToContainTextAsync("is the backup of the key in this browser");
        await GiveKeyAsync(reader, new byte[32]);
        await Assertions.Expect(panel).ToContainTextAsync("is another key than the one in this browser");
        Assert.False(await reader.Page.EvaluateAsync<bool>(
            "new Promise(done => { const open = indexedDB.open('touchmark-custodian'); open.onsuccess = () => { const get = open.result.transaction('keys').objectStore('keys').get('root'); get.onsuccess = () => done(get.result.extractable); }; })"));

        await reader.Page.ClickAsync("text=Take it out of this browser");
        await Assertions.Expect(panel).ToContainTextAsync("Press once more");
        await reader.Page.ClickAsync("text=I have custodian.key: take it out");
        await Assertions.Expect(panel).ToContainTextAsync("This browser has none yet");
    }

    private static Task GiveKeyAsync(Reader reader, byte[] content) => reader.Page.SetInputFilesAsync("#key-file", new FilePayload { Name = "custodian.key", MimeType = "", Buffer = content });

    /// <summary>Makes a key; what its backup holds.</summary>
    internal static async Task<byte[]> MakeKeyAsync(Reader reader)
    {
        await reader.GoAsync("/custody");
        var saved = await reader.Page.RunAndWaitForDownloadAsync(() => reader.Page.ClickAsync("text=Make my key"));
        Assert.Equal("custodian.key", saved.SuggestedFilename);
        await Assertions.Expect(reader.Page.Locator(".key-panel")).ToContainTextAsync("This browser has your key");
        return await File.ReadAllBytesAsync(await saved.PathAsync(), TestContext.Current.CancellationToken);
    }

    private static async Task OpenAsync(Reader reader, PartId part)
    {
        await reader.GoAsync("/custody");
        await reader.Page.FillAsync("#part", part.ToString());
        await reader.Page.ClickAsync("button:has-text('Open')");
        Assert.Equal("valid", await reader.VerdictAsync());
    }

    internal static async Task<string> PseudonymAsync(Reader reader) => await reader.Page.Locator(".acts-panel code").First.InnerTextAsync();

    internal static Task SaidAsync(Reader reader, string words) => Assertions.Expect(reader.Page.Locator(".acts-panel [role=status]")).ToContainTextAsync(words);

    internal static async Task DoAsync(Reader reader, string act, params (string Name, string Value)[] fields)
    {
        await reader.Page.ClickAsync($"[data-act={act}] > summary");
        foreach (var (name, value) in fields)
        {
            await reader.Page.FillAsync($"#{act}-{name}", value);
        }

        await reader.Page.ClickAsync($"[data-act={act}] button");
        await SaidAsync(reader, $"It is signed and entered: {act}");
    }

    /// <summary>What the verifier that shares no code with ours says.</summary>
    private static async Task<int> PythonAsync(ServerFactory server, PartId part)
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-custody").FullName;
        try
        {
            using var client = server.Client();
            var (file, trust) = (Path.Combine(folder, "part.touchmark"), Path.Combine(folder, "trust.json"));
            await File.WriteAllBytesAsync(file, await client.GetByteArrayAsync(new Uri($"/api/parts/{part.Value}/evidence", UriKind.Relative)), TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(trust, await client.GetByteArrayAsync(new Uri("/api/trust", UriKind.Relative)), TestContext.Current.CancellationToken);
            using var python = Process.Start(new ProcessStartInfo("python3", ["-B", Path.Combine(Repository.Root, "clients", "python", "verify.py"), file, "--trust", trust]) { UseShellExecute = false, RedirectStandardOutput = true })!;
            await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await python.WaitForExitAsync(TestContext.Current.CancellationToken);
            return python.ExitCode;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
