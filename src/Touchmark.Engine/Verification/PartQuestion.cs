using Touchmark.Engine.Gs1;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Verification;

/// <summary>What somebody typed or scanned to find a part: an id in any spelling, a GS1 Digital Link, or a link to the page of a part.</summary>
internal static class PartQuestion
{
    /// <summary>Longest text that is looked at, characters.</summary>
    private const int MaxLength = 2048;

    private const string Page = "/p/";

    /// <summary>The text that should be the part's id; or why the question is not about a part. It never tells where to go: links to elsewhere are only read.</summary>
    public static Outcome<string> Read(string text)
    {
        text = text.Trim();
        if (text.Length > MaxLength)
        {
            return NotOurs;
        }

        if (!text.Contains('/', StringComparison.Ordinal) && !text.Contains(':', StringComparison.Ordinal))
        {
            return text;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var link) && (link.Scheme == Uri.UriSchemeHttp || link.Scheme == Uri.UriSchemeHttps)
            && link.AbsolutePath.StartsWith(Page, StringComparison.Ordinal) && PartId.TryParse(Uri.UnescapeDataString(link.AbsolutePath[Page.Length..]), out var named, out _))
        {
            return named.Value;
        }

        // A part is the serial number of a product, or the end of an individual asset's number.
        return DigitalLink.Parse(text).Has(out var found, out _) && (found.Serial ?? (found.Asset is { Length: > PartId.Length } asset ? asset[^PartId.Length..] : null)) is { } id ? id : NotOurs;
    }

    private static Refusal NotOurs => new(
        StatusCodes.Status400BadRequest, "CODE_NOT_OURS", "This code does not name a part: it is neither a part id nor a link to one.",
        "Look for the code on the part's own label, which has the part id, four groups of four characters, beside it; or type that id.");
}
