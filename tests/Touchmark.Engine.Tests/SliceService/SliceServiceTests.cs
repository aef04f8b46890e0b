using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.SliceService;
using Touchmark.Engine.Tests.Designs;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Marketplace;
using Touchmark.Engine.Tests.Server;
using static Touchmark.Engine.Tests.SliceService.SliceRequests;

namespace Touchmark.Engine.Tests.SliceService;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class SliceServiceTests
{
    [Fact]
    public async Task An_uploaded_model_is_sliced_with_the_callers_settings_and_sealed_for_the_printer()
    {
        await using var shop = await PrintShop.OpenAsync(script: null);

        var sliced = await shop.Maker.SliceAsync(
            Data(new { printer_id = shop.PrinterId, name = "Bracket for Ms. O'Neil – \"left\".gcode", material = "PLA", quality = "draft" }),
            Part("machine_settings", """{"retract_length": 1.2, "nozzle_diameter": "0.4"}"""),
            Part("process_settings", "layer_height = 0.32\nfirst_layer_height = 0.3\nfill_density = 8%\nperimeters = 1\n"),
            Part("filament", """{"temperature": 204, "bed_temperature": 51, "first_layer_temperature": "207"}"""),
            Model(PrintShop.Bracket));

        var header = sliced.Sealed;
        Assert.Equal((shop.PrinterId, null, "Bracket for Ms. O'Neil – \"left\".gcode"), (header.PrinterId, header.LicenceId, header.Name));
        Assert.Equal(header.FileId.ToString("D"), sliced["Touchmark-File"]);
        Assert.Equal("Bracket for Ms. O'Neil – \"left\".gcode", sliced.Content.ContentDisposition?.FileNameStar);
        Assert.Null(sliced["Touchmark-External-Licence"]);
        var slice = (await shop.Server.Database.FirstOrDefaultAsync<SliceRow>("select slicer, nozzle_c, bed_c, segments, min_z from slices", null, default))!;
        Assert.StartsWith("PrusaSlicer 2.", slice.Slicer, StringComparison.Ordinal);
        Assert.Equal((207d, 51d), (slice.NozzleC, slice.BedC));
        Assert.True(slice.Segments > 50, $"{slice.Segments} segments");
        Assert.DoesNotContain("G1 X", Encoding.Latin1.GetString(sliced.File), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_real_slicer_takes_every_setting_that_a_caller_may_choose()
    {
        await using var shop = await PrintShop.OpenAsync(script: null);
        var rules = new SettingRules(Gateways.Profile().ToLimits());
        var settings = rules.Names.Where(name => name != SettingRules.FilamentType).Select(name => rules.Find(name)!).ToDictionary(
            rule => rule.Key, rule => rule switch
            {
                { Words: { } words } => words[0],
                // Together with walls and supports it is refused by the slicer itself.
                { Key: "spiral_vase" } => "0",
                { Key: "first_layer_height" or "layer_height" } => "0.2",
                { Key: "raft_layers" } => "1",
                _ => ((rule.Minimum + rule.Maximum) / 2).ToString(rule.Whole ? "0" : "0.##", System.Globalization.CultureInfo.InvariantCulture),
            });

        var sliced = await shop.Maker.SliceAsync(
            Data(new { printer_id = shop.PrinterId, material = "PLA" }), ("process_settings", JsonSerializer.SerializeToUtf8Bytes(settings)), Model(PrintShop.Bracket));

        Assert.Equal(shop.PrinterId, sliced.Sealed.PrinterId);
        Assert.True(settings.Count > 80, $"{settings.Count} settings");
    }

    [Fact]
    public async Task A_printer_slices_for_itself_and_starts_nothing()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var printer = Printer(shop);

        var sliced = await printer.SliceAsync("/api/slice", Form(Data(new { licence_id = shop.LicenceId, material = "PLA", quality = "draft", start_print = true })));

        Assert.Equal((shop.PrinterId, shop.LicenceId), (sliced.Sealed.PrinterId, sliced.Sealed.LicenceId));
        Assert.Equal("Bracket.gcode", sliced.Sealed.Name);
        Assert.Null(sliced["Touchmark-Job"]);
        Assert.Equal(0, await shop.TakenAsync());
        Assert.Equal(0, await CountAsync(shop, "jobs"));
    }

    [Theory]
    [MemberData(nameof(ServerFactory.BothDatabases), MemberType = typeof(ServerFactory))]
    public async Task A_printers_model_is_its_organisations_design_and_the_same_one_again_is_the_same_design(StorageKind storage)
    {
        await using var shop = await PrintShop.OpenAsync(storage: storage);
        using var printer = Printer(shop);
        var before = await CountAsync(shop, "designs");

        var first = await printer.SliceAsync(Data(new { material = "PLA", name = "Mine" }), Model(Models.BinaryStl()));
        var second = await shop.Maker.SliceAsync(Data(new { printer_id = shop.PrinterId, material = "PLA" }), Model(Models.BinaryStl()));

        Assert.NotEqual(first.Sealed.FileId, second.Sealed.FileId);
        Assert.Equal(first.Sealed.GCodeSha256.ToArray(), second.Sealed.GCodeSha256.ToArray());
        Assert.Equal(before + 1, await CountAsync(shop, "designs"));
        Assert.Equal(1, await CountAsync(shop, $"designs where name = 'Mine' and organisation_id = '{shop.Maker.OrganisationId:D}'"));
    }

    [Fact]
    public async Task What_cannot_be_sliced_is_refused_by_its_reason()
    {
        await using var shop = await PrintShop.OpenAsync();
        var good = $$"""{"printer_id":"{{shop.PrinterId:D}}","material":"PLA" """;

        await RefusedAsync("PRINTER_MISSING", "{}");
        await RefusedAsync("NOT_FOUND", """{"printer_id":"0198a5f3-0000-7000-8000-000000000001"}""");
        await RefusedAsync("MATERIAL_UNKNOWN", $$"""{"printer_id":"{{shop.PrinterId:D}}"}""");
        await RefusedAsync("MATERIAL_UNKNOWN", $$"""{"printer_id":"{{shop.PrinterId:D}}","material":"WOOD"}""");
        await RefusedAsync("QUALITY_UNKNOWN", good + ""","quality":"best"}""");
        await RefusedAsync("MODEL_MISSING", good + "}", model: false);
        await RefusedAsync("URI_NOT_FOLLOWED", good + ""","uri":"https://example.com/part.stl"}""", model: false);
        await RefusedAsync("MIRROR_NODE_MISSING", good + ""","uri":"hedera://0.0.1234/7"}""", model: false);
        await RefusedAsync("HEDERA_URI_INVALID", good + ""","uri":"hedera://0.0.1234/7/8"}""", model: false);
        await RefusedAsync("MODEL_TWICE", good + $$""","licence_id":"{{shop.LicenceId:D}}"}""");
        await RefusedAsync("LICENCE_PRINTER", good + ""","licence_id":"0198a5f3-0000-7000-8000-000000000001"}""", model: false);
        await RefusedAsync("EXTERNAL_LICENCE_INVALID", good + ""","wallet_address":"me"}""");
        foreach (var name in (string[])["", " ", "../../home/pi/part", "a\\\\b", "..", "pa\\nrt", "part\\u202egpj.stl", new string('a', 250)])
        {
            await RefusedAsync("FILE_NAME_INVALID", good + $$""","name":"{{name}}"}""");
        }

        Assert.Equal(0, await CountAsync(shop, "sealed_files"));
        Assert.Equal("Teil „ß“ 部品 🛠.gcode", (await shop.Maker.SliceAsync(Part("data", good + ""","name":"Teil „ß“ 部品 🛠"}"""), Model(Models.BinaryStl()))).Sealed.Name);

        async Task RefusedAsync(string code, string data, bool model = true)
        {
            var sliced = await (model ? shop.Maker.SliceAsync(Part("data", data), Model(Models.BinaryStl())) : shop.Maker.SliceAsync(Part("data", data)));
            sliced.Answer.IsRefused(sliced.Status, code);
        }
    }

    [Fact]
    public async Task Data_that_is_not_the_json_it_should_be_is_refused()
    {
        await using var shop = await PrintShop.OpenAsync();
        string[] wrong =
        [
            "", "[]", "null", "{", """{"material":"PLA","material":"ABS"}""", """{"materail":"PLA"}""", """{"material":["PLA"]}""", """{"material":"\ud800"}""",
            """{"printer_id":"'; drop table printers; --"}""", """{"start_print":"yes"}""", """{"token_id":7}""", $$"""{"token_id":{{string.Concat(Enumerable.Repeat("[", 200))}}""",
        ];
        foreach (var data in wrong)
        {
            (await shop.Maker.SliceAsync(Part("data", data), Model(Models.BinaryStl()))).Answer.IsRefused(HttpStatusCode.BadRequest, "DATA_INVALID");
        }
    }

    [Fact]
    public async Task Parts_that_are_missing_doubled_unknown_out_of_order_or_too_long_are_refused()
    {
        await using var shop = await PrintShop.OpenAsync();
        var data = Data(new { printer_id = shop.PrinterId, material = "PLA" });
        var model = Model(Models.BinaryStl());
        var settings = Part("process_settings", "layer_height = 0.2");

        Assert.Equal("DATA_MISSING", (await shop.Maker.SliceAsync("/slice", Nothing())).Answer.Code);
        await RefusedAsync("MULTIPART_ORDER", model);
        await RefusedAsync("MULTIPART_ORDER", settings, data, model);
        await RefusedAsync("MULTIPART_ORDER", data, model, settings);
        await RefusedAsync("MULTIPART_PART", data, data, model);
        await RefusedAsync("MULTIPART_PART", data, settings, settings, model);
        await RefusedAsync("MULTIPART_PART", data, model, model);
        await RefusedAsync("MULTIPART_PART", data, Part("post_process", "rm -rf /"), model);
        await RefusedAsync("MULTIPART_PART", data, Part("MODEL", "x"));
        await RefusedAsync("MULTIPART_DAMAGED", ("data", new byte[SliceOrder.MaxBytes + 1]));
        await RefusedAsync("MULTIPART_DAMAGED", data, ("filament", new byte[SettingsText.MaxBytes + 1]), model);
        await RefusedAsync("SETTING_REFUSED", data, Part("process_settings", "post_process = rm -rf /"), model);
        await RefusedAsync("SETTING_RANGE", data, Part("filament", "temperature = 281"), model);
        await RefusedAsync("MATERIAL_CONTRADICTS", data, Part("filament", "filament_type = PETG"), model);
        Assert.Equal("MULTIPART_EXPECTED", (await shop.Maker.SliceAsync("/slice", new StringContent("{}", Encoding.UTF8, "application/json"))).Answer.Code);
        Assert.Equal("MULTIPART_DAMAGED", (await shop.Maker.SliceAsync("/slice", await CutAsync(Form(data, model)))).Answer.Code);
        Assert.Equal(0, await CountAsync(shop, "sealed_files"));

        async Task RefusedAsync(string code, params (string, byte[])[] parts) => (await shop.Maker.SliceAsync(parts)).Answer.IsRefused(HttpStatusCode.BadRequest, code);
    }

    [Fact]
    public async Task A_model_that_is_none_or_too_large_is_refused_and_not_kept()
    {
        await using var shop = await PrintShop.OpenAsync(arguments: ["--design-bytes", "200000"]);
        var before = await CountAsync(shop, "designs");
        var data = Data(new { printer_id = shop.PrinterId, material = "PLA" });

        Assert.Equal("DESIGN_FORMAT", (await shop.Maker.SliceAsync(data, Model("G28\nG1 X10\n"u8.ToArray()))).Answer.Code);
        Assert.Equal("DESIGN_EMPTY", (await shop.Maker.SliceAsync(data, Model([]))).Answer.Code);
        (await shop.Maker.SliceAsync(data, Model(new byte[200001]))).Answer.IsRefused(HttpStatusCode.RequestEntityTooLarge, "DESIGN_TOO_LARGE");
        Assert.Equal(before, await CountAsync(shop, "designs"));
    }

    [Fact]
    public async Task Material_may_come_with_the_filament_and_a_wish_below_the_tables_heat_makes_a_printer_able()
    {
        await using var shop = await PrintShop.OpenAsync();
        var sliced = await shop.Maker.SliceAsync(Data(new { printer_id = shop.PrinterId }), Part("filament", "filament_type = PETG\ntemperature = 230"), Model(Models.BinaryStl()));
        Assert.Equal(shop.PrinterId, sliced.Sealed.PrinterId);
        Assert.Equal(1, await CountAsync(shop, "slices where material = 'PETG' and quality = 'standard'"));
    }

    [Fact]
    public async Task A_licence_that_names_qualities_or_materials_leaves_their_settings_to_its_owner()
    {
        await using var shop = await PrintShop.OpenAsync();
        var design = (await shop.Oem.GetAsync("/api/designs")).IsGood().Body[0].GetProperty("id").GetGuid();
        var strict = (await shop.Oem.PostAsync("/api/licences", new { design_id = design, manufacturers = new[] { shop.Maker.OrganisationId }, prints = 3, qualities = new[] { "fine" }, materials = new[] { "PLA" } })).IsGood().Id;

        Assert.Equal("LICENCE_SETTINGS", await CodeAsync(strict, "fine", Part("process_settings", "layer_height = 0.3")));
        Assert.Equal("LICENCE_SETTINGS", await CodeAsync(strict, "fine", Part("filament", "temperature = 200")));
        Assert.Equal("LICENCE_QUALITY", await CodeAsync(strict, "draft"));
        Assert.Null(await CodeAsync(strict, "fine"));
        Assert.Null(await CodeAsync(shop.LicenceId, "draft", Part("process_settings", "layer_height = 0.3")));

        async Task<string?> CodeAsync(Guid licence, string quality, params (string, byte[])[] settings) =>
            (await shop.Maker.SliceAsync([Data(new { printer_id = shop.PrinterId, licence_id = licence, material = "PLA", quality }), .. settings])).Answer.Code;
    }

    [Theory]
    [MemberData(nameof(ServerFactory.BothDatabases), MemberType = typeof(ServerFactory))]
    public async Task A_person_may_have_a_live_session_started_with_it(StorageKind storage)
    {
        await using var shop = await PrintShop.OpenAsync(storage: storage);

        var licensed = await shop.Maker.SliceAsync(Data(new { printer_id = shop.PrinterId, licence_id = shop.LicenceId, material = "PLA", quality = "draft", start_print = true, wallet_address = "0.0.9", token_id = "0.0.1234/7" }));
        var own = await shop.Maker.SliceAsync(
            Data(new { printer_id = shop.PrinterId, material = "PLA", start_print = true }), Part("process_settings", "perimeters = 4"), Model(Models.BinaryStl()));

        var job = (await shop.Maker.GetAsync($"/api/jobs/{licensed["Touchmark-Job"]}")).IsGood();
        Assert.Equal(shop.LicenceId, job["licence_id"].GetGuid());
        Assert.Equal(("0.0.9", "0.0.1234/7"), (job["external"].GetProperty("wallet_address").GetString(), job["external"].GetProperty("token_id").GetString()));
        Assert.Equal(1, await shop.TakenAsync());
        Assert.Equal("not-checked", licensed["Touchmark-External-Licence"]);
        Assert.Equal(("0.0.9", "0.0.1234/7"), (licensed.Sealed.External!.WalletAddress, licensed.Sealed.External.TokenId));
        var second = await shop.UntilAsync(Guid.Parse(own["Touchmark-Job"]!), "queued", "waiting", "slicing");
        Assert.NotEqual(shop.LicenceId, second.GetProperty("licence_id").GetGuid());
        // The session prints what the file holds, with the caller's settings, and not what the table would give.
        Assert.Equal(2, await CountAsync(shop, "slices"));
        Assert.Equal(1, await CountAsync(shop, $"jobs join slices on slices.id = jobs.slice_id join sealed_files on sealed_files.slice_id = slices.id where jobs.id = '{own["Touchmark-Job"]}' and sealed_files.id = '{own["Touchmark-File"]}'"));
    }

    [Fact]
    public async Task An_external_licence_is_looked_up_before_anything_is_sliced()
    {
        await using var mirror = await StandInMirror.StartAsync();
        mirror.Mint("0.0.1234", 7, "0.0.9", "hcs://1/0.0.71");
        mirror.PutFile("0.0.71", Models.BinaryStl());
        await using var shop = await PrintShop.OpenAsync(arguments: ["--mirror-node", mirror.Address.ToString()]);
        using var printer = Printer(shop);

        var held = await printer.SliceAsync(Data(new { material = "PLA", wallet_address = "0.0.9", token_id = "0.0.1234/7", uri = "hedera://0.0.1234/7" }));
        var other = await printer.SliceAsync(Data(new { material = "PLA", wallet_address = "0.0.8", token_id = "0.0.1234/7", uri = "hedera://0.0.1234/7" }));
        var kept = await printer.SliceAsync(Data(new { material = "PLA", uri = "https://shop.example/brackets/7" }), Model(Models.BinaryStl()));
        var job = await shop.Maker.PostAsync("/api/jobs", new { licence_id = shop.LicenceId, printer_id = shop.PrinterId, material = "PLA", quality = "draft", wallet_address = "0.0.8", token_id = "0.0.1234/7" });

        Assert.Equal("held", held["Touchmark-External-Licence"]);
        Assert.Equal(("0.0.9", "hedera://0.0.1234/7"), (held.Sealed.External!.WalletAddress, held.Sealed.External.Uri));
        other.Answer.IsRefused(HttpStatusCode.Forbidden, "EXTERNAL_LICENCE_NOT_HELD");
        Assert.Equal("not-checked", kept["Touchmark-External-Licence"]);
        job.IsRefused(HttpStatusCode.Forbidden, "EXTERNAL_LICENCE_NOT_HELD");
        Assert.Equal(0, await shop.TakenAsync());
        mirror.Instead = context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        (await printer.SliceAsync(Data(new { material = "PLA", wallet_address = "0.0.9", token_id = "0.0.1234/7" }), Model(Models.BinaryStl()))).Answer.IsRefused(HttpStatusCode.ServiceUnavailable, "MIRROR_NODE_UNREACHABLE");
    }

    [Fact]
    public async Task Printers_slice_for_themselves_and_people_for_their_organisations_printers_alone()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var printer = Printer(shop);
        using var stranger = shop.Server.Stranger();
        using var rival = await shop.Server.JoinAsync(Role.Operator, "Another shop");
        var other = await shop.Server.EnrolPrinterAsync(shop.Maker);
        var parts = new[] { Data(new { printer_id = shop.PrinterId, material = "PLA" }), Model(Models.BinaryStl()) };

        (await printer.SliceAsync(Data(new { printer_id = other, material = "PLA" }), parts[1])).Answer.IsRefused(HttpStatusCode.Forbidden, "PRINTER_OTHER");
        (await rival.SliceAsync(parts)).Answer.IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await shop.Oem.SliceAsync(parts)).Answer.IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await stranger.SliceAsync(parts)).Answer.IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await shop.Maker.PostAsync($"/api/printers/{shop.PrinterId:D}/revoke")).IsGood();
        (await shop.Maker.SliceAsync(parts)).Answer.IsRefused(HttpStatusCode.Conflict, "PRINTER_REVOKED");
        Assert.Equal("PRINTER_REVOKED", (await printer.SliceAsync(parts)).Answer.Code);
    }

    [Fact]
    public async Task One_organisation_has_a_few_requests_at_once()
    {
        await using var shop = await PrintShop.OpenAsync();
        var desk = shop.Server.Services.GetRequiredService<SliceDesk>();
        var caller = new Caller(Guid.Empty, shop.Maker.OrganisationId, Role.Operator);
        var works = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ => (await desk.BeginAsync(null, caller, CancellationToken.None)).Has(out var work, out var _) ? work : null));
        Assert.DoesNotContain(null, works);

        (await shop.Maker.SliceAsync("/slice", Nothing())).Answer.IsRefused(HttpStatusCode.TooManyRequests, "SLICES_AT_ONCE");
        await works[0]!.DisposeAsync();
        Assert.Equal("DATA_MISSING", (await shop.Maker.SliceAsync("/slice", Nothing())).Answer.Code);
        Assert.Equal("DATA_MISSING", (await shop.Maker.SliceAsync("/slice", Nothing())).Answer.Code);
    }

    private static Person Printer(PrintShop shop) => shop.Server.Bearing(shop.Enrolled["printer_token"].GetString()!);

    private static Task<long> CountAsync(PrintShop shop, string what) => shop.Server.Database.FirstOrDefaultAsync<long>($"select count(*) from {what}", null, default);

    private static async Task<ByteArrayContent> CutAsync(MultipartFormDataContent form)
    {
        using (form)
        {
            var whole = await form.ReadAsByteArrayAsync();
            var cut = new ByteArrayContent(whole[..^40]);
            cut.Headers.ContentType = form.Headers.ContentType;
            return cut;
        }
    }

    private sealed record SliceRow
    {
        public string Slicer { get; init; } = "";

        public double NozzleC { get; init; }

        public double BedC { get; init; }

        public long Segments { get; init; }

        public double MinZ { get; init; }
    }
}
