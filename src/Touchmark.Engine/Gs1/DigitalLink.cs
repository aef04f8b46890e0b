using System.Text;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Gs1;

/// <summary>An identifier and its value, decoded.</summary>
internal sealed record Element(string Code, string Value);

/// <summary>
/// A GS1 Digital Link URI, taken apart (GS1 Digital Link URI Syntax 1.6): a primary key, qualifiers that narrow it down, and whatever stands in front. Attributes in the query are checked and left out.
/// </summary>
/// <param name="Stem">The path in front of the key: empty, or from a slash on without one at the end, as it was written.</param>
/// <param name="Key">The primary key.</param>
/// <param name="Qualifiers">In the standard's order.</param>
internal sealed record DigitalLink(string Stem, Element Key, IReadOnlyList<Element> Qualifiers)
{
    /// <summary>Where canonical links lie, whoever answers for them (Digital Link URI Syntax, Canonical URIs).</summary>
    public const string CanonicalRoot = "https://id.gs1.org";

    private const string GtinCode = "01";
    private const string SerialCode = "21";
    private const string AssetCode = "8004";

    /// <summary>Key and qualifiers as a path, without the stem.</summary>
    public string Path
    {
        get
        {
            var path = new StringBuilder();
            foreach (var element in Qualifiers.Prepend(Key))
            {
                path.Append('/').Append(element.Code).Append('/').Append(Uri.EscapeDataString(element.Value));
            }

            return path.ToString();
        }
    }

    /// <summary>The GTIN that it names; null when it names something else.</summary>
    public string? Gtin => Key.Code == GtinCode ? Key.Value : null;

    /// <summary>The individual asset that it names; null when it names something else.</summary>
    public string? Asset => Key.Code == AssetCode ? Key.Value : null;

    /// <summary>The serial number behind the GTIN, if there is one.</summary>
    public string? Serial => Qualifiers.FirstOrDefault(element => element.Code == SerialCode)?.Value;

    /// <summary>The qualifier, other than the serial number, that stands first.</summary>
    public string? OtherQualifier => Qualifiers.FirstOrDefault(element => element.Code != SerialCode)?.Code;

    /// <summary>A part of a product that has a GTIN: the part id is its serial number.</summary>
    public static DigitalLink Of(Gtin gtin, PartId part) => new("", new(GtinCode, gtin.Value), [new(SerialCode, part.Value)]);

    /// <summary>A product.</summary>
    public static DigitalLink Of(Gtin gtin) => new("", new(GtinCode, gtin.Value), []);

    /// <summary>A part of a product without a GTIN: an individual asset of whoever runs the engine.</summary>
    public static DigitalLink Of(CompanyPrefix company, PartId part) => new("", new(AssetCode, company.Digits + part.Value), []);

    /// <summary>Reads a whole link, or its path and query alone.</summary>
    public static Outcome<DigitalLink> Parse(string? text) => DigitalLinkReader.Read(text ?? "");
}

/// <summary>The number that GS1 gave a company, with which all its keys begin: 4 to 12 digits.</summary>
internal sealed record CompanyPrefix
{
    /// <summary>Fewest digits.</summary>
    public const int Shortest = 4;

    private const int Longest = 12;

    private CompanyPrefix(string digits) => Digits = digits;

    public string Digits { get; }

    /// <summary>Null when the text is none.</summary>
    public static CompanyPrefix? Parse(string text) =>
        text.Length is >= Shortest and <= Longest && text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 ? new(text) : null;
}
