using System.Collections.Concurrent;
using Touchmark.VirtualPrinter;

namespace Touchmark.Bench.Attacks;

/// <summary>The parts, sliced, and a recording of each as an honest printer made it, for those who replay.</summary>
internal sealed class Arena : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("touchmark-attacks-");
    private readonly IReadOnlyList<Part> parts;

    private Arena(IReadOnlyList<Part> parts) => this.parts = parts;

    public IReadOnlyList<Part> Parts => parts;

    public static async Task<Arena> PrepareAsync(CancellationToken cancel)
    {
        var arena = new Arena(await Attacks.Parts.SliceAsync(cancel));
        Parallel.For(0, arena.parts.Count, i =>
        {
            using var bout = new Bout(arena.parts[i], new PrinterOptions { Seed = 1_000_000 + (ulong)i, RecordFile = arena.RecordingOf(i) });
            if (!bout.Run().Completed)
            {
                throw new InvalidOperationException($"{arena.parts[i].Name} does not print on an honest printer.");
            }
        });
        return arena;
    }

    /// <summary>Runs each contestant so many times, over all parts in turn, each time with another seed; the same ones give the same outcomes.</summary>
    public IReadOnlyDictionary<Contestant, IReadOnlyList<Outcome>> Run(IReadOnlyList<Contestant> contestants, int runs, Action<Contestant, Part, ulong, Outcome>? watch = null)
    {
        var outcomes = new ConcurrentDictionary<(Contestant, int), Outcome>();
        Parallel.ForEach(
            contestants.SelectMany(contestant => Enumerable.Range(0, runs).Select(run => (contestant, run))),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            bout =>
            {
                var part = bout.run % parts.Count;
                var seed = 1 + (ulong)bout.run;
                var outcome = Run(bout.contestant, part, seed);
                watch?.Invoke(bout.contestant, parts[part], seed, outcome);
                outcomes[bout] = outcome;
            });
        return contestants.ToDictionary(static contestant => contestant, contestant => (IReadOnlyList<Outcome>)[.. Enumerable.Range(0, runs).Select(run => outcomes[(contestant, run)])]);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private Outcome Run(Contestant contestant, int part, ulong seed)
    {
        var replay = contestant.Replays switch
        {
            Replays.OtherPart => RecordingOf((part + 1 + (int)(seed % (ulong)(parts.Count - 1))) % parts.Count),
            Replays.SamePart => RecordingOf(part),
            _ => null,
        };
        using var bout = new Bout(parts[part], contestant.Options with { Seed = seed, ReplayFile = replay });
        return bout.Run();
    }

    private string RecordingOf(int part) => Path.Combine(folder.FullName, $"{parts[part].Name}.csv");
}
