using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Verification;

/// <summary>
/// Verification that anybody can do: the pages <c>/verify</c> and <c>/p/{part id}</c>, on which the reader's own browser checks everything, the same on the server for whoever has no scripts, and
/// <c>POST /api/verify</c>. Closed where the engine's look-up is.
/// </summary>
internal static class VerificationFeature
{
    public static void AddVerification(this IServiceCollection services) => services.AddSingleton<VerificationDesk>();

    public static void MapVerification(this WebApplication app)
    {
        var most = new RequestSizeLimitAttribute(EvidenceFile.MaxBytes + (64 * 1024));
        var forms = new RequestFormLimitsAttribute { MultipartBodyLengthLimit = EvidenceFile.MaxBytes };
        app.MapPost("/api/verify", VerifyAsync).ForLookup().WithMetadata(most).Accepts<byte[]>(EvidenceFile.MediaType, "application/octet-stream").Produces<VerdictView>()
            .WithSummary("Verify an evidence file, or one statement: the verdict and every check. It is the engine's word; whoever needs more verifies on their own.");

        var pages = app.MapGroup("").ExcludeFromDescription();
        pages.MapGet("/verify.css", () => PagesFeature.BuiltIn("verify.css", "text/css; charset=utf-8"));
        pages.MapGet("/verify", AskAsync).ForLookup(TokenAuthentication.Pages);
        pages.MapPost("/verify", VerifyFormAsync).ForLookup(TokenAuthentication.Pages).WithMetadata(most, forms);
        pages.MapGet("/p/{id}", PartAsync).ForLookup(TokenAuthentication.Pages);
        pages.MapGet("/p/{id}/server", ServerWordAsync).ForLookup(TokenAuthentication.Pages);
        pages.MapGet("/p/{id}/evidence", async (string id, Caller? caller, PartRegistry parts, PartEvidence evidence, CancellationToken cancel) =>
            (await FindAsync(id, caller, parts, evidence, cancel)).ToResult(found => Results.Bytes(found.File, EvidenceFile.MediaType, $"{found.Part.Id.Value}.touchmark"))).ForLookup(TokenAuthentication.Pages);
    }

    private static async Task<IResult> VerifyAsync(HttpContext context, Caller? caller, VerificationDesk desk, CancellationToken cancel) =>
        (await desk.VerifyAsync(context, caller, context.Request.Body, cancel)).ToResult(verdict => Results.Ok(VerdictView.Of(verdict)));

    /// <summary>The page, empty; or what was typed or scanned, taken to the page of the part.</summary>
    private static IResult AskAsync(string? part, HttpContext context, IAntiforgery antiforgery)
    {
        if (string.IsNullOrWhiteSpace(part))
        {
            return Page(context, antiforgery);
        }

        return PartQuestion.Read(part).Has(out var id, out var refusal) ? Results.Redirect($"/p/{Uri.EscapeDataString(id)}") : Page(context, antiforgery, part, refusal);
    }

    private static async Task<IResult> PartAsync(string id, HttpContext context, Caller? caller, PartRegistry parts, IAntiforgery antiforgery, CancellationToken cancel)
    {
        if (!(await parts.LookUpAsync(id, caller, cancel)).Has(out var part, out var refusal))
        {
            return Page(context, antiforgery, id, refusal);
        }

        return PageAssets.Verifier is null ? Results.Redirect($"/p/{part.Id.Value}/server") : Page(context, antiforgery, part: part);
    }

    private static async Task<IResult> ServerWordAsync(
        string id, HttpContext context, Caller? caller, PartRegistry parts, PartEvidence evidence, VerificationDesk desk, IAntiforgery antiforgery, CancellationToken cancel)
    {
        if (!(await FindAsync(id, caller, parts, evidence, cancel)).Has(out var found, out var refusal))
        {
            return Page(context, antiforgery, id, refusal);
        }

        return (await desk.VerifyAsync(context, found.File, cancel)).Has(out var verdict, out refusal)
            ? ServerWord($"Part {found.Part.Id}", verdict) : Page(context, antiforgery, id, refusal);
    }

    /// <summary>A part, and its evidence file.</summary>
    private static async Task<Outcome<(Part Part, byte[] File)>> FindAsync(string id, Caller? caller, PartRegistry parts, PartEvidence evidence, CancellationToken cancel)
    {
        if (!(await parts.LookUpAsync(id, caller, cancel)).Has(out var part, out var refusal))
        {
            return refusal;
        }

        return (await evidence.BuildAsync(part, cancel)).Has(out var file, out refusal) ? (part, file) : refusal;
    }

    /// <summary>A file from a browser without scripts.</summary>
    private static async Task<IResult> VerifyFormAsync(HttpContext context, Caller? caller, VerificationDesk desk, IAntiforgery antiforgery, CancellationToken cancel)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return Page(context, antiforgery, refusal: Refusal.Invalid("FORM_TOO_OLD", "The form was too old.", "Please choose the file once more."));
        }

        var form = await context.Request.ReadFormAsync(cancel);
        if (form.Files.GetFile("file") is not { } file)
        {
            return Page(context, antiforgery, refusal: Refusal.Invalid("FILE_MISSING", "No file was chosen.", "Choose the .touchmark file that came with the part."));
        }

        await using var body = file.OpenReadStream();
        return (await desk.VerifyAsync(context, caller, body, cancel)).Has(out var verdict, out var refusal) ? ServerWord("The file", verdict) : Page(context, antiforgery, refusal: refusal);
    }

    private static RazorComponentResult<CheckPage> Page(HttpContext context, IAntiforgery antiforgery, string? asked = null, Refusal? refusal = null, Part? part = null) => new(new
    {
        Token = part is null ? PagesFeature.Token(context, antiforgery) : null,
        Asked = asked,
        Problem = CheckProblem.Of(refusal),
        Part = part?.Id,
    }) { StatusCode = refusal?.Status ?? StatusCodes.Status200OK };

    private static RazorComponentResult<ServerWordPage> ServerWord(string subject, EvidenceVerdict verdict) => new(new
    {
        Subject = subject,
        Verdict = verdict,
    });
}
