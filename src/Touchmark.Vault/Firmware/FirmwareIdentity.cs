using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Vault.Firmware;

/// <summary>
/// What one of a printer's micro-controllers says about its build: Klipper's version, compilers and constants, which it tells when it is connected and which its image carries, compressed
/// (docs of Klipper: Protocol, data dictionary). It is the firmware's word: no bytes of the image can be read back.
/// </summary>
/// <param name="Version">Such as <c>v0.13.0-730-g84104bbbd</c>, with the time and host of a build that was not clean.</param>
/// <param name="Builds">Compilers and binutils.</param>
/// <param name="Constants">Such as the kind of micro-controller and its clock.</param>
internal sealed record FirmwareIdentity(string Version, string Builds, IReadOnlyDictionary<string, string> Constants)
{
    private const int MostImage = 64 << 20;
    private const int MostDictionary = 1 << 20;
    private const int MostConstants = 512;
    private const int LongestText = 1024;

    /// <summary>SHA-256 over the deterministic CBOR of all three.</summary>
    public byte[] Sha256 => SHA256.HashData(DeterministicCbor.Encode(CborMap.Of(
        ("version", Version),
        ("build_versions", Builds),
        ("constants", new CborMap([.. Constants.Select(constant => new KeyValuePair<CborValue, CborValue>(constant.Key, constant.Value))])))));

    /// <summary>Reads what Moonraker answers for an <c>mcu</c> object; null where it is none.</summary>
    public static FirmwareIdentity? FromStatus(JsonElement mcu) => Read(mcu, "mcu_version", "mcu_build_versions", "mcu_constants");

    /// <summary>Finds the data dictionary in an image; null where there is none.</summary>
    /// <param name="image">Untrusted bytes.</param>
    public static FirmwareIdentity? FromImage(ReadOnlySpan<byte> image)
    {
        if (image.Length > MostImage)
        {
            return null;
        }

        // A stream of zlib begins with 0x78 and a byte that makes the two a multiple of 31 (RFC 1950).
        for (var at = 0; at < image.Length - 2; at++)
        {
            var next = image[at..].IndexOf((byte)0x78);
            if (next < 0)
            {
                return null;
            }

            at += next;
            if (at + 1 < image.Length && (0x7800 + image[at + 1]) % 31 == 0 && Inflate(image[at..]) is { } dictionary)
            {
                return dictionary;
            }
        }

        return null;
    }

    private static FirmwareIdentity? Inflate(ReadOnlySpan<byte> compressed)
    {
        try
        {
            using var source = new ZLibStream(new MemoryStream(compressed[..Math.Min(compressed.Length, MostDictionary)].ToArray()), CompressionMode.Decompress);
            var text = new byte[MostDictionary];
            var length = source.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            using var parsed = JsonDocument.Parse(text.AsMemory(0, length));
            return Read(parsed.RootElement, "version", "build_versions", "config");
        }
        catch (Exception error) when (error is InvalidDataException or JsonException or IOException)
        {
            return null;
        }
    }

    private static FirmwareIdentity? Read(JsonElement element, string version, string builds, string constants)
    {
        if (element.ValueKind != JsonValueKind.Object || Text(element, version) is not { } named || Text(element, builds) is not { } built)
        {
            return null;
        }

        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (element.TryGetProperty(constants, out var listed) && listed.ValueKind == JsonValueKind.Object)
        {
            foreach (var constant in listed.EnumerateObject().Take(MostConstants))
            {
                // Numbers and texts alike, as they stand.
                values[constant.Name] = constant.Value.ValueKind == JsonValueKind.String ? constant.Value.GetString() ?? "" : constant.Value.GetRawText();
            }
        }

        return new FirmwareIdentity(named, built, values);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= LongestText } text ? text : null;
}
