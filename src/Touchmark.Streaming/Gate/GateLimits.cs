namespace Touchmark.Streaming;

/// <summary>
/// What the telemetry gate tolerates, and why. Times are seconds of the printer's clock unless they are plan seconds. The figures allow for what a stock
/// Klipper shows: 4 samples a second, 1 s of queue, 353 ms from idle to the first step, stop-and-go when its queue runs dry. They bound how long a fake
/// can go on, never how much it gets: no segment leaves the engine beyond the window, whatever these say. How long the printer stood, kept lines waiting or
/// spent in a segment is counted by the printer's clock and by the engine's, and the shorter time counts (<see cref="Waited"/>).
/// </summary>
internal static class GateLimits
{
    /// <summary>Step of the alignment, plan seconds: 3 mm at 300 mm/s, and the chord between two steps is what a sample is measured against.</summary>
    public const double Step = 0.01;

    /// <summary>Farthest that a sample may lie from the planned path in XY, mm: skew correction and offsets move it by tenths, another path by more.</summary>
    public const double MaxDistanceXY = 1.0;

    /// <summary>The same in Z, mm: a bed mesh moves the real Z by up to a millimetre.</summary>
    public const double MaxDistanceZ = 1.5;

    /// <summary>Spread of an honest sample across the path, mm.</summary>
    public const double SpreadXY = 0.3;

    public const double SpreadZ = 0.5;

    /// <summary>Spread of an honest filament position, mm: a retraction moves 1 to 6 mm in the time of a few steps.</summary>
    public const double SpreadE = 0.7;

    /// <summary>The filament position alone never rules a place out: at most this much cost.</summary>
    public const double MaxExtrusionCost = 4;

    /// <summary>Spread between the planned and the real pace from sample to sample, plan seconds.</summary>
    public const double SpreadPace = 0.08;

    /// <summary>Cost of standing still while the printer says that the head moves.</summary>
    public const double StallCostMoving = 3;

    /// <summary>Cost of standing still while the printer says that it stands: it waits for the next lines, or the filament alone moves.</summary>
    public const double StallCostResting = 0.5;

    /// <summary>Below this speed the head rests, mm/s.</summary>
    public const double RestingVelocity = 0.5;

    /// <summary>How much faster than planned the head may be from one sample to the next: the plan's kinematic model is not the printer's to the millisecond.</summary>
    public const double MaxPace = 1.1;

    /// <summary>And by how many plan seconds more: a sample is up to one step of the host's timer older or younger than it says.</summary>
    public const double PaceSlack = 0.12;

    /// <summary>Places that explain the samples worse than the best one by this much are given up.</summary>
    public const float Hopeless = 30;

    /// <summary>The same for places on a move from an unknown position: they fit any sample, and would take in every one that fits nothing else.</summary>
    public const float HopelessUnplanned = 10;

    /// <summary>A place that explains the samples worse than the best one by no more than this is about as good.</summary>
    public const float AsGood = 4;

    /// <summary>Plan seconds over which places may be about as good where the pace is judged.</summary>
    public const double MaxSpread = 0.3;

    /// <summary>Pace over a longer time that is faster than any error of the plan.</summary>
    public const double ImpossiblePace = 1.25;

    /// <summary>Plan seconds that may be gained at an impossible pace before it is one.</summary>
    public const double MaxLead = 1.5;

    /// <summary>How long the head may move beside the path. Longer, and it goes another way; to park and to come back takes a machine about this long.</summary>
    public const double MaxOffPath = 6;

    /// <summary>And at least so many samples, so that one gap in telemetry decides nothing.</summary>
    public const int MinOffPathSamples = 6;

    /// <summary>Motion, plan seconds, that a printer may have taken over and not executed when its owner's own commands begin: they wait for it.</summary>
    public const double MaxOwed = 0.75;

    /// <summary>How long the head may be beside the path with motion of the plan still to do, s.</summary>
    public const double MaxAstray = 3;

    /// <summary>Samples in a row on the path after which the head is back on it.</summary>
    public const int BackOnPathSamples = 4;

    /// <summary>Samples beside the path that cast no doubt yet.</summary>
    public const int StraySamples = 1;

    /// <summary>How long the head must rest beside the path to count as parked, s.</summary>
    public const double ParkedSeconds = 2;

    /// <summary>How often it may be parked in one print.</summary>
    public const int MaxParkings = 10;

    /// <summary>How long the owner may keep it parked, s: a filament change, and looking for the filament.</summary>
    public const double MaxParked = 10 * 60;

    /// <summary>How long the head may stand while the printer has taken lines over: 0.35 s to start, 1 s of look-ahead, a hiccup of the host.</summary>
    public const double MaxStill = 6;

    /// <summary>How long the printer may take to take over lines that were sent: a bad network, or its owner who holds its command queue for a filament change.
    /// It gets nothing more meanwhile.</summary>
    public const double MaxUnanswered = 10 * 60;

    /// <summary>A segment may take this many times its planned duration …</summary>
    public const double MaxSlowness = 4;

    /// <summary>… and this much more.</summary>
    public const double SegmentSlack = 45;

