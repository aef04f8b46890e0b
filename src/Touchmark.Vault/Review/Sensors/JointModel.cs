using System.Globalization;
using Touchmark.Evidence.Cbor;
using Touchmark.Vault.Review.Learning;

namespace Touchmark.Vault.Review.Sensors;

/// <summary>
/// How the channels' offsets go together: their covariance, learned job by job with less weight for jobs that lie far out (as Maronna's M-estimators have it), shrunk towards the identity,
/// because there are more pairs of channels than early jobs. A job's Mahalanobis distance is judged by what that distance usually is.
/// </summary>
internal sealed class JointModel
{
    private const double Shrinkage = 0.15;
    private const double PriorJobs = 5;
    private const int Memory = 200;

    private readonly List<string> _names = [];
    private readonly List<List<double>> _covariance = [];
    private readonly RobustMoments _usual = new();
    private double _jobs;

    /// <summary>A fault where the channels lie unlike each other, though none may lie far out by itself; the channel that contributes most is named.</summary>
    public SensorFault? Judge(IReadOnlyList<(string Channel, double Offset)> job)
    {
        if (job.Count < 2 || _usual.Count < ChannelModel.Enough)
        {
            return null;
        }

        var shares = Shares(job);
        var distance = Math.Max(shares.Sum(), 0);
        var outside = (Math.Log(1 + (distance / job.Count)) - _usual.Location) / Math.Max(_usual.Scale, 0.15);
        var worst = Enumerable.Range(0, job.Count).MaxBy(i => shares[i]);
        return distance / job.Count < 5 || outside <= 0 ? null : new(SensorFaultKind.Together, job[worst].Channel, outside, string.Create(CultureInfo.InvariantCulture,
            $"the channels do not go together as usual: {job[worst].Channel} contributes {100 * shares[worst] / distance:F0} % of a distance of {Math.Sqrt(distance):F1}"));
    }

    public void Learn(IReadOnlyList<(string Channel, double Offset)> job)
    {
        if (job.Count < 2)
        {
            return;
        }

        var places = job.Select(channel => Place(channel.Channel)).ToArray();
        var distance = Math.Max(Shares(job).Sum(), 0) / job.Count;
        _usual.Learn(Math.Log(1 + distance));
        _jobs++;
        var gain = Math.Max(1 / (_jobs + PriorJobs), 1.0 / Memory);
        var weight = Math.Min(1, 3 / Math.Max(distance, 1e-9));
        for (var i = 0; i < job.Count; i++)
        {
            for (var k = 0; k < job.Count; k++)
            {
                ref var cell = ref System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_covariance[places[i]])[places[k]];
                cell += gain * ((weight * job[i].Offset * job[k].Offset) - cell);
            }
        }
    }

    public CborMap ToCbor() => CborMap.Of(
        ("names", new CborArray([.. _names.Select(name => new CborText(name))])),
        ("state", PackedNumbers.Of(Write)));

    public void Restore(CborFields fields) => fields.Map("joint", joint =>
    {
        _names.AddRange(joint.Texts("names", SensorModel.MostChannels));
        var state = new PackedNumbers(joint.Bytes("state", 0, 64 << 10).Span);
        _jobs = state.Take();
        _usual.Restore(state);
        _covariance.AddRange(_names.Select(_ => _names.Select(_ => state.Take()).ToList()));
        if (!state.IsWhole)
        {
            joint.Refuse("state", "not a covariance");
        }

        return this;
    });

    private void Write(PackedNumbers state)
    {
        state.Put(_jobs);
        _usual.Write(state);
        foreach (var cell in _covariance.SelectMany(row => row))
        {
            state.Put(cell);
        }
    }

    private int Place(string name)
    {
        if (_names.IndexOf(name) is >= 0 and var known)
        {
            return known;
        }

        _names.Add(name);
        _covariance.ForEach(row => row.Add(0));
        _covariance.Add([.. _names.Select((_, i) => i == _names.Count - 1 ? 1.0 : 0.0)]);
        return _names.Count - 1;
    }

    /// <summary>What each channel adds to the squared Mahalanobis distance: x_i (S^-1 x)_i, with S^-1 x by Cholesky's decomposition.</summary>
    private double[] Shares(IReadOnlyList<(string Channel, double Offset)> job)
    {
        var n = job.Count;
        var places = job.Select(channel => _names.IndexOf(channel.Channel)).ToArray();
        var lower = new double[n, n];
        for (var i = 0; i < n; i++)
        {
            for (var k = 0; k <= i; k++)
            {
                var sum = Covariance(places[i], places[k], i == k);
                for (var m = 0; m < k; m++)
                {
                    sum -= lower[i, m] * lower[k, m];
                }

                lower[i, k] = i == k ? Math.Sqrt(Math.Max(sum, Shrinkage / 10)) : sum / lower[k, k];
            }
        }

        var solved = job.Select(channel => channel.Offset).ToArray();
        for (var i = 0; i < n; i++)
        {
            for (var k = 0; k < i; k++)
            {
                solved[i] -= lower[i, k] * solved[k];
            }

            solved[i] /= lower[i, i];
        }

        for (var i = n - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < n; k++)
            {
                solved[i] -= lower[k, i] * solved[k];
            }

            solved[i] /= lower[i, i];
        }

        return [.. job.Select((channel, i) => channel.Offset * solved[i])];
    }

    private double Covariance(int row, int column, bool same)
    {
        var learned = row < 0 || column < 0 ? (same ? 1 : 0) : _covariance[row][column];
        return ((1 - Shrinkage) * learned) + (same ? Shrinkage : 0);
    }
}
