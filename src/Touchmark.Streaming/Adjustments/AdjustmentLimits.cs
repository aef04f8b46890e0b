namespace Touchmark.Streaming;

/// <summary>When the engine adjusts, and by how much at a time. How much in all is the licence's to say. Times are seconds of the printer's clock.</summary>
internal static class AdjustmentLimits
{
    /// <summary>A heater this far below its target sags, °C. Klipper itself allows 5 and then shuts down after 120 °C·s (klippy/extras/verify_heater.py).</summary>
    public const double SagC = 4;

    /// <summary>And this close to it is well again, °C; also how near it must have come once for a sag to be one, and not heating up.</summary>
    public const double WellC = 1.5;

    /// <summary>How long it must sag.</summary>
    public const double SagSeconds = 5;

    /// <summary>Filament must have moved within this time: a nozzle that idles is nobody's loss.</summary>
    public const double FlowSeconds = 5;

    /// <summary>One step of the feed, as a share of 1.</summary>
    public const double FeedStep = 0.1;

    /// <summary>One step of a heater's target, °C.</summary>
    public const double TrimStep = 2.5;

    /// <summary>Time for a step to show before the next in the same direction: the thermal delay of a hot end.</summary>
    public const double Settle = 10;

    /// <summary>How long things must be well before a step is taken back; doubled each time that this proves too soon.</summary>
    public const double Hold = 20;

    public const double LongestHold = 640;

    /// <summary>A step that is needed again within this time of being taken back was taken back too soon.</summary>
    public const double TooSoon = 180;

    /// <summary>Motion over which the pace is measured.</summary>
    public const double PaceWindow = 20;

    /// <summary>Below this share of the planned pace a machine falls behind …</summary>
    public const double BehindPace = 0.85;

    /// <summary>… and above this it does not.</summary>
    public const double EvenPace = 0.95;

    /// <summary>A head that stands longer than this waits for something else than lines: it is paused, or somebody is.</summary>
    public const double LongestHitch = 3;
}
