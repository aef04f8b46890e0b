using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>
/// Holds a print's own homing and heating against the enrolled behaviour of its machine. Both lie before the first extrusion, and nothing is sent beyond a wait
/// that is not over, so that a machine that behaves like another one gets no line of the part. It costs no time and needs no word of the gateway's but telemetry.
/// </summary>
internal sealed class SnapshotWatch(BehaviouralSnapshot? enrolled)
{
    private readonly HeatingMeter _heating = new();
    private readonly List<BehaviourFigure> _figures = [];
    private HomingMeter? _homing;
    private PrinterSample? _last;
    private bool _moved;
    private bool _homed;
    private bool _heated;
    private bool _printing;
    private string _homingMissing = "the toolpath did not home";

    /// <summary>What was compared so far.</summary>
    public IReadOnlyList<BehaviourFigure> Figures => [.. _figures];

    /// <summary>What differs and by how much; null while nothing does.</summary>
    public string? Difference { get; private set; }

    /// <summary>A segment has left. Gives what could not be compared, once, when the first extrusion leaves: for the certificate, nothing more.</summary>
    public IEnumerable<(string Code, string Text)> Announce(SegmentPlan plan)
    {
        if (enrolled is null || _printing)
        {
            return [];
        }
        if (plan.Kind == SegmentKind.Home && !_homed && _homing is null)
        {
            _homing = _moved ? null : new HomingMeter();
            _homingMissing = _moved ? "the head was moved before it homed" : _homingMissing;
            if (_last is { } sample)
            {
                _homing?.Observe(sample);
            }
        }
        _moved |= plan.Moves.Count > 0 || plan.Kind == SegmentKind.Macro;
        _printing = plan.Moves.Any(static move => move.ExtrudedMm > 0);
        return _printing ? [.. Missing()] : [];
    }

    public void Observe(in PrinterSample sample)
    {
        if (enrolled is null || _printing)
        {
            return;
        }
        _homing?.Observe(sample);
        _heating.Observe(sample);
        _last = sample;
        if (!_heated && enrolled.ThermalRise is { } rise && _heating.Seconds is { } seconds)
        {
            _heated = true;
            Judge(SnapshotComparison.Heating(rise, seconds));
        }
    }

    /// <summary>A segment is confirmed: with its homing, the machine is through.</summary>
    public void Confirm(SegmentPlan plan)
    {
        if (plan.Kind != SegmentKind.Home || _homing is not { } homing)
        {
            return;
        }
        _homing = null;
        _homingMissing = homing.Missing;
        if (enrolled?.Homing is { } behaviour && homing.Run is { } run)
        {
            var figure = SnapshotComparison.Homing(behaviour, run);
            _homed = figure is not null;
            _homingMissing = "an axis ran that enrolment did not see run";
            Judge(figure);
        }
    }

    private IEnumerable<(string Code, string Text)> Missing()
    {
        if (!_homed && enrolled!.Homing is not null)
        {
            yield return ("HOMING_NOT_COMPARED", $"Homing was not compared with the enrolled machine: {_homingMissing}.");
        }
        if (!_heated && enrolled!.ThermalRise is not null)
        {
            yield return ("HEATING_NOT_COMPARED", $"Heating was not compared with the enrolled machine: {_heating.Missing}.");
        }
    }

    private void Judge(BehaviourFigure? figure)
    {
        if (figure is not null)
        {
            _figures.Add(figure);
        }
        if (figure is { Differs: true })
        {
            Difference ??= $"This machine does not behave like the one that was enrolled: {figure}.";
        }
    }
}