    /// <summary>A gap between two samples counts at most this much against the waits above: the network was gone, not the printer.</summary>
    public const double MaxCountedGap = 1;

    /// <summary>Plan seconds by which the aligned place may be wrong: the filament is compared with the range it passes through in that time.</summary>
    public const double AlignmentError = 0.15;

    /// <summary>Share of the planned filament whose absence is forgiven: filament diameters, rounding.</summary>
    public const double FilamentTolerance = 0.1;

    /// <summary>Missing filament, mm, from which on nothing more is let out.</summary>
    public const double FilamentInDoubt = 0.5;

    /// <summary>Filament, mm, by which the printer may be ahead of the plan before its scale is moved: the alignment was behind for a moment.</summary>
    public const double FilamentCredit = 2;

    /// <summary>Missing filament, mm, below which a doubt is over.</summary>
    public const double FilamentInOrder = 0.2;

    /// <summary>Missing filament, mm, that no error of the alignment explains.</summary>
    public const double MaxFilamentMissing = 1.5;

    /// <summary>Samples in a row that must show it missing.</summary>
    public const int ShortSamples = 3;

    /// <summary>How far a nozzle may sag below what was ordered while filament is fed, °C: a fan that starts, a fast infill.</summary>
    public const double MaxNozzleSag = 15;

    /// <summary>The same for the bed, °C.</summary>
    public const double MaxBedSag = 12;

    /// <summary>How far the owner may turn the nozzle down at the printer, °C.</summary>
    public const double MaxTurnedDown = 30;

    /// <summary>How long filament may be fed through what is too cold, s.</summary>
    public const double MaxCold = 1.5;

    /// <summary>How long a turned knob's old value still counts, s: the printer's queue and a sample.</summary>
    public const double KnobSeconds = 3;

    /// <summary>More turns of a knob than this within that time are not kept apart.</summary>
    public const int MaxKnobTurns = 32;

    /// <summary>Share of the planned pace that every machine of the profile reaches while it has lines.</summary>
    public const double LeastPace = 0.7;

    /// <summary>Lag, plan seconds, from which on nothing more is let out.</summary>
    public const double LagInDoubt = 0.2;

    /// <summary>Lag, plan seconds, that is no machine's of this profile.</summary>
    public const double MaxLag = 0.7;

    /// <summary>Share of the time that the head waits for lines by which its lag shrinks.</summary>
    public const double LagForgiven = 0.5;

    /// <summary>How long filament may be in doubt, s: at the end of what was sent, no error of the alignment is left to explain it.</summary>
    public const double MaxDoubt = 8;

    /// <summary>How long heat may be in doubt, s: a heater that sagged has this long to come back.</summary>
    public const double MaxHeatDoubt = 60;

    /// <summary>How far the alignment may run ahead before it is right again, plan seconds.</summary>
    public const double LagCredit = 1;

    /// <summary>Distance from the end of a segment within which the head may be waiting for the next one, plan seconds.</summary>
    public const double AtSegmentEnd = 0.08;

    /// <summary>Distance from the target at which a heater counts as there, °C (Klipper's own band is 1 °C around its smoothed reading).</summary>
    public const double HeaterBand = 2.5;

    /// <summary>How far the target that the printer reports may be from the ordered one, °C: rounding.</summary>
    public const double TargetBand = 1;

    /// <summary>Samples in a row that must show a heater on target.</summary>
    public const int HeaterSamples = 2;

    /// <summary>Within this distance of its target a heater may creep, °C (Klipper's <c>verify_heater</c>, hysteresis).</summary>
    public const double NearTarget = 5;

    /// <summary>Farther away it must gain this much, °C (<c>heating_gain</c>) …</summary>
    public const double HeatGain = 2;

    /// <summary>… in this time, s: three times Klipper's <c>check_gain_time</c> for a nozzle …</summary>
    public const double NozzleGainSeconds = 60;

    /// <summary>… and for a bed or chamber.</summary>
    public const double BedGainSeconds = 180;

    /// <summary>How long homing may be done and no axis homed, s: the next report shows it.</summary>
    public const double MaxNotHomed = 10;

    /// <summary>Longest time for a nozzle to heat or cool.</summary>
    public const double MaxNozzleWait = 15 * 60;

    /// <summary>Longest time for a bed or chamber.</summary>
    public const double MaxBedWait = 60 * 60;

    /// <summary>Longest homing: a large machine with a slow probe.</summary>
    public const double MaxHoming = 4 * 60;

    /// <summary>Longest macro of the machine's profile: it may heat, level and purge.</summary>
    public const double MaxMacro = 30 * 60;

    /// <summary>How long the head must rest after a macro was taken over before its motion counts as over: longer than the way from idle to the first step.</summary>
    public const double MacroRest = 0.8;

    /// <summary>Longest wait of a G4 or M400 beyond its own duration.</summary>
    public const double MaxDwellOver = 60;

    /// <summary>Motion before a G28 or a macro that need not be seen ending, plan seconds: homing starts without a stop, between two samples.</summary>
    public const double UnseenTail = 0.75;

    /// <summary>Samples that are kept as evidence.</summary>
    public const int EvidenceSamples = 32;
}
