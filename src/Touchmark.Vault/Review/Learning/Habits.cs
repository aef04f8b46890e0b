using Touchmark.Evidence.Cbor;

namespace Touchmark.Vault.Review.Learning;

/// <summary>
/// What usually is chosen here out of many: how often each was, and how often it was something new. Where each job has new settings, new settings surprise nobody. What is old fades, and
/// what fades most is forgotten first when there is too much.
/// </summary>
internal sealed class Habits
{
    /// <summary>Jobs from which on something can be a surprise.</summary>
    public const int Enough = 8;

    private const int Most = 64;
    private const double Fading = 0.995;

    private readonly SortedDictionary<string, double> _weights = new(StringComparer.Ordinal);
    private double _all;
    private double _new;

    public long Count { get; private set; }

    /// <summary>What was chosen most often; null of nothing.</summary>
    public string? Usual => _weights.Count == 0 ? null : _weights.MaxBy(known => known.Value).Key;

    /// <summary>The part of the jobs, the last ones counting most, that had this.</summary>
    public double Share(string choice) => _all > 0 ? _weights.GetValueOrDefault(choice) / _all : 0;

    /// <summary>0 for what is usual, up to 1 for something new where nothing new was chosen for long.</summary>
    public double Surprise(string choice) => Count < Enough || _weights.ContainsKey(choice) ? 0 : Math.Max(0, 1 - (3 * (_new + 0.5) / (_all + 1)));

    public void Learn(string choice)
    {
        var isNew = !_weights.ContainsKey(choice);
        foreach (var known in _weights.Keys.ToList())
        {
            _weights[known] *= Fading;
        }

        if (isNew && _weights.Count == Most)
        {
            _weights.Remove(_weights.MinBy(known => known.Value).Key);
        }

        _weights[choice] = _weights.GetValueOrDefault(choice) + 1;
        _all = (_all * Fading) + 1;
        // The first choice of all is new to everybody.
        _new = (_new * Fading) + (isNew && Count > 0 ? 1 : 0);
        Count++;
    }

    public CborMap ToCbor() => CborMap.Of(
        ("choices", new CborArray([.. _weights.Keys.Select(known => new CborText(known))])),
        ("state", PackedNumbers.Of(state =>
        {
            state.Put(Count);
            state.Put(_all);
            state.Put(_new);
            foreach (var weight in _weights.Values)
            {
                state.Put(weight);
            }
        })));

    public static Habits Read(CborFields fields)
    {
        var choices = fields.Texts("choices", Most, 512);
        var state = new PackedNumbers(fields.Bytes("state", 0, (Most + 3) * sizeof(double)).Span);
        var habits = new Habits { Count = state.TakeCount(int.MaxValue), _all = state.Take(), _new = state.Take() };
        foreach (var choice in choices)
        {
            habits._weights[choice] = state.Take();
        }

        if (!state.IsWhole || habits._weights.Count < choices.Count)
        {
            fields.Refuse("state", "not one number for each choice");
        }

        return habits;
    }
}
