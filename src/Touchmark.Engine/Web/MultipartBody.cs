using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Touchmark.Engine.Web;

/// <summary>
/// Reads a multipart/form-data body part by part. The framework's form reader is not used: it writes files above 64 KiB, in plain, to the temporary folder.
/// The file name that the client sends is not looked at.
/// </summary>
internal static class MultipartBody
{
    /// <summary>What the parts' headers may add to their contents, bytes.</summary>
    public const long Overhead = 64 * 1024;

    // COR_E_IO: an IOException that comes from no file, which is what the reader throws at the end of a body that is cut off. A full disk has another number.
    private const int UnspecifiedIo = unchecked((int)0x80131620);

    /// <summary>Null where the request is none.</summary>
    public static MultipartReader? Open(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
        return boundary is { Length: > 0 and <= 70 } ? new MultipartReader(boundary, request.Body) { HeadersCountLimit = 16, HeadersLengthLimit = 8 * 1024 } : null;
    }

    /// <summary>The part's name; null where it has none.</summary>
    public static string? NameOf(MultipartSection section) =>
        ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) ? HeaderUtilities.RemoveQuotes(disposition.Name).Value : null;

    /// <summary>A part that is text.</summary>
    /// <exception cref="InvalidDataException">It is longer than <paramref name="limit"/> bytes.</exception>
    public static async Task<string> ReadTextAsync(MultipartSection section, int limit, CancellationToken cancel)
    {
        var buffer = new byte[limit + 1];
        var read = await section.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return read > limit ? throw new InvalidDataException("A part is too long.") : Encoding.UTF8.GetString(buffer, 0, read);
    }

    /// <summary>The body is larger than the endpoint takes.</summary>
    public static bool IsTooLarge(Exception error) => error is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge };

    /// <summary>The body ends too early, or is not in the form that it claims.</summary>
    public static bool IsDamaged(Exception error) => error is InvalidDataException or IOException { HResult: UnspecifiedIo };
}
