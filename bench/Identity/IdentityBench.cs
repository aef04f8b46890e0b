using Spectre.Console;
using Touchmark.Streaming;
using Touchmark.VirtualPrinter;

namespace Touchmark.Bench.Identity;

/// <summary>
/// How well homing and heating tell machines apart: many machines are enrolled with three repeats each, then the beginnings of prints are held against that, from
/// random places, on the enrolled machine (false alarms) and on others with the same serial numbers (detection).
/// </summary>
internal static class IdentityBench
{
    private const int Repeats = 3;
    private const int PrintsEach = 3;

    public static Task RunAsync(int machines)
    {
        Contest("the recorded machine, 32 °C/s", machines, heater: 1);
        Contest("half the heater, 16 °C/s", machines, heater: 0.5);
        return Task.CompletedTask;
    }

    private static void Contest(string title, int machines, double heater)
    {
        (string Name, Func<PrinterOptions, PrinterOptions> Change)[] presented =
        [
            ("the enrolled machine", options => options),
            ("  telemetry late and in bunches", options => options with { Behave = "slow-wifi" }),
            ("  telemetry once a second", options => options with { Behave = "one-hertz" }),
            ("  heater power -5 % (a supply that sags)", options => options with { HeaterPower = options.HeaterPower * 0.95 }),
            ("another of its kind (other seed)", options => options with { Seed = options.Seed + 100_000 }),
            ("heater power -20 %", options => options with { HeaterPower = options.HeaterPower * 0.8 }),
            ("heater power -40 %", options => options with { HeaterPower = options.HeaterPower * 0.6 }),
            ("heater power +100 %", options => options with { HeaterPower = options.HeaterPower * 2 }),
            ("homing speed -10 %", options => options with { HomingSpeed = 0.9 }),
            ("homing speed -20 %", options => options with { HomingSpeed = 0.8 }),
            ("homing speed -40 %", options => options with { HomingSpeed = 0.6 }),
            ("homing speed +50 %", options => options with { HomingSpeed = 1.5 }),
            ("heater power -40 %, homing speed -40 %", options => options with { HeaterPower = options.HeaterPower * 0.6, HomingSpeed = 0.6 }),
            ("the emulator, which homes at once", options => options with { Behave = "emulator" }),
        ];
        var table = new Table().Border(TableBorder.Simple).Title(title).AddColumns("presented", "prints", "refused", "by homing", "by heating", "not compared", "worst / tolerance");
        var rows = presented.Select(_ => new Row()).ToArray();
        for (ulong seed = 1; seed <= (ulong)machines; seed++)
        {
            var options = new PrinterOptions { Seed = seed, HeaterPower = heater };
            var chance = new Chance(seed);
            var enrolled = Enrol(options);
            for (var kind = 0; kind < presented.Length; kind++)
            {
                Print(enrolled, presented[kind].Change(options), chance, rows[kind]);
            }
        }

        for (var kind = 0; kind < presented.Length; kind++)
        {
            var row = rows[kind];
            table.AddRow(Markup.Escape(presented[kind].Name), $"{row.Prints}", $"{row.Refused} ({100.0 * row.Refused / row.Prints:0.#} %)", $"{row.Homing}", $"{row.Heating}", $"{row.Missing}", $"{row.WorstHoming:0.00} / {row.WorstHeating:0.00}");
        }

        AnsiConsole.Write(table);
    }

    /// <summary>As SnapshotTaker of the gateway does it.</summary>
    private static BehaviouralSnapshot Enrol(PrinterOptions options)
    {
        using var printer = new MeasuredPrinter(options);
        printer.Run("G28");
        var homings = new List<HomingMeter>();
        var rises = new List<double>();
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            var share = 0.35 + (0.15 * repeat);
            printer.Place(share * options.Volume.X, share * options.Volume.Y, 20 + (20 * repeat));
            homings.Add(printer.Home());
        }

        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            rises.Add(printer.Heat().Seconds!.Value);
        }

        return new BehaviouralSnapshot { Homing = HomingBehaviour.Of(homings), ThermalRise = Measured.Of(rises) };
    }

    private static void Print(BehaviouralSnapshot enrolled, PrinterOptions options, Chance chance, Row row)
    {
        using var printer = new MeasuredPrinter(options);
        for (var print = 0; print < PrintsEach; print++)
        {
            printer.Rest(1 + chance.Next());
            if (print > 0)
            {
                printer.Place(chance.Next() * options.Volume.X, chance.Next() * options.Volume.Y, 1 + (150 * chance.Next()));
                printer.Rest(1 + chance.Next());
            }

            row.Take(
                printer.Home().Run is { } run ? SnapshotComparison.Homing(enrolled.Homing!, run) : null,
                printer.Heat().Seconds is { } seconds ? SnapshotComparison.Heating(enrolled.ThermalRise!.Value, seconds) : null);
        }
    }

    /// <summary>What became of the prints of one kind.</summary>
    private sealed class Row
    {
        public int Prints { get; private set; }

        public int Refused { get; private set; }

        public int Homing { get; private set; }

        public int Heating { get; private set; }

        public int Missing { get; private set; }

        public double WorstHoming { get; private set; }

        public double WorstHeating { get; private set; }

        public void Take(BehaviourFigure? homing, BehaviourFigure? heating)
        {
            Prints++;
            Homing += homing is { Differs: true } ? 1 : 0;
            Heating += heating is { Differs: true } ? 1 : 0;
            Refused += homing is { Differs: true } || heating is { Differs: true } ? 1 : 0;
            Missing += (homing is null ? 1 : 0) + (heating is null ? 1 : 0);
            WorstHoming = Math.Max(WorstHoming, Share(homing));
            WorstHeating = Math.Max(WorstHeating, Share(heating));
        }

        private static double Share(BehaviourFigure? figure) => figure is null ? 0 : Math.Abs(figure.Found - figure.Enrolled) / figure.Tolerance;
    }

    /// <summary>Repeatable numbers from 0 to 1 (SplitMix64): a bench is to be run again.</summary>
    private sealed class Chance(ulong seed)
    {
        private ulong state = seed;

        public double Next()
        {
            state += 0x9E3779B97F4A7C15;
            var bits = state;
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            return ((bits ^ (bits >> 31)) >> 11) * (1.0 / (1UL << 53));
        }
    }
}
