using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.PrinterFiles;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Hosting.Problems;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.Tests.PrinterFiles;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class SealedFileTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_licensed_design_is_sealed_for_a_printer_and_opened_there_with_the_key_that_the_engine_releases(StorageKind storage)
    {
        await using var shop = await FileShop.OpenAsync(storage: storage);
        var file = new MemoryStream(await shop.SealAsync("Bracket, left"));
        var read = FileShop.Read(file);
        var print = Guid.CreateVersion7();

        Assert.Equal((shop.Shop.PrinterId, shop.Shop.LicenceId, "Bracket, left.gcode", 1), (read.Header.PrinterId, read.Header.LicenceId, read.Header.Name, read.Header.KeyVersion));
        Assert.Null(read.Header.ContentKey);
        Assert.Equal(0, await shop.Shop.TakenAsync());
        var released = (await shop.UnwrapAsync(read.Header.FileId, print)).IsGood();

        Assert.Equal((1, shop.Shop.LicenceId), (released["print_number"].GetInt64(), released["licence_id"].GetGuid()));
        Assert.Equal(1, await shop.Shop.TakenAsync());
        using var psek = Assert.Single(await shop.KeysAsync());
        Assert.Equal(psek.KeyId, released["key_id"].GetString());
        var card = read.OpenCard(file, psek, out var refusal);
        Assert.Null(refusal);
        Assert.Equal(("PLA", "Bench Printer"), (card!.FilamentType, card.PrinterModel));
        Assert.True(card.EstimatedTime > 0 && card.FilamentTotal > 0 && card.FilamentWeightTotal > 0);
        using var key = psek.TryUnwrap(FileKeyRole.Toolpath, read.Header.FileId, released["content_key"].GetBytesFromBase64())!;
        await using var toolpath = read.OpenToolpath(file, key.Span, out refusal)!;
        using var text = new MemoryStream();
        await toolpath.CopyToAsync(text);
        Assert.Equal(read.Header.GCodeSha256.ToArray(), SHA256.HashData(text.ToArray()));
        Assert.Contains("G1 X20", Encoding.ASCII.GetString(text.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_printer_is_told_the_layer_it_is_on()
    {
        await using var shop = await FileShop.OpenAsync(script: null);

        var lines = (await shop.ToolpathAsync(await shop.SealAsync())).Split('\n');

        var layers = lines.Count(line => line.StartsWith("SET_PRINT_STATS_INFO CURRENT_LAYER=", StringComparison.Ordinal));
        Assert.True(layers > 5, $"{layers} layers");
        Assert.Equal(
            [$"SET_PRINT_STATS_INFO TOTAL_LAYER={layers}", .. Enumerable.Range(1, layers).Select(layer => $"SET_PRINT_STATS_INFO CURRENT_LAYER={layer}")],
            lines.Where(line => line.StartsWith("SET_PRINT_STATS_INFO", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_file_is_made_for_those_at_the_printer_and_under_a_licence_that_allows_it()
    {
        await using var shop = await FileShop.OpenAsync();
        using var worker = await shop.Server.JoinAsync(Role.Operator, "Printing shop");
        using var neighbour = await shop.Server.JoinAsync(Role.Manufacturer, "Other shop");
        var design = (await shop.Shop.Oem.GetAsync("/api/designs")).Body.EnumerateArray().Single().GetProperty("id").GetGuid();
        var limited = (await shop.Shop.Oem.PostAsync("/api/licences", new { design_id = design, prints = 1, printers = new[] { shop.Shop.PrinterId }, exposure_limit_s = 3.5 })).IsGood().Id;
        var petg = (await shop.Shop.Oem.PostAsync("/api/licences", new { design_id = design, prints = 1, printers = new[] { shop.Shop.PrinterId }, materials = new[] { "PETG" } })).IsGood().Id;

        (await AskAsync(shop.Shop.Oem)).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await AskAsync(neighbour)).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await AskAsync(shop.Gateway)).IsRefused(HttpStatusCode.Forbidden, "TOKEN_NOT_A_PERSONS");
        (await AskAsync(worker, licence: Guid.CreateVersion7())).IsRefused(HttpStatusCode.Forbidden, "LICENCE_PRINTER");
        (await AskAsync(worker, licence: limited)).IsRefused(HttpStatusCode.Conflict, "LICENCE_EXPOSURE");
        (await AskAsync(worker, licence: petg)).IsRefused(HttpStatusCode.Conflict, "LICENCE_MATERIAL");
        (await AskAsync(worker, material: "CHEESE")).IsRefused(HttpStatusCode.BadRequest, "MATERIAL_UNKNOWN");
        foreach (var name in new[] { "../escape", "a/b", "a\\b", "two\nlines", "bell\a", new string('x', 300) })
        {
            (await AskAsync(worker, name: name)).IsRefused(HttpStatusCode.BadRequest, "FILE_NAME_INVALID");
        }

        (await AskAsync(worker, name: "Käse \"quer\" 100 %.GCODE")).IsGood();
        var listed = Assert.Single((await worker.GetAsync($"/api/printers/{shop.Shop.PrinterId}/files")).IsGood().Body.EnumerateArray());
        Assert.Equal(("Käse \"quer\" 100 %.GCODE", 0), (listed.GetProperty("name").GetString(), listed.GetProperty("prints").GetInt64()));
        (await neighbour.GetAsync($"/api/printers/{shop.Shop.PrinterId}/files")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");

        Task<Answer> AskAsync(Person who, string? name = null, Guid? licence = null, string material = "PLA") =>
            who.PostAsync($"/api/printers/{shop.Shop.PrinterId:D}/files", new { licence_id = licence ?? shop.Shop.LicenceId, material, quality = "draft", name });
    }

    [Fact]
    public async Task A_design_of_the_organisation_that_has_the_printer_needs_no_licence_and_counts_no_print()
    {
        await using var shop = await FileShop.OpenAsync();
        using var colleague = await shop.Server.JoinAsync(Role.Oem, "Printing shop");
        var own = (await colleague.UploadAsync(PrintShop.Bracket)).IsGood().Id;
        var foreign = (await shop.Shop.Oem.GetAsync("/api/designs")).Body.EnumerateArray().Single().GetProperty("id").GetGuid();
        var files = shop.Server.Services.GetRequiredService<SealedFiles>();
        var printer = (await shop.Server.Services.GetRequiredService<PrinterFleet>().FindAsync(shop.Shop.PrinterId, default))!;

        Assert.Equal("LICENCE_MISSING", (await MakeAsync(foreign)).Refusal?.Code);
        Assert.True((await MakeAsync(own)).Has(out var file, out var refusal), refusal?.Text);
        var released = (await shop.UnwrapAsync(file.Row.Id, Guid.CreateVersion7())).IsGood();

        Assert.False(released.Body.TryGetProperty("print_number", out _) || released.Body.TryGetProperty("licence_id", out _));
        using var output = new MemoryStream();
        await files.WriteAsync(file, output, default);
        var header = FileShop.HeaderOf(output.ToArray());
        Assert.Equal((null, "0.0.7", "bracket.gcode"), (header.LicenceId, header.External!.TokenId, header.Name));
        Assert.Equal(0, await shop.Shop.TakenAsync());

        async Task<Outcome<SealedFile>> MakeAsync(Guid design)
        {
            var outcome = await shop.Server.Services.GetRequiredService<Slicer>().SliceAsync(design, printer, "PLA", "draft", () => Task.CompletedTask, _ => { }, default);
            Assert.True(outcome.Has(out var slice, out var why), why?.Text);
            return await files.MakeAsync(slice, printer, new SealedFileTerms("bracket") { External = new ExternalLicence(null, null, "0.0.7", null) }, null, default);
        }
    }

    [Fact]
    public async Task Nothing_of_a_toolpath_is_in_the_clear_in_the_file_or_on_the_disk_of_the_engine()
    {
        await using var shop = await FileShop.OpenAsync();
        var file = await shop.SealAsync();
        (await shop.UnwrapAsync(FileShop.HeaderOf(file).FileId, Guid.CreateVersion7())).IsGood();

        Assert.All(Directory.EnumerateFiles(shop.Server.Data, "*", SearchOption.AllDirectories).Select(Bytes.Of).Append(file), content => Assert.True(content.AsSpan().IndexOf("G1 X"u8) < 0));
    }
}
