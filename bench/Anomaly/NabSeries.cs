using System.Globalization;
using System.Text.Json;
using Touchmark.Vault.Review.Sensors;

namespace Touchmark.Bench.Anomaly;

/// <summary>A labelled series of bench/data/nab, cut into days: a day is to it what a job is to a printer.</summary>
/// <param name="Name">The file's.</param>
/// <param name="Days">The samples of each day, with the seconds since its midnight.</param>
/// <param name="Windows">From when to when something was wrong, as days of <paramref name="Days"/>, both included.</param>
internal sealed record NabSeries(string Name, IReadOnlyList<IReadOnlyList<ChannelSeries>> Days, IReadOnlyList<(int From, int To)> Windows)
{
    public static IReadOnlyList<NabSeries> ReadAll(string folder)
    {
        var labels = JsonSerializer.Deserialize<Dictionary<string, string[][]>>(File.ReadAllBytes(Path.Combine(folder, "labels.json")))!;
        return [.. labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => Read(Path.Combine(folder, label.Key + ".csv"), label.Key, label.Value))];
    }

    private static NabSeries Read(string path, string name, string[][] windows)
    {
        var days = File.ReadLines(path).Skip(1).Select(line => line.Split(',')).Select(fields => (At: Time(fields[0]), Value: double.Parse(fields[1], CultureInfo.InvariantCulture)))
            .GroupBy(sample => sample.At.Date).OrderBy(day => day.Key).ToList();
        return new NabSeries(
            name,
            [.. days.Select(day => new[] { new ChannelSeries(name, "", [.. day.Select(sample => sample.At.TimeOfDay.TotalSeconds)], [.. day.Select(sample => sample.Value)]) })],
            [.. windows.Select(window => (Day(window[0]), Day(window[1])))]);

        int Day(string text) => days.FindIndex(day => day.Key == Time(text).Date);
    }

    private static DateTime Time(string text) => DateTime.ParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
