using Microsoft.AspNetCore.Http.HttpResults;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Parts;
using Touchmark.Engine.Regulators;
using Touchmark.Engine.Verification;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Custody;

/// <summary>
/// The pages of whoever has a part: <c>/custody</c> and <c>/custody/{part id}</c>. Their script keeps the custodian's key, verifies the history and signs (docs/decisions/0026); the engine sees what the
/// command line would send. Nobody needs an account, unless look-up is closed.
/// </summary>
internal static class CustodyPages
{
    public static void MapCustodyPages(this WebApplication app)
    {
        var pages = app.MapGroup("").ExcludeFromDescription();
        pages.MapGet("/custody.css", () => PagesFeature.BuiltIn("custody.css", "text/css; charset=utf-8"));
        pages.MapGet("/custody", Home).ForLookup(TokenAuthentication.Pages);
        pages.MapGet("/custody/regulators", (RegulatorBook book, CancellationToken cancel) => book.ListAsync(cancel)).ForLookup(TokenAuthentication.Pages);
        pages.MapGet("/custody/{id}", PartAsync).ForLookup(TokenAuthentication.Pages);
        pages.MapGet("/custody/{id}/standing", async (string id, Caller? caller, PartRegistry parts, CancellationToken cancel) =>
            (await parts.LookUpAsync(id, caller, cancel)).ToResult(part => Results.Ok(PartView.Of(part)))).ForLookup(TokenAuthentication.Pages);
        // Bodies are JSON, which no form of another site can send, and nothing is done in the name of an account.
        CustodyFeature.MapDesk(pages, "/custody/{id}", TokenAuthentication.Pages, proposals: "/proposal");
    }

    /// <summary>The page, empty; or what was typed or scanned, taken to the page of the part.</summary>
    private static IResult Home(string? part)
    {
        if (string.IsNullOrWhiteSpace(part))
        {
            return Page(null, null);
        }

        return PartQuestion.Read(part).Has(out var id, out var refusal) ? Results.Redirect($"/custody/{Uri.EscapeDataString(id)}") : Page(part, refusal);
    }

    private static async Task<IResult> PartAsync(string id, HttpContext http, Caller? caller, PartRegistry parts, CancellationToken cancel)
    {
        http.Response.Headers.CacheControl = "no-store";
        return (await parts.LookUpAsync(id, caller, cancel)).Has(out var part, out var refusal)
            ? new RazorComponentResult<CustodyPartPage>(new { Part = part.Id, Design = part.DesignName, part.Standing }) : Page(id, refusal);
    }

    private static RazorComponentResult<CustodyPage> Page(string? asked, Refusal? refusal) =>
        new(new { Asked = asked, Problem = CheckProblem.Of(refusal) }) { StatusCode = refusal?.Status ?? StatusCodes.Status200OK };
}
