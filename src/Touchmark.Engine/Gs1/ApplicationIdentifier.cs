using System.Buffers;

namespace Touchmark.Engine.Gs1;

/// <summary>
/// An application identifier that stands in the path of a Digital Link, and what its value looks like (GS1 General Specifications 3; the keys and their qualifiers after GS1 Digital Link URI Syntax 4.3
/// to 4.8): so many digits, then a rest of characters of a set.
/// </summary>
/// <param name="Code">Two to four digits.</param>
/// <param name="Name">For people.</param>
internal sealed record ApplicationIdentifier(string Code, string Name)
{
    /// <summary>Longest value of any identifier, characters.</summary>
    public const int MaxLength = 90;

    private const string Digit = "0123456789";

    /// <summary>GS1 AI encodable character set 82, which all values share.</summary>
    public static readonly SearchValues<char> Set82 = SearchValues.Create("!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> Set39 = SearchValues.Create("#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    private static readonly SearchValues<char> Digits = SearchValues.Create(Digit);

    private static readonly Dictionary<string, ApplicationIdentifier> Known = new ApplicationIdentifier[]
    {
        new("00", "SSCC") { Leading = 18, Checked = true, Sequences = [[]] },
        new("01", "GTIN") { Leading = 14, Checked = true, Sequences = [["22", "10", "21"], ["235"]] },
        new("253", "GDTI") { Leading = 13, Checked = true, Rest = 17, Sequences = [[]] },
        new("255", "GCN") { Leading = 13, Checked = true, Rest = 12, RestOf = Digits, Sequences = [[]] },
        new("401", "GINC") { Rest = 30, RestLeast = 1, StartsWithCompany = true, Sequences = [[]] },
        new("402", "GSIN") { Leading = 17, Checked = true, Sequences = [[]] },
        new("414", "GLN of a location") { Leading = 13, Checked = true, Sequences = [["254"], ["7040"]] },
        new("415", "GLN of an invoicing party") { Leading = 13, Checked = true, Sequences = [["8020"]] },
        new("417", "GLN of a party") { Leading = 13, Checked = true, Sequences = [["7040"]] },
        new("8003", "GRAI") { Leading = 14, Checked = true, Rest = 16, Sequences = [[]] },
        new("8004", "GIAI") { Rest = 30, RestLeast = 1, StartsWithCompany = true, Sequences = [["7040"]] },
        new("8006", "ITIP") { Leading = 14, Checked = true, Rest = 4, RestLeast = 4, RestOf = Digits, Sequences = [["22", "10", "21"]] },
        new("8010", "CPID") { Rest = 30, RestLeast = 1, RestOf = Set39, StartsWithCompany = true, Sequences = [["8011"]] },
        new("8013", "GMN") { Rest = 25, RestLeast = 1, StartsWithCompany = true, Sequences = [[]] },
        new("8017", "GSRN of a provider") { Leading = 18, Checked = true, Sequences = [["8019"]] },
        new("8018", "GSRN of a recipient") { Leading = 18, Checked = true, Sequences = [["8019"]] },
        new("10", "batch") { Rest = 20, RestLeast = 1 },
        new("21", "serial number") { Rest = 20, RestLeast = 1 },
        new("22", "consumer product variant") { Rest = 20, RestLeast = 1 },
        new("235", "third party's serial number") { Rest = 28, RestLeast = 1 },
        new("254", "GLN extension") { Rest = 20, RestLeast = 1 },
        new("7040", "UIC with extension") { Leading = 1, Rest = 3, RestLeast = 3 },
        new("8011", "CPID serial number") { Rest = 12, RestLeast = 1, RestOf = Digits },
        new("8019", "service relation instance") { Rest = 10, RestLeast = 1, RestOf = Digits },
        new("8020", "payment slip reference") { Rest = 25, RestLeast = 1 },
    }.ToDictionary(entry => entry.Code, StringComparer.Ordinal);

    /// <summary>The words of old links (Digital Link 1.1 and before) and the codes that stand for them since.</summary>
    private static readonly Dictionary<string, string> Alphas = new(StringComparer.Ordinal)
    {
        ["gtin"] = "01", ["cpv"] = "22", ["lot"] = "10", ["ser"] = "21", ["giai"] = "8004", ["sscc"] = "00", ["gln"] = "414", ["glnx"] = "254", ["party"] = "417", ["grai"] = "8003", ["itip"] = "8006",
        ["cpid"] = "8010", ["cpsn"] = "8011", ["gdti"] = "253", ["gcn"] = "255", ["ginc"] = "401", ["gsin"] = "402", ["gmn"] = "8013", ["gsrn"] = "8018", ["gsrnp"] = "8017", ["srin"] = "8019",
    };

    /// <summary>The orders in which qualifiers follow this key, each of them optional; null when it is no key.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? Sequences { get; private init; }

    public bool IsKey => Sequences is not null;

    private int Leading { get; init; }

    /// <summary>The last of the leading digits is a check digit.</summary>
    private bool Checked { get; init; }

    private int Rest { get; init; }

    private int RestLeast { get; init; }

    private SearchValues<char> RestOf { get; init; } = Set82;

    /// <summary>The value begins with a GS1 Company Prefix, which has four digits at least.</summary>
    private bool StartsWithCompany { get; init; }

    public static ApplicationIdentifier? Find(string code) => Known.GetValueOrDefault(code);

    /// <summary>The code that an old link's word stands for.</summary>
    public static string? OfAlpha(string word) => Alphas.GetValueOrDefault(word);

    /// <summary>What is wrong with a value, as the end of a sentence; null when nothing is.</summary>
    public string? WhyNot(ReadOnlySpan<char> value)
    {
        if (value.Length < Leading + RestLeast || value.Length > Leading + Rest)
        {
            return Rest == RestLeast ? $"has {Leading + Rest} characters, not {value.Length}" : $"has {Leading + RestLeast} to {Leading + Rest} characters, not {value.Length}";
        }

        if (value[..Leading].ContainsAnyExcept(Digits))
        {
            return $"begins with {Leading} digits";
        }

        if (value[Leading..].ContainsAnyExcept(RestOf))
        {
            return "holds a character that has no place in it";
        }

        if (Checked && !CheckDigit.IsRight(value[..Leading]))
        {
            return $"has a check digit that does not match: {CheckDigit.Of(value[..(Leading - 1)])} would";
        }

        return StartsWithCompany && (value.Length < CompanyPrefix.Shortest || value[..CompanyPrefix.Shortest].ContainsAnyExcept(Digits)) ? "does not begin with a company prefix, which is digits" : null;
    }
}
