using System.Text.Json.Nodes;
using Touchmark.Engine.Parts;

namespace Touchmark.Engine.Gs1;

/// <summary>A link from a thing to something about it.</summary>
/// <param name="Relation">A link type of the GS1 Web Vocabulary, without its namespace.</param>
/// <param name="Path">Where, on this engine.</param>
/// <param name="Title">For people, in English.</param>
/// <param name="Type">A media type, for the standard allows no other than those that IANA has registered; null for the default, and for evidence files, whose type is none of them.</param>
internal sealed record TypedLink(string Relation, string Path, string Title, string? Type)
{
    public const string Vocabulary = "https://ref.gs1.org/voc/";

    public const string Default = "defaultLink";

    private const string Html = "text/html";

    /// <summary>The namespaces under which the vocabulary is and was known, and its usual prefix.</summary>
    private static readonly string[] Namespaces = [Vocabulary, "http://ref.gs1.org/voc/", "https://gs1.org/voc/", "http://gs1.org/voc/", "https://www.gs1.org/voc/", "gs1:"];

    /// <summary>What is known of a part.</summary>
    public static IReadOnlyList<TypedLink> Of(Part part) =>
    [
        new(Default, $"/p/{part.Id.Value}", "Check this part", null),
        new("verificationService", $"/p/{part.Id.Value}", "Check this part's signatures and history in your browser", Html),
        new("pip", $"/p/{part.Id.Value}", "What this part is and what made it", Html),
        new("traceability", $"/p/{part.Id.Value}", "Where this part has been", Html),
        new("certificationInfo", $"/api/parts/{part.Id.Value}/evidence", "Evidence file, to be verified offline", null),
        new("epcis", $"/api/parts/{part.Id.Value}/epcis", "Events of this part (EPCIS 2.0)", "application/ld+json"),
    ];

    /// <summary>What is known of a product: designs are nobody's business but their owners'.</summary>
    public static IReadOnlyList<TypedLink> OfProduct() =>
    [
        new(Default, "/verify", "Check a part of this product", null),
        new("verificationService", "/verify", "Check a part of this product in your browser", Html),
    ];

    /// <summary>The relation that somebody asks for, without its namespace; null when it is not of the GS1 Web Vocabulary.</summary>
    public static string? Read(string linkType) => Array.Find(Namespaces, name => linkType.StartsWith(name, StringComparison.Ordinal)) is { } found ? linkType[found.Length..] : null;
}

/// <summary>Something with links: a part, or the product that it is one of.</summary>
/// <param name="Link">Its name.</param>
/// <param name="Description">For people; none where its owner has not published it.</param>
/// <param name="Links">The default first.</param>
internal sealed record LinkContext(DigitalLink Link, string? Description, IReadOnlyList<TypedLink> Links)
{
    /// <summary>A link set (RFC 9264, 4.2) in the form of the GS1-Conformant resolver standard.</summary>
    /// <param name="contexts">From the most specific on.</param>
    /// <param name="root">Where the engine is.</param>
    public static JsonObject Set(IEnumerable<LinkContext> contexts, string root) => new() { ["linkset"] = new JsonArray([.. contexts.Select(context => context.Write(root))]) };

    private JsonObject Write(string root)
    {
        var written = new JsonObject { ["anchor"] = root + Link.Path };
        if (Description is not null)
        {
            written["description"] = Description;
        }

        foreach (var group in Links.GroupBy(link => link.Relation))
        {
            written[TypedLink.Vocabulary + group.Key] = new JsonArray([.. group.Select(link => Target(link, root))]);
        }

        return written;
    }

    private static JsonObject Target(TypedLink link, string root)
    {
        var target = new JsonObject { ["href"] = root + link.Path, ["title"] = link.Title };
        if (link.Type is { } type)
        {
            target["type"] = type;
            target["hreflang"] = new JsonArray("en");
        }

        return target;
    }
}
