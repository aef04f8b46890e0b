using System.Text.Json;
using System.Text.Json.Serialization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Parts;

namespace Touchmark.Engine.Gs1;

/// <summary>GS1: the GTINs of designs, and Digital Links that lead from a label to what is known of the part.</summary>
internal static class Gs1Feature
{
    /// <summary>The keys that are answered, and the word that old links have for the first.</summary>
    private static readonly string[] Keys = ["/01", "/8004", "/gtin"];

    public static void AddGs1(this IServiceCollection services)
    {
        services.AddSingleton<ProductCodes>();
        services.AddSingleton<PartLinks>();
        services.AddSingleton<Resolver>();
    }

    public static void MapGs1(this WebApplication app)
    {
        app.MapPut("/api/designs/{id:guid}/gtin", async (Guid id, GtinRequest request, Caller caller, ProductCodes products, CancellationToken cancel) =>
            Gtin.Parse(request.Gtin).Has(out var gtin, out var refusal) ? (await products.SetAsync(id, gtin, caller, cancel)).ToResult(design => Results.Ok(DesignView.Of(design))) : refusal)
            .For(Role.Oem).Produces<DesignView>().WithSummary("Give a design the GTIN of its product: 8, 12, 13 or 14 digits. Parts that are printed from now on bear it.");
        foreach (var key in Keys)
        {
            app.MapMethods(key + "/{**rest}", [HttpMethods.Get, HttpMethods.Head], (HttpContext context, Caller? caller, Resolver resolver, CancellationToken cancel) => resolver.AnswerAsync(context, caller, cancel))
                .ForLookup(TokenAuthentication.Pages).ExcludeFromDescription();
            app.MapMethods(key + "/{**rest}", [HttpMethods.Options], Preflight).ExcludeFromDescription();
        }

        app.MapGet("/.well-known/gs1resolver", (HttpContext context, Resolver resolver, EngineOptions options) => resolver.Describe(context, options)).ExcludeFromDescription();
    }

    private static IResult Preflight(HttpContext context)
    {
        Resolver.AllowOtherSites(context.Response);
        context.Response.Headers.Allow = "GET, HEAD, OPTIONS";
        return Results.NoContent();
    }
}

/// <param name="Gtin">Digits.</param>
internal sealed record GtinRequest(string Gtin);

/// <summary>The resolver description file of the GS1-Conformant resolver standard; the names are the standard's.</summary>
internal sealed record ResolverDescription(
    string Name, string ResolverRoot, IReadOnlyList<string> SupportedPrimaryKeys, IReadOnlyList<LinkNamespace> SupportedLinkType, bool LinkTypeDefaultCanBeLinkset,
    [property: JsonPropertyName("validatesAIcombinations")] bool ValidatesAIcombinations)
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
}

/// <summary>A vocabulary of link types, and its prefix with the colon.</summary>
internal sealed record LinkNamespace(string Namespace, string Prefix);
