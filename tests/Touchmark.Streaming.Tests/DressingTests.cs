using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography;
using Touchmark.GCode;

namespace Touchmark.Streaming.Tests;

/// <summary>Lines that the engine adds change nothing that is printed, whatever the toolpath.</summary>
public sealed class DressingTests
{
    private static readonly Gen<string> Lines = Gen.OneOf(
        Gen.Choose(0, 2200).SelectMany(static x => Gen.Choose(0, 2200).Select(y => Invariant($"G1 X{x / 10.0} Y{y / 10.0}"))),
        Gen.Choose(0, 2200).SelectMany(static x => Gen.Choose(0, 2200).Select(y => Invariant($"G0 X{x / 10.0} Y{y / 10.0} F{3000 + x}"))),
        Gen.Choose(0, 2200).SelectMany(static x => Gen.Choose(1, 90).Select(e => Invariant($"G1 X{x / 10.0} E{e / 100.0}"))),
        Gen.Choose(1, 40).Select(static r => Invariant($"G1 E-{r / 10.0} F2400")),
        Gen.Choose(1, 40).Select(static r => Invariant($"G1 E{r / 10.0} F1800.5")),
        Gen.Choose(2, 90).Select(static z => Invariant($"G1 Z{z / 10.0} F600")),
        Gen.Choose(0, 510).Select(static s => Invariant($"M106 S{s / 2.0}")),
        Gen.Elements("M107", "M83", "G90", "G92 E0", "M220 S100", "M220 S90", "M204 S1500", "M106 P1 S255", "M104 S205", "G4 P100", "M73 P12", "SET_VELOCITY_LIMIT ACCEL=900"));

    private static readonly Gen<(string Text, int Seed)> Prints =
        Gen.Choose(1, 400).SelectMany(static count => Lines.ListOf(count)).SelectMany(static lines => Gen.Choose(0, 1 << 20).Select(seed =>
            ("G90\nM83\nG28\nG1 Z5 F600\nG1 X50 Y50 F6000\nM106 S200\n" + string.Join('\n', lines) + "\n", seed)));

    [Fact]
    public void Added_lines_change_no_line_of_the_toolpath_and_nothing_that_is_printed() => Check.QuickThrowOnFailure(Prop.ForAll(Prints.ToArbitrary(), static print =>
    {
        var (text, seed) = print;
        var segments = Toolpaths.CutAsync(text).GetAwaiter().GetResult();
        string own = string.Concat(segments.Select(TextOf));
        var (dressed, _) = Dress(segments, seed);

        Assert.Equal(Printed(own), Printed(dressed));
        Assert.Equal(Modes(own), Modes(dressed));
    }));

    [Fact]
    public async Task Every_kind_of_challenge_comes_and_stays_within_the_limits()
    {
        var kinds = new Dictionary<string, int>();
        for (int seed = 0; seed < 30; seed++)
        {
            var (_, added) = Dress(await Toolpaths.CutAsync(Toolpaths.Bracket(6)), seed);
            foreach (string line in added)
            {
                kinds[line.Split(' ')[0]] = kinds.GetValueOrDefault(line.Split(' ')[0]) + 1;
            }
        }
        Assert.True(kinds["M220"] > 30 && kinds["M106"] > 30 && kinds["G91"] > 5, string.Join(", ", kinds));
    }

    [Fact]
    public async Task After_a_restart_the_next_segment_puts_back_what_an_earlier_process_may_have_left()
    {
        var segments = await Toolpaths.CutAsync(Toolpaths.Bracket(2));
        var gate = new TelemetryGate(1);
        using var key = P256.GenerateKey();
        var dresser = new SegmentDresser(Options(segments, key, 1) with { Settings = new SessionSettings { ChallengeSeconds = 0, MaxSlowdown = 0.2, MaxTrimC = 5 } }, gate, new Observations());
        int at = segments.FindIndex(static segment => segment.Plan.Moves.Count > 1) + 3;
        foreach (var segment in segments.Take(at))
        {
            dresser.Skip(segment);
        }
        dresser.Resume();
        dresser.Observe(new PrinterSample { EventTime = 1, X = 0, Y = 0, Z = 0, E = 0, SpeedFactor = 0.94, FanSpeed = 0.55, NozzleC = 206, NozzleTargetC = 205, BedC = 60, BedTargetC = 60 }, 0);

        Assert.True(dresser.Ordered(0.94));
        using var first = dresser.Dress(segments[at], SessionRig.Start);
        using var second = dresser.Dress(segments[at + 1], SessionRig.Start);
        Assert.StartsWith("M106 S128\nM104 S210\nM220 S100\n", TextOf(first), StringComparison.Ordinal);
        Assert.DoesNotContain("M220", TextOf(second), StringComparison.Ordinal);
    }

