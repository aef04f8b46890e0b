using System.Text;
using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Streaming.Files;

namespace Touchmark.Streaming.Tests.Files;

/// <summary>Runs spec/vectors/sealed-gcode, which another implementation made.</summary>
public sealed class SealedGCodeVectorTests
{
    private static readonly JsonElement Vectors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "spec/sealed-gcode/sealed-gcode.json"))).RootElement;

    public static TheoryData<string> Cases { get; } = [.. Vectors.GetProperty("cases").EnumerateArray().Select(static test => test.GetProperty("name").GetString()!)];

    public static TheoryData<string> Boxes { get; } = [.. Vectors.GetProperty("boxes").EnumerateArray().Select(static test => test.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_file_that_another_implementation_sealed_opens_or_is_refused_as_it_says(string name)
    {
        var test = Find("cases", name);
        using var device = P256PrivateKey.FromPkcs8(Bytes(Vectors, "device_pkcs8"));
        using var psek = Open(device, Vectors.GetProperty("keys").GetProperty(test.GetProperty("key").GetString()!))!;
        using var file = new MemoryStream(Bytes(test, "file"));
        byte[]? released = test.TryGetProperty("released", out _) ? Bytes(test, "released") : null;

        var outcome = Outcome(file, psek, released, CborTime.FromMicroseconds(test.GetProperty("now").GetInt64()), out var header);

        Assert.Equal(test.GetProperty("expect").GetString(), outcome);
        if (outcome == "success")
        {
            Assert.Equal(test.GetProperty("file").GetString()![24..(24 + (2 * header!.Encode().Length))], Convert.ToHexStringLower(header.Encode()));
        }
    }

    [Theory]
    [MemberData(nameof(Boxes))]
    public void A_printer_key_opens_on_its_device_as_what_it_is_and_else_not_at_all(string name)
    {
        var test = Find("boxes", name);
        using var device = P256PrivateKey.FromPkcs8(Bytes(Vectors, "device_pkcs8"));
        using var psek = Open(device, test);
        Assert.Equal(test.GetProperty("expect").GetString(), psek is null ? "failure" : "success");
    }

    private static string Outcome(MemoryStream file, Psek psek, byte[]? released, DateTimeOffset now, out SealedGCodeHeader? header)
    {
        var gcode = SealedGCode.TryRead(file, out var refusal);
        header = gcode?.Header;
        if (gcode is null || (refusal = gcode.Header.CheckTime(now)) is not null || gcode.OpenCard(file, psek, out refusal) is not { } card)
        {
            return refusal!.Code;
        }
        Assert.Equal(Vectors.GetProperty("card").GetRawText(), Shown(card), SameJson);
        using var key = gcode.UnwrapContentKey(psek, released, out refusal);
        using var toolpath = key is null ? null : gcode.OpenToolpath(file, key.Span, out refusal);
        if (toolpath is null)
        {
            return refusal!.Code;
        }
        var text = new byte[toolpath.Length];
        toolpath.ReadExactly(text);
        Assert.Equal(Bytes(Vectors, "toolpath"), text);
        return "success";
    }

    /// <summary>A card as the vectors write it down.</summary>
    private static string Shown(GCodeCard card)
    {
        using var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            card.WriteFields(json);
            json.WriteStartArray("thumbnails");
            foreach (var picture in card.Thumbnails)
            {
                json.WriteStartObject();
                json.WriteString("format", picture.Format);
                json.WriteNumber("width", picture.Width);
                json.WriteNumber("height", picture.Height);
                json.WriteString("image", Convert.ToHexStringLower(picture.Image.Span));
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static bool SameJson(string expected, string actual) => JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(actual).RootElement);

    private static Psek? Open(P256PrivateKey device, JsonElement box) =>
        Psek.TryOpen(Bytes(box, "sealed"), device, box.GetProperty("printer_id").GetGuid(), box.GetProperty("key_version").GetInt32());

    private static JsonElement Find(string list, string name) => Vectors.GetProperty(list).EnumerateArray().Single(test => test.GetProperty("name").GetString() == name);

    private static byte[] Bytes(JsonElement from, string name) => Convert.FromHexString(from.GetProperty(name).GetString()!);
}
