using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Touchmark.GCode;
using Touchmark.GCode.Binary;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Bundles;

/// <summary>
/// Reads a request for a bundle: the form as JSON or CBOR with the toolpath's hash in it; or multipart/form-data of the part <c>bundle</c>, which is the form, and the part <c>gcode</c>;
/// or the toolpath alone, whose job the header Idempotency-Key names. Toolpaths are hashed while they come in, and kept nowhere.
/// </summary>
internal sealed class BundleReader(VaultOptions options, IOptions<JsonOptions> json, ManifestBook manifest)
{
    /// <summary>Longest form, bytes: series of values make it long.</summary>
    public const int FormBytes = 8 * 1024 * 1024;

    private const string Json = "application/json";
    private const string Cbor = "application/cbor";

    private static readonly string[] Toolpaths = ["text/x.gcode", "text/x-gcode", "application/octet-stream"];

    public async Task<Outcome<BundleRequest>> ReadAsync(HttpContext context, CancellationToken cancel)
    {
        // Of many GB nothing would be kept in memory, but all of it would be read.
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = options.GCodeBytes + FormBytes;
        var key = context.Request.Headers[BundleRequest.KeyHeader] is [{ } header] ? header : null;
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type))
        {
            return UnsupportedType;
        }

        var media = type.MediaType.ToString().ToLowerInvariant();
        var body = context.Request.Body;
        manifest.SetAside();
        if (media == "multipart/form-data")
        {
            return await ReadPartsAsync(type, body, key, cancel);
        }

        if (Toolpaths.Contains(media))
        {
            return (await ReadToolpathAsync(body, cancel)).Has(out var digest, out var unread) ? BundleRequest.Accept(new BundleForm(), digest, key) : unread;
        }

        return (await ReadFormAsync(media, body, cancel)).Has(out var form, out var refusal) ? BundleRequest.Accept(form, null, key) : refusal;
    }

    private static Refusal UnsupportedType => new(StatusCodes.Status415UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "The body is not of a type that this address takes.",
        $"Send {Json}, {Cbor}, multipart/form-data with the parts bundle and gcode, or a toolpath as {Toolpaths[0]}.");

    private static Refusal WrongParts => Refusal.Invalid("PARTS_REFUSED", "The request is not the part bundle and the part gcode, in this order and once each.", "Compare it with spec/vault-api.md.");

    private static Refusal TooLong(long limit) =>
        new Refusal(StatusCodes.Status413PayloadTooLarge, "TOO_LARGE", $"A part of the request is longer than {limit} bytes.", "Send less, or have the vault's limits raised.").With("limit", limit);

    private async Task<Outcome<BundleRequest>> ReadPartsAsync(MediaTypeHeaderValue type, Stream body, string? key, CancellationToken cancel)
    {
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        if (boundary.Length is 0 or > 70)
        {
            return WrongParts;
        }

        try
        {
            var reader = new MultipartReader(boundary, body) { HeadersCountLimit = 8, HeadersLengthLimit = 2048 };
            if (await reader.ReadNextSectionAsync(cancel) is not { } first || NameOf(first) != "bundle")
            {
                return WrongParts;
            }

            var media = MediaTypeHeaderValue.TryParse(first.ContentType, out var formType) ? formType.MediaType.ToString().ToLowerInvariant() : Json;
            if (!(await ReadFormAsync(media, first.Body, cancel)).Has(out var form, out var refusal))
            {
                return refusal;
            }

            if (await reader.ReadNextSectionAsync(cancel) is not { } second || NameOf(second) != "gcode")
            {
                return WrongParts;
            }

            if (!(await ReadToolpathAsync(second.Body, cancel)).Has(out var digest, out var unread))
            {
                return unread;
            }

            return await reader.ReadNextSectionAsync(cancel) is null ? BundleRequest.Accept(form, digest, key) : WrongParts;
        }
        catch (Exception error) when (error is InvalidDataException or IOException and not BadHttpRequestException)
        {
            // Cut short, or no multipart at all.
            return WrongParts;
        }
    }

    private async Task<Outcome<BundleForm>> ReadFormAsync(string media, Stream body, CancellationToken cancel)
    {
        if (media is not (Json or Cbor))
        {
            return UnsupportedType;
        }

        using var kept = new MemoryStream();
        if (!await CopyAsync(body, kept, FormBytes, cancel))
        {
            return TooLong(FormBytes);
        }

        if (media == Cbor)
        {
            return BundleForm.FromCbor(kept.ToArray());
        }

        try
        {
            return JsonSerializer.Deserialize<BundleForm>(kept.GetBuffer().AsSpan(0, (int)kept.Length), json.Value.SerializerOptions) is { } form ? form : NotJson("$");
        }
        catch (JsonException error)
        {
            return NotJson(error.Path ?? "$");
        }
    }

    // The path in a JSON error names the member and never its value, so no secret comes back.
    private static Refusal NotJson(string path) => Refusal.Invalid("BAD_REQUEST", $"The body is not the JSON that this request takes (at {path}).", "Compare it with /openapi/v3.json.");

    private async Task<Outcome<ToolpathDigest>> ReadToolpathAsync(Stream body, CancellationToken cancel)
    {
        // The limit is on the text: binary G-code unpacks to more.
        var text = BinaryGCode.OpenText(body);
        await using var limited = new LimitedStream(text, options.GCodeBytes);
        try
        {
            var digest = await CanonicalHash.DigestAsync(limited, cancel);
            return limited.IsOver ? TooLong(options.GCodeBytes) : digest;
        }
        catch (InvalidDataException error)
        {
            return Refusal.Invalid("GCODE_DAMAGED", error.Message, "Send the file that the printer was given.");
        }
    }

    private static string? NameOf(MultipartSection section) =>
        section.GetContentDispositionHeader() is { } disposition && disposition.DispositionType.Equals("form-data") ? HeaderUtilities.RemoveQuotes(disposition.Name).ToString() : null;

    private static async Task<bool> CopyAsync(Stream source, MemoryStream target, int most, CancellationToken cancel)
    {
        var buffer = new byte[16 * 1024];
        while (await source.ReadAsync(buffer, cancel) is > 0 and var read)
        {
            if (target.Length + read > most)
            {
                return false;
            }

            target.Write(buffer, 0, read);
        }

        return true;
    }
}