    private static EngineSessionOptions Options(List<Segment> segments, P256PrivateKey key, int seed) => new()
    {
        SessionId = Guid.CreateVersion7(SessionRig.Start),
        Facts = new JobFacts { JobId = Guid.CreateVersion7(SessionRig.Start), LicenceId = Guid.Empty, Title = "", Segments = (ulong)segments.Count, MotionSeconds = 1, NozzleC = 0, BedC = 0, Min = (0, 0, 0), Max = (1, 1, 1) },
        Settings = new SessionSettings { ChallengeSeconds = 2 },
        Profile = Toolpaths.Profile,
        DeviceKey = key.PublicKey,
        TransportKey = new Es256Signer(key),
        Draw = new Draws(seed).Next,
    };

    /// <summary>Runs all segments through a dresser, with a printer that does everything at once, and checks each against the rules.</summary>
    private static (string Text, List<string> Added) Dress(List<Segment> segments, int seed)
    {
        var text = new StringBuilder();
        var added = new List<string>();
        var gate = new TelemetryGate(1);
        using var key = P256.GenerateKey();
        var dresser = new SegmentDresser(Options(segments, key, seed), gate, new Observations());
        double speed = 1;
        double fan = 0;
        double time = 5000;
        foreach (var segment in segments)
        {
            string own = TextOf(segment);
            double alone = segment.Plan.DurationSeconds;
            using var dressed = dresser.Dress(segment, SessionRig.Start);
            string now = TextOf(dressed);
            var lines = AddedTo(own, now);
            added.AddRange(lines);
            Assert.Equal(own, string.Concat(Without(now, lines)));
            Assert.InRange(now.Split('\n').Length - 1, 1, SegmentRules.LargestLines);
            Assert.InRange(now.Length, 1, SegmentRules.LargestBytes);
            Assert.Equal(now.Split('\n').Length - 1, dressed.Plan.LineMoves.Count);
            Assert.Equal(dressed.Plan.Moves.Count, dressed.Plan.LineMoves.Sum());
            Assert.True(dressed.Plan.DurationSeconds <= Math.Max(alone + 0.2, 1.3), $"{alone} s became {dressed.Plan.DurationSeconds} s");
            text.Append(now);
            gate.Add(dressed.Plan);
            foreach (string line in now.Split('\n'))
            {
                speed = line.StartsWith("M220", StringComparison.Ordinal) ? Value(line) / 100 : speed;
                fan = line.StartsWith("M106", StringComparison.Ordinal) ? Value(line) / 255 : line.StartsWith("M107", StringComparison.Ordinal) ? 0 : fan;
            }
            for (int sample = 0; sample < 4; sample++)
            {
                time += 0.25;
                dresser.Observe(new PrinterSample { EventTime = time, X = 0, Y = 0, Z = 0, E = 0, SpeedFactor = speed, FanSpeed = fan }, gate.SentSeconds);
            }
        }
        return (text.ToString(), added);
    }

    private static List<string> AddedTo(string own, string dressed)
    {
        var rest = new Queue<string>(own.Split('\n'));
        return [.. dressed.Split('\n').Where(line => !(rest.TryPeek(out string? next) && next == line && rest.TryDequeue(out _)))];
    }

    /// <summary>The text again without the added lines, taken out in their order.</summary>
    private static IEnumerable<string> Without(string dressed, List<string> added)
    {
        var left = new Queue<string>(added);
        return dressed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !(left.TryPeek(out string? next) && next == line && left.TryDequeue(out _))).Select(static line => line + "\n");
    }

    /// <summary>Each move that takes filament out of the nozzle or back, by the toolpath's own model of the printer.</summary>
    private static List<(double, double, double, double)> Printed(string text) =>
        [.. Toolpaths.CutAsync(text).GetAwaiter().GetResult().SelectMany(static segment => segment.Plan.Moves).Where(static move => move.ExtrudedMm != 0)
            .Select(static move => (Math.Round(move.Start.X, 6), Math.Round(move.End.X, 6), Math.Round(move.End.Y, 6) + Math.Round(move.End.Z, 6), Math.Round(move.ExtrudedMm, 6)))];

    private static (bool?, double?, double?, double) Modes(string text)
    {
        var modes = new ToolpathModes();
        foreach (var segment in Toolpaths.CutAsync(text).GetAwaiter().GetResult())
        {
            modes.Pass(segment);
        }
        return (modes.Absolute, modes.Feed, modes.Fan, modes.Speed);
    }

    private static string TextOf(Segment segment) => Encoding.ASCII.GetString(segment.Text.Span);

    private static double Value(string line) => double.Parse(line.Split(' ').First(static word => word[0] == 'S').AsSpan(1), CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
