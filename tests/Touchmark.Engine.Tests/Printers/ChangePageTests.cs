using System.Net;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Printers;

/// <summary>A repaired or changed machine on the pages: what differs, who decides, and what becomes of two who decide.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class ChangePageTests
{
    private static readonly MachineProfile Repaired = Gateways.Profile("usb-Klipper_stm32f446xx_2") with { Firmware = "v0.14.0", Limits = Gateways.Profile().Limits with { MaxNozzleC = 300 } };

    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task The_page_says_what_differs_and_an_admin_accepts_it_once_however_often_the_form_arrives(StorageKind storage)
    {
        await using var hall = await Hall.OpenAsync(storage);
        using var admin = await Browser.OfAsync(hall.Server, await hall.Server.AdminAsync());
        var printer = WebUtility.HtmlDecode(await admin.TextAsync($"/printers/{hall.Printer:D}"));
        Assert.Contains("Nothing is printed on it until somebody has decided.", printer, StringComparison.Ordinal);
        Assert.Contains($"href=\"{hall.Page}\"", await admin.TextAsync("/"), StringComparison.Ordinal);
        var page = await admin.TextAsync(hall.Page);
        Assert.Equal(
            [
                "Id of the main control board | usb-Klipper_stm32f446xx_1 | usb-Klipper_stm32f446xx_2",
                "Firmware | v0.13.0-730 | v0.14.0",
                "Nozzle up to | 280 °C | 300 °C",
            ],
            Rows().Matches(page).Select(row => string.Join(" | ", row.Groups["cell"].Captures.Select(cell => WebUtility.HtmlDecode(cell.Value)))));
        var once = Once().Match(page).Groups["value"].Value;

        using var first = await admin.SubmitPageAsync(page, $"{hall.Page}/accept", ("once", once));
        using var again = await admin.SubmitPageAsync(page, $"{hall.Page}/accept", ("once", once));

        Assert.All([first, again], answer => Assert.Equal(hall.Page, answer.Headers.Location?.ToString()));
        var after = await admin.TextAsync(hall.Page);
        Assert.Contains("Touchmark accepted it,", after, StringComparison.Ordinal);
        Assert.DoesNotContain($"{hall.Page}/accept", after, StringComparison.Ordinal);
        // What it was is still told when it is no longer what counts.
        Assert.Contains("280 °C", WebUtility.HtmlDecode(after), StringComparison.Ordinal);
        Assert.Contains($"href=\"{hall.Page}\"", await admin.TextAsync($"/printers/{hall.Printer:D}"), StringComparison.Ordinal);
        Assert.Equal(["accepted", "accepted"], await hall.StatesAsync());
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Whoever_decides_second_is_told_who_was_first(StorageKind storage)
    {
        await using var hall = await Hall.OpenAsync(storage);
        using var owner = await hall.Server.JoinAsync(Role.Oem, "Bracket Works");
        (await owner.GrantAsync((await owner.UploadAsync(PrintShop.Bracket)).IsGood().Id, hall.Maker, 1)).IsGood();
        using var first = await Browser.OfAsync(hall.Server, owner);
        using var second = await Browser.OfAsync(hall.Server, await hall.Server.AdminAsync());
        Assert.Contains("waits for you to accept or decline it", await first.TextAsync("/"), StringComparison.Ordinal);
        var (mine, theirs) = (await first.TextAsync(hall.Page), await second.TextAsync(hall.Page));

        using var declined = await first.SubmitPageAsync(mine, $"{hall.Page}/decline");
        using var late = await second.SubmitPageAsync(theirs, $"{hall.Page}/accept");

        Assert.Equal(hall.Page, declined.Headers.Location?.ToString());
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        var told = await late.Content.ReadAsStringAsync();
        Assert.Contains("Bracket Works has declined this machine already.", told, StringComparison.Ordinal);
        Assert.Contains("Bracket Works declined it,", told, StringComparison.Ordinal);
        Assert.Equal(["accepted", "declined"], await hall.StatesAsync());
    }

    [Fact]
    public async Task A_page_of_what_was_presented_once_more_since_leads_to_what_waits_now()
    {
        await using var hall = await Hall.OpenAsync();
        using var admin = await Browser.OfAsync(hall.Server, await hall.Server.AdminAsync());
        var old = await admin.TextAsync(hall.Page);
        hall.Server.Time.Advance(TimeSpan.FromSeconds(1));
        var newer = (await hall.Server.PresentAsync(hall.Device, hall.Printer, Repaired with { Firmware = "v0.15.0" })).IsGood()["enrolment_id"].GetGuid();

        using var late = await admin.SubmitPageAsync(old, $"{hall.Page}/accept");

        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        var told = await late.Content.ReadAsStringAsync();
        Assert.Contains("The gateway has presented the machine once more", told, StringComparison.Ordinal);
        Assert.Contains($"href=\"/printers/changes/{newer:D}\"", told, StringComparison.Ordinal);
        Assert.Equal(["accepted", "replaced", "pending"], await hall.StatesAsync());
    }

    [Fact]
    public async Task A_shop_sees_what_its_printer_waits_for_and_has_no_button_and_strangers_see_nothing()
    {
        await using var hall = await Hall.OpenAsync();
        using var maker = await Browser.OfAsync(hall.Server, hall.Maker);
        using var insider = await hall.Server.JoinAsync(Role.Oem, "Maker Hall");
        using var ownDesigner = await Browser.OfAsync(hall.Server, insider);
        using var stranger = await Browser.OfAsync(hall.Server, await hall.Server.JoinAsync(Role.Oem, "Other Works"));
        using var otherShop = await Browser.OfAsync(hall.Server, await hall.Server.JoinAsync(Role.Manufacturer, "Other Hall"));

        foreach (var path in new[] { hall.Page, $"/printers/{hall.Printer:D}" })
        {
            var page = await maker.TextAsync(path);
            Assert.Contains("Nobody accepts a machine of their own shop.", page, StringComparison.Ordinal);
            Assert.DoesNotContain($"{hall.Page}/accept", page, StringComparison.Ordinal);
        }

        Assert.Contains("changed, to be accepted", await maker.TextAsync("/printers"), StringComparison.Ordinal);
        using var own = await maker.SubmitAsync("/", $"{hall.Page}/accept");
        Assert.Equal(HttpStatusCode.Forbidden, own.StatusCode);
        // Nor does somebody of the shop who is an owner of other designs.
        using var designers = await ownDesigner.SubmitAsync("/", $"{hall.Page}/accept");
        Assert.Equal(HttpStatusCode.Forbidden, designers.StatusCode);
        await stranger.TextAsync(hall.Page, HttpStatusCode.NotFound);
        await otherShop.TextAsync(hall.Page, HttpStatusCode.NotFound);
        using var strangers = await stranger.SubmitAsync("/", $"{hall.Page}/decline");
        Assert.Equal(HttpStatusCode.NotFound, strangers.StatusCode);
        await maker.TextAsync($"/printers/changes/{hall.Printer:D}", HttpStatusCode.NotFound);
        Assert.Equal(["accepted", "pending"], await hall.StatesAsync());
    }

    [Fact]
    public void Whatever_can_differ_is_said_in_words_and_with_its_unit()
    {
        var was = Gateways.Profile() with { Behaviour = new() { ThermalRise = new(14, 0.1), Homing = new(new(4, 0.1), 50, 50, 10) } };
        var now = new MachineProfile
        {
            CpuSerial = "", McuId = "b", Board = "c", FurtherMcus = ["toolhead 1"], Model = "d", Firmware = "e", Kinematics = "corexy",
            Limits = new()
            {
                MinX = 1, MaxX = 2, MinY = 1, MaxY = 2, MinZ = 1, MaxZ = 2, HomeX = 1, HomeY = 1, HomeZ = 1, MaxNozzleC = 1, MaxBedC = 1, MaxChamberC = 1, MinExtrudeC = 1, MaxVelocity = 1, MaxAcceleration = 1,
                SquareCornerVelocity = 1, MinimumCruiseRatio = 0.1, MaxZVelocity = 1, MaxZAcceleration = 1, MaxExtrudeOnlyVelocity = 1, MaxExtrudeOnlyAcceleration = 1, MaxExtrudeOnlyDistance = 1,
                InstantaneousCornerVelocity = 3, NozzleDiameter = 1, FilamentDiameter = 1, MaxExtrudeCrossSection = 1, ArcResolution = 0.5, Extruders = 2, Arcs = false, RadiusArcs = true, AllowedMacros = new HashSet<string> { "PARK" },
            },
            Behaviour = new() { ThermalRise = new(9, 0.1), Homing = new(new(4, 0.1), 25, 50, 10) },
        };

        var changes = MachineChange.Between(was, now);

        Assert.All(changes, change => Assert.Matches("^[A-Z][^_]*$", change.What));
        Assert.Contains(new("Serial number of the host's processor", "10000000abcdef01", "none", MachineChangeKind.Identity), changes);
        Assert.Contains(new("Acceleration up to", "3000 mm/s²", "1 mm/s²", MachineChangeKind.Ability), changes);
        Assert.Contains(new("Extruders", "1", "2", MachineChangeKind.Ability), changes);
        Assert.Contains(new("It draws arcs (G2, G3)", "yes", "no", MachineChangeKind.Ability), changes);
        Assert.Contains(new("Max extrude cross section", "not given", "1 mm²", MachineChangeKind.Ability), changes);
        Assert.Contains(new("Homing, 100 mm on each axis", "18.0 s ± 1.6 s", "20.0 s", MachineChangeKind.Behaviour), changes);
    }

    [GeneratedRegex("<tr>(<td>(?<cell>[^<]*)</td>){3}</tr>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rows();

    [GeneratedRegex("name=\"once\" value=\"(?<value>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Once();

    /// <summary>A shop whose printer was presented with another board, other firmware and a hotter nozzle.</summary>
    private sealed class Hall : IAsyncDisposable
    {
        public required ServerFactory Server { get; init; }

        public required Person Maker { get; init; }

        public P256PrivateKey Device { get; } = P256PrivateKey.Generate();

        public Guid Printer { get; private set; }

        public string Page { get; private set; } = "";

        public static async Task<Hall> OpenAsync(StorageKind storage = StorageKind.Sqlite)
        {
            var server = await ServerFactory.StartAsync(storage);
            var hall = new Hall { Server = server, Maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall") };
            using var gateway = server.Stranger();
            hall.Printer = (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(hall.Device, await hall.Maker.PairingCodeAsync()))).IsGood()["printer_id"].GetGuid();
            server.Time.Advance(TimeSpan.FromSeconds(1));
            hall.Page = $"/printers/changes/{(await server.PresentAsync(hall.Device, hall.Printer, Repaired)).IsGood()["enrolment_id"].GetGuid():D}";
            return hall;
        }

        public async Task<IEnumerable<string?>> StatesAsync() => (await Maker.GetAsync($"/api/printers/{Printer}/enrolments")).IsGood().Body.EnumerateArray().Select(row => row.GetProperty("state").GetString());

        public async ValueTask DisposeAsync()
        {
            Device.Dispose();
            Maker.Dispose();
            await Server.DisposeAsync();
        }
    }
}
