using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Touchmark.Engine.Accounts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>
/// Reads the multipart upload of a design part by part. The framework's form reader is not used: it writes files above 64 KiB, in plain, to the temporary folder.
/// The file name that the client sends is not looked at.
/// </summary>
internal static class DesignUpload
{
    private const int FieldBytes = 8 * 1024;
    private const int MaximumParts = 8;

    // COR_E_IO: an IOException that comes from no file, which is what the reader throws at the end of a body that is cut off. A full disk has another number.
    private const int UnspecifiedIo = unchecked((int)0x80131620);

    /// <summary>What the parts' headers and the text fields may add to the file.</summary>
    private const long Overhead = 64 * 1024;

    public static async Task<IResult> PostAsync(HttpContext context, Caller caller, DesignLibrary library, UploadQuota quota, EngineOptions options, CancellationToken cancel)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = options.DesignBytes + Overhead;
        if (context.Request.ContentLength > options.DesignBytes + Overhead)
        {
            return DesignLibrary.TooLarge(options.DesignBytes);
        }

        if (Boundary(context.Request) is not { } boundary)
        {
            return Refusal.Invalid("MULTIPART_EXPECTED", "A design is sent as multipart/form-data.", "Send the parts file, name and, if you like, description.");
        }

        if (!(await quota.BeginAsync(caller, context.Request.ContentLength, cancel)).Has(out var counted, out var exceeded))
        {
            return exceeded;
        }

        using var upload = counted;
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        ReceivedModel? model = null;
        try
        {
            var reader = new MultipartReader(boundary, context.Request.Body) { HeadersCountLimit = 16, HeadersLengthLimit = 8 * 1024 };
            for (var parts = 0; await reader.ReadNextSectionAsync(cancel) is { } section; parts++)
            {
                var name = ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) ? HeaderUtilities.RemoveQuotes(disposition.Name).Value : null;
                if (parts == MaximumParts || name is not ("file" or "name" or "description") || fields.ContainsKey(name) || (name == "file" && model is not null))
                {
                    return Refusal.Invalid("MULTIPART_PART", "The upload has a part that is unknown, nameless or sent twice.", "Send the parts file, name and, if you like, description, once each.");
                }

                if (name != "file")
                {
                    fields[name] = await ReadFieldAsync(section.Body, cancel);
                }
                else if (!(await library.ReceiveAsync(section.Body, cancel)).Has(out model, out var refusal))
                {
                    return refusal;
                }
            }

            return await KeepAsync(model, fields, caller, library, cancel);
        }
        catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return DesignLibrary.TooLarge(options.DesignBytes);
        }
        catch (Exception error) when (error is InvalidDataException or IOException { HResult: UnspecifiedIo })
        {
            return Refusal.Invalid("MULTIPART_DAMAGED", "The upload ends too early or is no valid multipart/form-data.", "Send it again.");
        }
        finally
        {
            if (model is not null)
            {
                await model.DisposeAsync();
            }
        }
    }

    private static async Task<IResult> KeepAsync(ReceivedModel? model, Dictionary<string, string> fields, Caller caller, DesignLibrary library, CancellationToken cancel)
    {
        if (model is null)
        {
            return Refusal.Invalid("FILE_MISSING", "The upload has no part named file.", "Send the STL or 3MF as the part file.");
        }

        if (!PlainText.TryAccept(fields.GetValueOrDefault("name"), 100, out var name))
        {
            return PlainText.Refuse("name", 100);
        }

        var description = "";
        if (!string.IsNullOrWhiteSpace(fields.GetValueOrDefault("description")) && !PlainText.TryAccept(fields["description"], 2000, out description!))
        {
            return PlainText.Refuse("description", 2000);
        }

        return (await library.AddAsync(model, name, description, caller, cancel)).ToResult(design => Results.Created($"/api/designs/{design.Id:D}", DesignView.Of(design)));
    }

    private static string? Boundary(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
        return boundary is { Length: > 0 and <= 70 } ? boundary : null;
    }

    private static async Task<string> ReadFieldAsync(Stream body, CancellationToken cancel)
    {
        var buffer = new byte[FieldBytes + 1];
        var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return read > FieldBytes ? throw new InvalidDataException("A field is too long.") : Encoding.UTF8.GetString(buffer, 0, read);
    }
}
