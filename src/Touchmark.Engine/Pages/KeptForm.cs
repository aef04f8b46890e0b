using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Touchmark.Engine.Pages;

/// <summary>
/// Keeps what was typed into a form that could not be taken: because its sender had been signed out meanwhile, or because the form was too old. It travels in hidden fields and is sent by a second
/// press, never by itself, and only what came from one of our own pages is kept: another site could otherwise put words into somebody's mouth.
/// </summary>
internal static class KeptForm
{
    private const string Prefix = "kept.";

    /// <summary>The fields of a form that was sent by one of our pages, without its token and without passwords; null where there is nothing to keep. Secrets of every kind have "password" in the name of their field.</summary>
    public static async Task<IReadOnlyList<KeptField>?> ReadAsync(HttpContext http)
    {
        var request = http.Request;
        if (!HttpMethods.IsPost(request.Method) || !request.HasFormContentType || request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) || !IsOurs(request))
        {
            return null;
        }

        try
        {
            var form = await request.ReadFormAsync(http.RequestAborted);
            var token = http.RequestServices.GetRequiredService<IAntiforgery>().GetTokens(http).FormFieldName;
            return [.. form.Where(field => field.Key != token && !field.Key.Contains("password", StringComparison.OrdinalIgnoreCase)).SelectMany(field => field.Value.Select(value => new KeptField(field.Key, value ?? "")))];
        }
        catch (Exception failure) when (failure is InvalidDataException or BadHttpRequestException)
        {
            return null;
        }
    }

    /// <summary>The same fields, as they come back through the page that asks for a password.</summary>
    public static IReadOnlyList<KeptField> Unwrap(IFormCollection form) =>
        [.. form.Where(field => field.Key.StartsWith(Prefix, StringComparison.Ordinal)).SelectMany(field => field.Value.Select(value => new KeptField(field.Key[Prefix.Length..], value ?? "")))];

    /// <summary>Under names that are not mixed up with those of the sign-in.</summary>
    public static IReadOnlyList<KeptField> Wrap(IReadOnlyList<KeptField> fields) => [.. fields.Select(field => field with { Name = Prefix + field.Name })];

    /// <summary>The form again, to be sent by a press.</summary>
    public static async Task<IResult> AskAgainAsync(HttpContext http) => Page(http, http.Request.Path, await ReadAsync(http) ?? [], StatusCodes.Status400BadRequest);

    /// <inheritdoc cref="AskAgainAsync"/>
    public static RazorComponentResult<KeptFormPage> Page(HttpContext http, string path, IReadOnlyList<KeptField> fields, int status) => new(new
    {
        Token = PagesFeature.Token(http, http.RequestServices.GetRequiredService<IAntiforgery>()),
        Action = path,
        Fields = fields,
    }) { StatusCode = status };

    /// <summary>A path on this engine, whatever was asked for.</summary>
    public static string LocalPath(string? path) => path is ['/', not ('/' or '\\'), ..] && !path.Any(char.IsControl) ? path : "/";

    // Fetch metadata says it in every browser of the last years; where it is silent, the origin does.
    private static bool IsOurs(HttpRequest request) => request.Headers["Sec-Fetch-Site"] is [{ } site] ? site == "same-origin"
        : request.Headers.Origin is [{ } origin] && origin == $"{request.Scheme}://{request.Host}";
}

/// <summary>A field that was filled in.</summary>
public sealed record KeptField(string Name, string Value);
