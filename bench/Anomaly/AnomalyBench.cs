using System.Globalization;
using Spectre.Console;
using Touchmark.Bench.Attacks;
using Touchmark.Vault.Review.Sensors;

namespace Touchmark.Bench.Anomaly;

/// <summary>
/// How much of what is wrong with sensors the vault's review finds, and how often it cries wolf, beside a plain threshold and a windowed Gaussian in the same run: on synthetic jobs with known
/// faults, and on labelled series of the Numenta Anomaly Benchmark.
/// </summary>
internal static class AnomalyBench
{
    private const int NormalJobs = 60;
    private const int ProbationDays = 10;

    private static readonly Fault[] Classes = [Fault.Drift, Fault.Spike, Fault.Stuck, Fault.Swapped];

    public static Task RunAsync(bool quick)
    {
        // The quick run's sites are those that the detector was made with; the others are other sites.
        (ulong seed, var sites, var jobs) = quick ? (1000UL, 3, 40) : (2000UL, 12, 100);
        Synthetic(seed, sites, jobs);
        AnsiConsole.WriteLine();
        Recorded();
        return Task.CompletedTask;
    }

    private static void Synthetic(ulong seed, int sites, int jobs)
    {
        var table = new Table().Border(TableBorder.Markdown).AddColumns("fault", "detector", "found", "of", "recall", "false", "of", "precision", "named rightly");
        var counts = new Dictionary<(string Detector, Fault Fault), (int Flagged, int Named)>();
        for (var site = 0; site < sites; site++)
        {
            var source = new SyntheticJobs(new SplitMix(seed + (ulong)site), SyntheticJobs.Materials[site % SyntheticJobs.Materials.Count]);
            IDetector[] detectors = [new VaultDetector(Phases.SinceStart, learnsOn: false), new ThresholdDetector(), new WindowedGaussian(window: 120)];
            var normal = Enumerable.Range(0, NormalJobs).Select(_ => source.Next(Fault.None)).ToList();
            Array.ForEach(detectors, detector => detector.Train(normal));
            foreach (var fault in Classes.Prepend(Fault.None))
            {
                for (var i = 0; i < jobs; i++)
                {
                    var job = source.Next(fault);
                    foreach (var detector in detectors)
                    {
                        var flagged = detector.Flags(job);
                        var named = detector is VaultDetector { Found.Kind: var kind } && kind.ToString() == fault.ToString();
                        var (before, namedBefore) = counts.GetValueOrDefault((detector.Name, fault));
                        counts[(detector.Name, fault)] = (before + (flagged ? 1 : 0), namedBefore + (flagged && named ? 1 : 0));
                    }
                }
            }
        }

        var total = sites * jobs;
        foreach (var fault in Classes)
        {
            foreach (var detector in counts.Keys.Select(key => key.Detector).Distinct())
            {
                var (found, named) = counts[(detector, fault)];
                var wrongly = counts[(detector, Fault.None)].Flagged;
                table.AddRow(fault.ToString().ToLowerInvariant(), detector, Text(found), Text(total), Share(found, total), Text(wrongly), Text(total), Share(found, found + wrongly), detector == "vault" ? Share(named, found) : "");
            }
        }

        AnsiConsole.Write(table);
    }

    private static void Recorded()
    {
        var table = new Table().Border(TableBorder.Markdown).AddColumns("series", "days", "detector", "windows found", "of", "recall", "days flagged", "within windows", "precision");
        var sums = new Dictionary<string, (int Found, int Windows, int Flagged, int Within)>();
        foreach (var series in NabSeries.ReadAll(Path.Combine(Started.Root(), "bench", "data", "nab")))
        {
            IDetector[] detectors = [new VaultDetector(Phases.TimeOfDay, learnsOn: true), new ThresholdDetector(), new WindowedGaussian(window: series.Days[1][0].Values.Count / 4)];
            foreach (var detector in detectors)
            {
                detector.Train([.. series.Days.Take(ProbationDays)]);
                var flagged = Enumerable.Range(ProbationDays, series.Days.Count - ProbationDays).Where(day => detector.Flags(series.Days[day])).ToList();
                var found = series.Windows.Count(window => flagged.Exists(day => day >= window.From && day <= window.To));
                var within = flagged.Count(day => series.Windows.Any(window => day >= window.From && day <= window.To));
                Row(series.Name, Text(series.Days.Count), detector.Name, (found, series.Windows.Count, flagged.Count, within));
                var sum = sums.GetValueOrDefault(detector.Name);
                sums[detector.Name] = (sum.Found + found, sum.Windows + series.Windows.Count, sum.Flagged + flagged.Count, sum.Within + within);
            }
        }

        foreach (var (detector, sum) in sums)
        {
            Row("all", "", detector, sum);
        }

        AnsiConsole.Write(table);

        void Row(string name, string days, string detector, (int Found, int Windows, int Flagged, int Within) sum) => table.AddRow(
            name, days, detector, Text(sum.Found), Text(sum.Windows), Share(sum.Found, sum.Windows), Text(sum.Flagged), Text(sum.Within), Share(sum.Within, sum.Flagged));
    }

    private static string Text(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Share(int part, int whole) => whole == 0 ? "-" : ((double)part / whole).ToString("0.00", CultureInfo.InvariantCulture);
}
