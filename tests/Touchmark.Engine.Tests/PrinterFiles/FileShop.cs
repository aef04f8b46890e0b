using System.Net;
using System.Net.Http.Json;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.Tests.PrinterFiles;

/// <summary>A print shop that has files sealed, and the gateway of its printer.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
internal sealed class FileShop : IAsyncDisposable
{
    private FileShop(PrintShop shop) => Shop = shop;

    public PrintShop Shop { get; }

    public ServerFactory Server => Shop.Server;

    /// <summary>The printer's gateway with its token.</summary>
    public Person Gateway { get; private init; } = null!;

    /// <param name="prints">Of the licence.</param>
    /// <param name="storage">Of the engine.</param>
    /// <param name="script">What the slicer does; null: the real one.</param>
    public static async Task<FileShop> OpenAsync(long prints = 3, StorageKind storage = StorageKind.Sqlite, string? script = PrintShop.Square)
    {
        var shop = await PrintShop.OpenAsync(script: script, prints: prints, storage: storage);
        return new FileShop(shop) { Gateway = shop.Server.Bearing(shop.Enrolled["printer_token"].GetString()!) };
    }

    /// <summary>A sealed file for the shop's printer.</summary>
    public async Task<byte[]> SealAsync(string? name = null, Guid? licence = null)
    {
        using var answer = await Shop.Maker.Http.PostAsync(
            new Uri($"/api/printers/{Shop.PrinterId:D}/files", UriKind.Relative), JsonContent.Create(new { licence_id = licence ?? Shop.LicenceId, material = "PLA", quality = "draft", name }, options: Answer.Json));
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadAsByteArrayAsync();
    }

    /// <summary>The whole toolpath of a sealed file, opened as the printer's gateway does.</summary>
    public async Task<string> ToolpathAsync(byte[] sealedFile)
    {
        var file = new MemoryStream(sealedFile);
        var read = Read(file);
        var released = (await UnwrapAsync(read.Header.FileId, Guid.CreateVersion7())).IsGood();
        using var psek = (await KeysAsync()).Single();
        using var key = psek.TryUnwrap(FileKeyRole.Toolpath, read.Header.FileId, released["content_key"].GetBytesFromBase64())!;
        await using var toolpath = read.OpenToolpath(file, key.Span, out _)!;
        using var text = new StreamReader(toolpath);
        return await text.ReadToEndAsync();
    }

    public async Task<Guid> SealedFileAsync() => HeaderOf(await SealAsync()).FileId;

    public static SealedGCodeHeader HeaderOf(byte[] file) => Read(new MemoryStream(file)).Header;

    public static SealedGCode Read(Stream file) => SealedGCode.TryRead(file, out var refusal) ?? throw new InvalidDataException(refusal!.Text);

    public Task<Answer> UnwrapAsync(Guid file, Guid print, Person? gateway = null) => (gateway ?? Gateway).PostAsync("/api/printer-keys/unwrap", new { file_id = file, print_id = print });

    public Task<Answer> EndAsync(Guid print, string outcome = "complete") => Gateway.PostAsync($"/api/printer-keys/prints/{print:D}/end", new { outcome });

    /// <summary>The PSEKs that the gateway opens of what it was handed.</summary>
    public async Task<List<Psek>> KeysAsync()
    {
        var keys = new List<Psek>();
        foreach (var key in (await Gateway.GetAsync("/api/printer-keys")).IsGood().Body.EnumerateArray())
        {
            var version = int.Parse(key.GetProperty("key_id").GetString()!.Split('/')[1], System.Globalization.CultureInfo.InvariantCulture);
            keys.Add(Psek.TryOpen(key.GetProperty("sealed").GetBytesFromBase64(), Shop.Device, Shop.PrinterId, version)!);
        }

        return keys;
    }

    public async ValueTask DisposeAsync()
    {
        Gateway.Dispose();
        await Shop.DisposeAsync();
    }
}
