using System.Globalization;

namespace Touchmark.GCode;

/// <summary>Collects refusals: counts all, keeps the first hundred.</summary>
internal sealed class RefusalList
{
    private readonly List<ToolpathRefusal> _kept = [];

    public IReadOnlyList<ToolpathRefusal> Kept => _kept;

    public long Count { get; private set; }

    /// <summary>Whether further refusals are only counted, so that nobody need find words for them.</summary>
    public bool IsFull => _kept.Count >= ToolpathCheck.MaxRefusals;

    /// <summary>Line that is being checked.</summary>
    public long Line { get; set; }

    public void Add(string code, string text, string fix, params ReadOnlySpan<(string Name, string Value)> figures)
    {
        Count++;
        if (IsFull)
        {
            return;
        }

        var named = new Dictionary<string, string>(figures.Length, StringComparer.Ordinal);
        foreach ((string name, string value) in figures)
        {
            named[name] = value;
        }

        _kept.Add(new ToolpathRefusal(Line, code, text, named, fix));
    }

    public static string Figure(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
