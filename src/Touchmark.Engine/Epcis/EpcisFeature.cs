using System.Text.Encodings.Web;
using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Gs1;
using Touchmark.Engine.Parts;
using Touchmark.Engine.Recalls;

namespace Touchmark.Engine.Epcis;

/// <summary>A part's history for systems that speak EPCIS.</summary>
internal static class EpcisFeature
{
    private const string MediaType = "application/ld+json";

    // It stands in no page: signs such as + and letters of other alphabets may be themselves.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void MapEpcis(this WebApplication app) =>
        app.MapGet("/api/parts/{id}/epcis", ShowAsync).ForLookup().Produces(StatusCodes.Status200OK, contentType: MediaType)
            .WithSummary("The part's history as an EPCIS 2.0 document in JSON-LD: its print and the events of its chain of custody, with event hash ids.");

    private static async Task<IResult> ShowAsync(
        string id, HttpContext context, Caller? caller, PartRegistry parts, RecallEntries recalls, CustodyChains chains, PartLinks links, TimeProvider time, CancellationToken cancel)
    {
        Resolver.AllowOtherSites(context.Response);
        if (!(await parts.LookUpAsync(id, caller, cancel)).Has(out var part, out var refusal))
        {
            return refusal;
        }

        part = await recalls.CatchUpAsync(part, cancel);
        var events = await chains.EventsAsync(part.Id, cancel);
        var history = new PartHistory(links.NameOf(part), (await chains.CustodiansAsync(part.Id, cancel)).Select(custodian => custodian.Document));
        history.Begin(part, events.Count > 0 ? events[0].Document.Previous : part.Head);
        foreach (var happened in events)
        {
            history.Add(happened.Document, happened.Sha256);
        }

        return Results.Text(history.ToDocument(time.GetUtcNow()).ToJsonString(Json), MediaType);
    }
}
