namespace Touchmark.Vault.Review.Learning;

internal static class Statistics
{
    /// <summary>The middle of the values, 0 of none.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.ToArray();
        if (sorted.Length == 0)
        {
            return 0;
        }

        Array.Sort(sorted);
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Scale of a normal distribution with this median absolute deviation.</summary>
    public static double Scale(IReadOnlyCollection<double> values, double location) => 1.4826 * Median(values.Select(value => Math.Abs(value - location)));

    /// <summary>0 to 1 for something that lies <paramref name="distance"/> robust scales out: 0.5 at 5, where a finding begins; 0.05 at 2.5.</summary>
    public static double Score(double distance) => double.IsNaN(distance) ? 0 : 1 / (1 + Math.Exp(-1.2 * (distance - 5)));

    /// <summary>Of several scores that speak for themselves: each takes its share of what the others have left.</summary>
    public static double Together(IEnumerable<double> scores) => 1 - scores.Aggregate(1.0, (left, score) => left * (1 - score));
}
