using System.Security.Cryptography;
using System.Text;
using Touchmark.Engine.Tests.Server;
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
}
