using System.Security.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Moonraker;

namespace Touchmark.Vault.Firmware;

/// <summary>Where the firmware is read: <c>--printer URL</c> of Moonraker, with the images that may run in <c>--firmware-images DIR</c>; or <c>--firmware-image FILE</c> for a printer that tells nothing.</summary>
internal sealed record FirmwareOptions(string? Printer, string? Images, string? Image)
{
    public static FirmwareOptions Read(IConfiguration configuration) => new(Text(configuration["printer"]), Text(configuration["firmware-images"]), Text(configuration["firmware-image"]));

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}

/// <summary>Reads the hash of what the printer runs.</summary>
internal sealed class FirmwareSource(FirmwareOptions options, TimeProvider time)
{
    private const int MostImages = 64;
    private const long MostImageBytes = 64 << 20;

    /// <summary>The hash of all the firmware, and that of each micro-controller; or why there is none.</summary>
    public async Task<(ReadOnlyMemory<byte>? Sha256, IReadOnlyList<ReadOnlyMemory<byte>> Parts, string? Problem)> ReadAsync(CancellationToken cancel)
    {
        try
        {
            return options switch
            {
                { Printer: { } printer } => Combine(await AskAsync(printer, cancel)),
                { Image: { } image } => Combine([("image", await HashAsync(image, cancel))]),
                _ => (null, [], "The vault is not told where to read the printer's firmware (--printer or --firmware-image)."),
            };
        }
        catch (MoonrakerException failure)
        {
            return (null, [], Cut($"The printer's firmware could not be read: {failure.Message}"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return (null, [], Cut($"The firmware image could not be read: {failure.Message}"));
        }
    }

    private static (ReadOnlyMemory<byte>?, IReadOnlyList<ReadOnlyMemory<byte>>, string?) Combine(IReadOnlyList<(string Name, byte[] Sha256)> parts) => parts.Count switch
    {
        0 => (null, [], "The printer tells of no micro-controller, so its firmware is not known."),
        1 => (parts[0].Sha256, [parts[0].Sha256], null),
        _ => (SHA256.HashData(DeterministicCbor.Encode(new CborMap([.. parts.Select(part => new KeyValuePair<CborValue, CborValue>(part.Name, part.Sha256))]))), [.. parts.Select(part => (ReadOnlyMemory<byte>)part.Sha256)], null),
    };

    /// <summary>Each micro-controller's hash: that of the image whose dictionary it tells, or of what it tells.</summary>
    private async Task<IReadOnlyList<(string Name, byte[] Sha256)>> AskAsync(string printer, CancellationToken cancel)
    {
        if (!MoonrakerAddress.TryParse(printer, out var address))
        {
            throw new IOException($"{printer} is no address of a Moonraker.");
        }

        await using var client = await MoonrakerClient.ConnectAsync(address, time, cancel);
        var images = await ImagesAsync(cancel);
        var parts = new List<(string, byte[])>();
        foreach (var name in (await client.GetObjectsAsync(cancel)).Where(name => name == "mcu" || name.StartsWith("mcu ", StringComparison.Ordinal)))
        {
            var status = await client.QueryAsync(name, null, cancel);
            if (status.ValueKind == System.Text.Json.JsonValueKind.Object && status.TryGetProperty(name, out var mcu) && FirmwareIdentity.FromStatus(mcu) is { Sha256: var told })
            {
                parts.Add((name, images.GetValueOrDefault(Convert.ToHexStringLower(told), told)));
            }
        }

        return parts;
    }

    /// <summary>The hash of each image, by the hash of what it says of itself.</summary>
    private async Task<Dictionary<string, byte[]>> ImagesAsync(CancellationToken cancel)
    {
        var images = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        if (options.Images is { } folder && Directory.Exists(folder))
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles().Where(file => file.Length <= MostImageBytes).OrderBy(file => file.Name, StringComparer.Ordinal).Take(MostImages))
            {
                var bytes = await File.ReadAllBytesAsync(file.FullName, cancel);
                if (FirmwareIdentity.FromImage(bytes) is { } identity)
                {
                    images[Convert.ToHexStringLower(identity.Sha256)] = SHA256.HashData(bytes);
                }
            }
        }

        return images;
    }

    private static async Task<byte[]> HashAsync(string path, CancellationToken cancel)
    {
        await using var file = File.OpenRead(path);
        return await SHA256.HashDataAsync(file, cancel);
    }

    private static string Cut(string text) => text.Length <= 512 ? text : text[..511] + "…";
}
