using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Parts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Gs1;

/// <summary>
/// Answers Digital Links as the GS1-Conformant resolver standard (1.2) asks: sends on to what is known of a thing, or lists it. A link that is none is refused with 400, one that names nothing here with 404;
/// both say in words what is wrong.
/// </summary>
internal sealed class Resolver(PartRegistry parts, ProductCodes products, PartLinks links)
{
    private const string LinksetType = "application/linkset+json";
    private const string JsonLdContext = "https://ref.gs1.org/standards/resolver/linkset-context";

    public async Task<IResult> AnswerAsync(HttpContext context, Caller? caller, CancellationToken cancel)
    {
        AllowOtherSites(context.Response);
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!DigitalLink.Parse(target).Has(out var link, out var refusal) || !(await FindAsync(link, caller, cancel)).Has(out var contexts, out refusal))
        {
            return refusal;
        }

        var root = Root(context.Request);
        var headers = context.Response.Headers;
        headers.Vary = HeaderNames.Accept;
        headers.Append(HeaderNames.Link, $"<{root}{contexts[0].Link.Path}?linkType=linkset>; rel=\"linkset\"; type=\"{LinksetType}\"; title=\"All links\"");
        if (!Choose(context.Request, contexts[0]).Has(out var choice, out refusal))
        {
            return refusal;
        }

        if (choice.Link is { } chosen)
        {
            headers.Location = (links.PublicUrl ?? "") + chosen.Path + PassedOn(context.Request.QueryString);
            return Results.StatusCode(StatusCodes.Status307TemporaryRedirect);
        }

        headers.Append(HeaderNames.Link, $"<{JsonLdContext}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"");
        return Results.Text(LinkContext.Set(contexts, root).ToJsonString(), choice.MediaType);
    }

    /// <summary>What this resolver can do, for <c>/.well-known/gs1resolver</c>.</summary>
    public IResult Describe(HttpContext context, EngineOptions options)
    {
        AllowOtherSites(context.Response);
        return Results.Json(new ResolverDescription(
            $"Touchmark registry of {options.Issuer}", Root(context.Request), options.CompanyPrefix is null ? ["01"] : ["01", "8004"],
            [new(TypedLink.Vocabulary, "gs1:")], LinkTypeDefaultCanBeLinkset: false, ValidatesAIcombinations: true), ResolverDescription.Json);
    }

    /// <summary>Scripts of any site may read what everybody may read.</summary>
    public static void AllowOtherSites(HttpResponse response)
    {
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlAllowMethods = "GET, HEAD, OPTIONS";
        response.Headers.AccessControlAllowHeaders = "Accept";
        response.Headers.AccessControlExposeHeaders = "Link, Location";
    }

    private string Root(HttpRequest request) => links.PublicUrl ?? $"{request.Scheme}://{request.Host}";

    private async Task<Outcome<IReadOnlyList<LinkContext>>> FindAsync(DigitalLink link, Caller? caller, CancellationToken cancel)
    {
        if (link.Stem.Length > 0 && links.PublicUrl?.EndsWith(link.Stem, StringComparison.Ordinal) != true)
        {
            return NotHere("STEM_UNKNOWN", "Digital Links of this engine have nothing in front of the key.");
        }

        if (link.OtherQualifier is { } other)
        {
            return NotHere("QUALIFIER_UNKNOWN", $"This registry knows products and single parts, and nothing by the qualifier {other}.").With("qualifier", other);
        }

        if (link.Gtin is { } gtin)
        {
            return link.Serial is null ? await FindProductAsync(link, gtin, cancel) : await FindPartAsync(link.Serial, gtin, caller, cancel);
        }

        return link.Asset is { } asset && links.PartOfAsset(asset) is { } id
            ? await FindPartAsync(id, null, caller, cancel)
            : NotHere("KEY_UNKNOWN", $"This registry has nothing under the key {link.Key.Code} with this value.").With("key", link.Key.Code);
    }

    private async Task<Outcome<IReadOnlyList<LinkContext>>> FindProductAsync(DigitalLink link, string gtin, CancellationToken cancel) =>
        await products.IsKnownAsync(gtin, cancel)
            ? Outcome.Of<IReadOnlyList<LinkContext>>([new LinkContext(link, null, TypedLink.OfProduct())])
            : NotHere("GTIN_UNKNOWN", $"No product here has the GTIN {gtin}.").With("gtin", gtin);

    private async Task<Outcome<IReadOnlyList<LinkContext>>> FindPartAsync(string id, string? gtin, Caller? caller, CancellationToken cancel)
    {
        if (!(await parts.LookUpAsync(id, caller, cancel)).Has(out var part, out var refusal))
        {
            return refusal;
        }

        if (gtin is not null && part.Gtin != gtin)
        {
            return NotHere("PART_OF_OTHER_PRODUCT", $"There is a part {part.Id}, but it is not of the product {gtin}: this link was put together by somebody else.").With("gtin", gtin).With("part_id", part.Id.ToString());
        }

        // As the standard writes it, however it was asked for; a part that was an asset before its product got a GTIN is of that product now.
        var context = new LinkContext(links.Of(part)!, part.DesignName, TypedLink.Of(part));
        return Outcome.Of<IReadOnlyList<LinkContext>>(part.Gtin is null ? [context] : [context, new(DigitalLink.Of(Gtin.Stored(part.Gtin)), null, TypedLink.OfProduct())]);
    }

    private static Outcome<Choice> Choose(HttpRequest request, LinkContext context)
    {
        var asked = request.Query["linkType"];
        if (asked.Count > 1)
        {
            return Refusal.Invalid("LINK_TYPE_TWICE", "The link asks for several link types at once.", "Ask for one, or for linkType=linkset, which lists them all.").With("count", asked.Count);
        }

        var wanted = asked.Count == 1 ? asked[0]! : "";
        if (wanted is "linkset" or "all")
        {
            return new Choice(null, LinksetType);
        }

        if (wanted.Length == 0)
        {
            return Choose(request.GetTypedHeaders().Accept.OrderByDescending(range => range.Quality ?? 1).Select(range => range.MediaType.Value!.ToLowerInvariant()), context);
        }

        var relation = TypedLink.Read(wanted);
        return context.Links.FirstOrDefault(link => link.Relation == relation) is { } found
            ? new Choice(found, null)
            : NotHere("LINK_TYPE_UNAVAILABLE", "There is no link of this type.").With("link_types", context.Links.Select(link => "gs1:" + link.Relation).ToList());
    }

    /// <summary>The first media type that is asked for and that there is. The default is a page, which is what browsers ask for.</summary>
    private static Choice Choose(IEnumerable<string> accepted, LinkContext context)
    {
        foreach (var type in accepted.TakeWhile(type => type is not ("text/html" or "*/*")))
        {
            if (type is LinksetType or "application/json")
            {
                return new Choice(null, type);
            }

            if (context.Links.FirstOrDefault(link => link.Type == type) is { } match)
            {
                return new Choice(match, null);
            }
        }

        return new Choice(context.Links[0], null);
    }

    /// <summary>The query of the request as it was written, without what was meant for the resolver.</summary>
    private static string PassedOn(QueryString query)
    {
        var kept = string.Join('&', (query.Value ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Where(pair => pair.Split('=')[0] != "linkType"));
        return kept.Length == 0 ? "" : "?" + kept;
    }

    private static Refusal NotHere(string code, string text) => new(StatusCodes.Status404NotFound, code, text, "Compare the link with the label; another registry may have made the part.");

    /// <summary>A link to follow, or the media type in which to list all.</summary>
    private sealed record Choice(TypedLink? Link, string? MediaType);
}
