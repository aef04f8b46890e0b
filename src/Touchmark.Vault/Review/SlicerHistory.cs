using System.Globalization;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Review.Learning;

namespace Touchmark.Vault.Review;

/// <summary>Slicer drift: which builds, profiles and toolpaths this site usually prints.</summary>
internal sealed class SlicerHistory
{
    public const string Version = "1";

    private readonly Habits _builds;
    private readonly Habits _profiles;
    private readonly Habits _levels;
    private readonly SortedDictionary<string, RobustMoments> _toolpath = new(StringComparer.Ordinal);

    public SlicerHistory()
        : this(new(), new(), new())
    {
    }

    private SlicerHistory(Habits builds, Habits profiles, Habits levels) => (_builds, _profiles, _levels) = (builds, profiles, levels);

    public ReviewSignal Judge(EvidenceBundle bundle, Observation job)
    {
        var doubts = new List<Doubt>();
        if (_builds.Count < Habits.Enough)
        {
            return Signals.Of(Signals.SlicerDrift, $"Learning: {_builds.Count} of {Habits.Enough} jobs are known.", doubts);
        }

        Doubtful("build", _builds, Build(bundle), 0.9, "was never used here");
        Doubtful("level", _levels, Level(bundle), 0.8, "is not how sure one is of slicers here");
        if (job.Profile is { } profile)
        {
            Doubtful("profile", _profiles, profile, 0.7, "is a profile that is new here");
        }

        foreach (var (name, value) in job.Toolpath)
        {
            if (_toolpath.GetValueOrDefault(name) is { Count: >= Habits.Enough } usual && usual.Distance(value, Math.Abs(usual.Location) * 0.02) is var distance)
            {
                doubts.Add(new Doubt(name, Statistics.Score(Math.Abs(distance)), string.Create(CultureInfo.InvariantCulture,
                    $"{name} is {value:G4}; usually it is {usual.Location:G4} ± {Math.Max(usual.Scale, Math.Abs(usual.Location) * 0.02):G2}")));
            }
        }

        return Signals.Of(Signals.SlicerDrift, "Build, profile and toolpath are as usual here.", doubts);

        void Doubtful(string subject, Habits habits, string choice, double most, string words) =>
            doubts.Add(new Doubt(subject, most * habits.Surprise(choice), string.Create(CultureInfo.InvariantCulture, $"{choice} {words} (usually {habits.Usual}, in {100 * habits.Share(habits.Usual ?? ""):F0} % of the jobs)")));
    }

    /// <summary>Takes a job as normal.</summary>
    public void Learn(EvidenceBundle bundle, Observation job)
    {
        _builds.Learn(Build(bundle));
        _levels.Learn(Level(bundle));
        if (job.Profile is { } profile)
        {
            _profiles.Learn(profile);
        }

        foreach (var (name, value) in job.Toolpath)
        {
            if (!_toolpath.TryGetValue(name, out var moments))
            {
                _toolpath[name] = moments = new RobustMoments();
            }

            moments.Learn(value);
        }
    }

    public CborMap ToCbor() => CborMap.Of(
        ("version", Version),
        ("builds", _builds.ToCbor()),
        ("profiles", _profiles.ToCbor()),
        ("levels", _levels.ToCbor()),
        ("names", new CborArray([.. _toolpath.Keys.Select(name => new CborText(name))])),
        ("state", PackedNumbers.Of(state =>
        {
            foreach (var moments in _toolpath.Values)
            {
                moments.Write(state);
            }
        })));

    public static SlicerHistory Read(CborFields fields)
    {
        if (fields.Text("version") != Version)
        {
            fields.Refuse("version", "of another version");
        }

        var history = new SlicerHistory(fields.Map("builds", Habits.Read), fields.Map("profiles", Habits.Read), fields.Map("levels", Habits.Read));
        var state = new PackedNumbers(fields.Bytes("state", 0, 8 << 10).Span);
        foreach (var name in fields.Texts("names", ToolpathFeatures.Names.Count))
        {
            var moments = new RobustMoments();
            moments.Restore(state);
            history._toolpath[name] = moments;
        }

        if (!state.IsWhole)
        {
            fields.Refuse("state", "not the features of toolpaths");
        }

        return history;
    }

    private static string Build(EvidenceBundle bundle) => bundle.SlicerAttest is { Name: { } name } attest
        ? $"{name} {attest.Version}{(attest.BuildSha256 is { } build ? $" (build {Convert.ToHexStringLower(build.Span[..8])})" : "")}".TrimEnd()
        : "a slicer without a name";

    private static string Level(EvidenceBundle bundle) => SlicerAttest.NameOf(bundle.SlicerAttest.Level);
}
