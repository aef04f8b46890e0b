using System.Security.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Review.Sensors;

namespace Touchmark.Vault.Review;

/// <summary>
/// All that was learned from the manifest up to an entry. It follows from the entries in their order, and from the observations that were kept of them, alone: who trains anew gets the same bytes.
/// </summary>
internal sealed class ReviewModels
{
    /// <summary>Normals are kept by material: what is normal for one is not for another.</summary>
    private const int MostMaterials = 16;

    private static readonly string[] Learned = [Signals.SlicerDrift, Signals.SensorAnomaly, Signals.OperatorContext];

    private readonly SortedDictionary<string, SensorModel> _sensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _hashes = new(StringComparer.Ordinal);
    private SlicerHistory _slicers = new();
    private OperatorHistory _operators = new();

    /// <summary>The last entry of the manifest that was learned from, or looked at and left.</summary>
    public long Through { get; set; }

    public IReadOnlyList<ReviewSignal> Judge(EvidenceBundle bundle, Observation job) => [_slicers.Judge(bundle, job), JudgeSensors(bundle, job), _operators.Judge(bundle)];

    /// <summary>Takes a bundle of the manifest: as normal in the eyes of each signal that found nothing in it.</summary>
    public void Take(EvidenceBundle bundle, Observation job)
    {
        foreach (var signal in Learned.Where(name => bundle.Signals.FirstOrDefault(signal => signal.Name == name) is not { Score: >= Signals.Finding }))
        {
            Learn(signal, bundle, job);
        }
    }

    /// <summary>Whether a review of the manifest teaches something: that a finding was none.</summary>
    public static bool Teaches(FindingReview review) => !review.Accepts && Learned.Contains(review.Signal, StringComparer.Ordinal);

    /// <summary>Takes a job as normal in the eyes of one signal.</summary>
    public void Learn(string signal, EvidenceBundle bundle, Observation job)
    {
        switch (signal)
        {
            case Signals.SlicerDrift:
                _slicers.Learn(bundle, job);
                break;
            case Signals.OperatorContext:
                _operators.Learn(bundle);
                break;
            case Signals.SensorAnomaly:
                Sensors(bundle).Learn(job.Channels);
                break;
        }

        _hashes.Remove(signal);
    }

    /// <summary>A reviewer has said that a finding was none.</summary>
    public void Settle(string signal, EvidenceBundle bundle, Observation job)
    {
        if (signal == Signals.SensorAnomaly)
        {
            Sensors(bundle).Settle(job.Channels);
        }

        Learn(signal, bundle, job);
    }

    /// <summary>Name, version and hash of each model as it stands.</summary>
    public IReadOnlyList<ReviewModel> Describe() =>
    [
        new(Signals.SlicerDrift, SlicerHistory.Version, Hash(Signals.SlicerDrift, _slicers.ToCbor)),
        new(Signals.SensorAnomaly, SensorModel.Version, Hash(Signals.SensorAnomaly, SensorsToCbor)),
        new(Signals.OperatorContext, OperatorHistory.Version, Hash(Signals.OperatorContext, _operators.ToCbor)),
    ];

    public CborMap ToCbor() => CborMap.Of(("through", Through), ("slicers", _slicers.ToCbor()), ("sensors", SensorsToCbor()), ("operators", _operators.ToCbor()));

    public static ReviewModels Read(CborFields fields)
    {
        var models = new ReviewModels
        {
            Through = fields.Integer("through"),
            _slicers = fields.Map("slicers", SlicerHistory.Read),
            _operators = fields.Map("operators", OperatorHistory.Read),
        };
        foreach (var (material, sensors) in fields.Map("sensors", sensors => sensors.Maps("materials", MostMaterials, entry => (entry.Text("material"), entry.Map("model", SensorModel.Read)))))
        {
            models._sensors[material] = sensors;
        }

        return models;
    }

    private ReviewSignal JudgeSensors(EvidenceBundle bundle, Observation job)
    {
        if (job.Channels.Count == 0)
        {
            return Signals.Of(Signals.SensorAnomaly, "The bundle has no sensor that could be unusual.", []);
        }

        var model = Sensors(bundle);
        var faults = model.Judge(job.Channels);
        return Signals.Of(
            Signals.SensorAnomaly,
            model.Jobs < ChannelModel.Enough ? $"Learning: {model.Jobs} of {ChannelModel.Enough} jobs {(bundle.Material is { } material ? $"with {material} " : "")}are known." : "All channels are as usual here.",
            [.. faults.Select(fault => new Doubt($"{fault.Channel} {Name(fault.Kind)}", Learning.Statistics.Score(fault.Distance), fault.Words))]);
    }

    private static string Name(SensorFaultKind kind) => kind switch
    {
        SensorFaultKind.Swapped => "swapped",
        SensorFaultKind.Stuck => "stuck",
        SensorFaultKind.Spike => "spike",
        SensorFaultKind.Drift => "drift",
        SensorFaultKind.SlowDrift => "slow drift",
        _ => "together",
    };

    private SensorModel Sensors(EvidenceBundle bundle)
    {
        var material = bundle.Material ?? "";
        if (!_sensors.TryGetValue(material, out var model))
        {
            // Materials beyond the last place share the one of those that nobody named.
            material = _sensors.Count < MostMaterials - 1 ? material : "";
            if (!_sensors.TryGetValue(material, out model))
            {
                _sensors[material] = model = new SensorModel();
            }
        }

        return model;
    }

    private CborMap SensorsToCbor() =>
        CborMap.Of(("materials", new CborArray([.. _sensors.Where(sensors => sensors.Value.Jobs > 0).Select(sensors => CborMap.Of(("material", sensors.Key), ("model", sensors.Value.ToCbor())))])));

    private ReadOnlyMemory<byte> Hash(string signal, Func<CborMap> state)
    {
        if (!_hashes.TryGetValue(signal, out var hash))
        {
            _hashes[signal] = hash = SHA256.HashData(DeterministicCbor.Encode(state()));
        }

        return hash;
    }
}
