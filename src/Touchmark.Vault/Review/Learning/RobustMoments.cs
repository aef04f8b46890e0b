namespace Touchmark.Vault.Review.Learning;

/// <summary>
/// Location and scale of numbers that come one at a time. The first are taken by median and median absolute deviation; each later one moves the location by
/// Huber's clipped step and the scale by its clipped square, so that no single number counts for more than one that lies three scales out. What is old is forgotten
/// slowly: a number weighs 1/<see cref="Memory"/> at least.
/// </summary>
internal sealed class RobustMoments
{
    private const int Start = 8;
    private const int Memory = 200;
    private const double Clip = 3;

    private readonly List<double> _first = [];

    public long Count { get; private set; }

    public double Location { get; private set; }

    public double Scale { get; private set; }

    /// <summary>How many scales <paramref name="value"/> lies above (or, negative, below) the location.</summary>
    /// <param name="value">In the unit of what was learned.</param>
    /// <param name="floor">The smallest scale that is believed: what is always the same has none.</param>
    public double Distance(double value, double floor) => (value - Location) / Math.Max(Scale, floor);

    public void Learn(double value)
    {
        Count++;
        if (Count <= Start)
        {
            _first.Add(value);
            Estimate();
            return;
        }

        _first.Clear();
        var gain = Math.Max(1.0 / Count, 1.0 / Memory);
        var scale = Math.Max(Scale, 1e-12);
        var step = Math.Clamp((value - Location) / scale, -Clip, Clip);
        Location += gain * scale * step;
        Scale = scale * Math.Sqrt(1 + (gain * ((step * step) - 1)));
    }

    public void Write(PackedNumbers state)
    {
        state.Put(Count);
        if (Count > Start)
        {
            state.Put(Location);
            state.Put(Scale);
        }
        else
        {
            _first.ForEach(state.Put);
        }
    }

    /// <summary>Becomes what was written.</summary>
    public void Restore(PackedNumbers state)
    {
        _first.Clear();
        Count = state.TakeCount(int.MaxValue);
        if (Count > Start)
        {
            Location = state.Take();
            Scale = Math.Abs(state.Take());
            return;
        }

        for (var i = 0; i < Count; i++)
        {
            _first.Add(state.Take());
        }

        Estimate();
    }

    private void Estimate()
    {
        Location = Statistics.Median(_first);
        Scale = Statistics.Scale(_first, Location);
    }
}
