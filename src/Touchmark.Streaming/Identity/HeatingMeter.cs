namespace Touchmark.Streaming;

/// <summary>
/// Times a nozzle on its way from 60 to 120 °C under full power. The band is chosen so that neither end of the curve is in it: below, the heat is on its way to
/// the thermistor, and what is left of an earlier print shows; above, the control loop takes power back. Samples go in; one figure comes out, or why there is none.
/// </summary>
public sealed class HeatingMeter
{
    /// <summary>Where the clock starts, °C.</summary>
    public const double FromC = 60;

    /// <summary>Where it stops, °C.</summary>
    public const double ToC = 120;

    /// <summary>The least target that heats through the band at full power (Klipper's PID takes power back some 30 °C below it), °C.</summary>
    public const double LeastTargetC = 150;

    /// <summary>The warmest nozzle that counts as cold when it begins to heat, °C.</summary>
    public const double ColdC = 45;

    /// <summary>A longer gap between two samples leaves a crossing in the dark, s.</summary>
    private const double MaxGap = 0.6;

    /// <summary>The part fan blows at the nozzle; below this it is off, share.</summary>
    private const double FanOff = 0.05;

    private PrinterSample? _last;
    private bool _heating;
    private bool _spoilt;
    private double _started = double.NaN;

    /// <summary>From 60 to 120 °C, s of the printer's clock; null until it was seen.</summary>
    public double? Seconds { get; private set; }

    /// <summary>Why there is no figure, in words, for the case that it stays so.</summary>
    public string Missing { get; private set; } = "the nozzle was not heated from cold";

    public void Observe(in PrinterSample sample)
    {
        if (Seconds is not null || (_last is { } heard && sample.EventTime <= heard.EventTime))
        {
            return;
        }
        if (_last is { } last)
        {
            Follow(last, sample);
        }
        _last = sample;
    }

    private void Follow(in PrinterSample last, in PrinterSample sample)
    {
        if (sample.NozzleTargetC < LeastTargetC)
        {
            _heating = false;
            return;
        }
        if (!_heating)
        {
            (_heating, _started, _spoilt) = (true, double.NaN, last.NozzleC > ColdC);
            Missing = _spoilt ? FormattableString.Invariant($"the nozzle was at {last.NozzleC:F0} °C already when it began to heat") : Missing;
        }
        if (sample.FanSpeed > FanOff && sample.NozzleC < ToC)
        {
            Spoil("the part fan was on while the nozzle heated");
        }
        bool crosses = Crosses(FromC, last, sample) || Crosses(ToC, last, sample);
        if (crosses && sample.EventTime - last.EventTime > MaxGap)
        {
            Spoil("telemetry had a gap while the nozzle heated");
        }
        if (Crosses(FromC, last, sample))
        {
            _started = CrossingTime(FromC, last, sample);
        }
        if (Crosses(ToC, last, sample) && !_spoilt && !double.IsNaN(_started))
        {
            Seconds = CrossingTime(ToC, last, sample) - _started;
        }
    }

    private void Spoil(string why)
    {
        _spoilt = true;
        Missing = why;
    }

    private static bool Crosses(double celsius, in PrinterSample last, in PrinterSample sample) => last.NozzleC < celsius && sample.NozzleC >= celsius;

    private static double CrossingTime(double celsius, in PrinterSample last, in PrinterSample sample) =>
        last.EventTime + ((sample.EventTime - last.EventTime) * (celsius - last.NozzleC) / (sample.NozzleC - last.NozzleC));
}
