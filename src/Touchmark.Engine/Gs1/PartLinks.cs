using Touchmark.Engine.Parts;

namespace Touchmark.Engine.Gs1;

/// <summary>Under which names a part is found: with the GTIN of its product, else as an asset of the company that runs the engine, else by its id alone (spec/digital-link.md).</summary>
internal sealed class PartLinks(EngineOptions options)
{
    /// <summary>Where the engine is found from outside, without a slash at the end; null when it was not told.</summary>
    public string? PublicUrl => options.PublicUrl;

    /// <summary>The Digital Link of a part; null when it has none.</summary>
    public DigitalLink? Of(Part part) =>
        part.Gtin is { } gtin ? DigitalLink.Of(Gtin.Stored(gtin), part.Id)
        : options.CompanyPrefix is { } company ? DigitalLink.Of(company, part.Id)
        : null;

    /// <summary>The name of a part wherever it is spoken of, which does not change when the engine moves: the canonical Digital Link, or a URN.</summary>
    public string NameOf(Part part) => Of(part) is { } link ? DigitalLink.CanonicalRoot + link.Path : $"urn:touchmark:part:{part.Id.Value}";

    /// <summary>
    /// What the label of a part holds; null when the engine does not know its own address. In capitals where that changes nothing: scheme and host are the same in any case, and a QR code takes capitals, digits
    /// and some signs in 5.5 bits instead of 8.
    /// </summary>
    public string? LabelOf(Part part)
    {
        if (PublicUrl is not { } root)
        {
            return null;
        }

        var path = Of(part)?.Path ?? $"/p/{part.Id.Value}";
        return root.IndexOf('/', root.IndexOf("//", StringComparison.Ordinal) + 2) < 0 ? (root + path).ToUpperInvariant() : root + path;
    }

    /// <summary>The id of a part in the number of an asset; null when it is not one of ours.</summary>
    public string? PartOfAsset(string asset) =>
        options.CompanyPrefix is { } company && asset.StartsWith(company.Digits, StringComparison.Ordinal) ? asset[company.Digits.Length..] : null;
}
