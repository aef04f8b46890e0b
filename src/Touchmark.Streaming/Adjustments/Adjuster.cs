using System.Globalization;

namespace Touchmark.Streaming;

/// <summary>What the engine has adjusted at the moment.</summary>
/// <param name="SpeedFactor">By which the feed is slowed; 1: not.</param>
/// <param name="NozzleTrimC">How far the nozzle is held below the toolpath's target, °C.</param>
/// <param name="BedTrimC">The same of the bed, °C.</param>
/// <param name="Why">One sentence.</param>
public sealed record LiveAdjustment(double SpeedFactor, double NozzleTrimC, double BedTrimC, string Why);

/// <summary>
/// Decides from telemetry by how much the feed is slowed and the heaters' targets are trimmed, within what the licence allows. A nozzle that sags is helped by a
/// slower feed first, for it needs less heat then; what is left is trimmed, down, so that it is held evenly and Klipper does not shut down for it.
/// </summary>
internal sealed class Adjuster(SessionSettings settings)
{
    private readonly Staircase _heat = new(AdjustmentLimits.FeedStep, settings.MaxSlowdown);
    private readonly Staircase _keepUp = new(AdjustmentLimits.FeedStep, settings.MaxSlowdown);
    private readonly PaceWatch _pace = new();
    private double _time = double.NaN;
    private double _executed;
    private double _filament;
    private double _flowed = double.NegativeInfinity;

    public HeaterWatch Nozzle { get; } = new(settings.MaxTrimC);

    public HeaterWatch Bed { get; } = new(settings.MaxTrimC);

    /// <summary>By which the feed ought to be slowed; 1: not.</summary>
    public double SpeedFactor => Math.Round(1 - Math.Max(_heat.Level, _keepUp.Level), 3);

    /// <summary>Why the feed is as it is.</summary>
    public string WhyFeed { get; private set; } = "";

    /// <summary>Why a heater is trimmed.</summary>
    public static string WhyTrim(string name, HeaterWatch heater) =>
        heater.TrimC > 0 ? Text($"The {name} is at {heater.ActualC:F1} °C and its target is {heater.TargetC:F0} °C.") : $"The {name} holds its target again.";

    /// <summary>Takes a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="executed">Motion that was seen done, plan seconds.</param>
    /// <param name="busy">Whether there is motion outside and nothing to wait for.</param>
    public void Observe(in PrinterSample sample, double executed, bool busy)
    {
        double elapsed = double.IsNaN(_time) ? 0 : sample.EventTime - _time;
        if (elapsed < 0)
        {
            return;
        }
        _time = sample.EventTime;
        if (sample.E > _filament)
        {
            _flowed = _time;
        }
        _filament = sample.E;
        bool flows = _time - _flowed <= AdjustmentLimits.FlowSeconds;
        Nozzle.Observe(sample.NozzleC, sample.NozzleTargetC, _time, flows);
        Bed.Observe(sample.BedC, sample.BedTargetC, _time, flows);
        double before = SpeedFactor;
        Heat();
        Pace(executed - _executed, elapsed, sample.SpeedFactor, busy);
        _executed = executed;
        if (SpeedFactor != before)
        {
            _pace.Restart();
            WhyFeed = _heat.Level >= _keepUp.Level && _heat.Level > 0 ? Text($"The nozzle sags: {Nozzle.ActualC:F1} °C, target {Nozzle.TargetC:F0} °C.")
                : _keepUp.Level > 0 ? "The machine falls behind its plan."
                : "All is well again.";
        }
    }

    private void Heat()
    {
        if (Nozzle.Sags && !_heat.IsAtTop)
        {
            _heat.Worsen(_time);
        }
        else
        {
            Nozzle.Trim(_time);
            if (Nozzle.IsWell && Nozzle.TrimC == 0)
            {
                _heat.Improve(_time);
            }
            else
            {
                _heat.Keep();
            }
        }
        Bed.Trim(_time);
    }

    private void Pace(double done, double elapsed, double speedFactor, bool busy)
    {
        if (busy)
        {
            _pace.Observe(done, elapsed, Math.Clamp(speedFactor, 0.1, 10));
        }
        if (_pace.Pace is < AdjustmentLimits.BehindPace)
        {
            _keepUp.Worsen(_time);
            _pace.Restart();
        }
        else if (_pace.Pace is > AdjustmentLimits.EvenPace)
        {
            _keepUp.Improve(_time);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
