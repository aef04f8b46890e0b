namespace Touchmark.Streaming;

/// <summary>What challenges are made of and how they are judged, and why.</summary>
internal static class ChallengeLimits
{
    /// <summary>The first challenge comes at a random place within so much motion: well inside the first window, plan seconds.</summary>
    public const double FirstWithin = 1;

    /// <summary>After one that was not answered the next comes within so much motion, plan seconds.</summary>
    public const double RepeatWithin = 2;

    /// <summary>Least time between two, plan seconds.</summary>
    public const double ShortestPause = 1;

    /// <summary>Longest time, as a multiple of the mean.</summary>
    public const double LongestPause = 4;

    /// <summary>Plan seconds behind an order after which the printer must show it: the error of the alignment, and a fan that Klipper sets 0.1 s late.</summary>
    public const double OrderMargin = 0.75;

    /// <summary>Samples in a row that must show an order ignored.</summary>
    public const int MissedSamples = 2;

    /// <summary>Challenges of one kind in a row that are not answered before the printer is taken for a proxy. An order that is read too soon takes an error of the
    /// alignment twice over, and a user who sets the old value in the same second: neither happens three times in a row.</summary>
    public const int MaxStrikes = 3;

    /// <summary>A step lasts at least so long, so that it is there in the motion and not in the queue alone, plan seconds.</summary>
    public const double ShortestStep = 1;

    /// <summary>And at most so long, though nothing was heard of it, plan seconds.</summary>
    public const double LongestStep = 12;

    /// <summary>Smallest and largest speed step, %: not to be seen on the part.</summary>
    public const int SmallestSpeedStep = 3;

    public const int LargestSpeedStep = 8;

    /// <summary>Smallest and largest fan step, of 255.</summary>
    public const int SmallestFanStep = 12;

    public const int LargestFanStep = 23;

    /// <summary>A fan below this is left alone, of 255: it may stop or be kicked to start, and first layers want it off.</summary>
    public const double LeastFan = 48;

    /// <summary>Least share of what was ordered that a fan may report (Klipper's <c>max_power</c>): below, a step would be lost in rounding.</summary>
    public const double LeastFanScale = 0.5;

    /// <summary>Motion after a fan line until what the printer shows is believed to be its value, plan seconds.</summary>
    public const double FanSettles = 2;

    /// <summary>Shortest and longest way out of a detour, tenths of mm.</summary>
    public const int ShortestDetour = 60;

    public const int LongestDetour = 90;

    /// <summary>Height that a detour rises on its way out, mm: it touches nothing that is printed.</summary>
    public const double DetourLift = 0.6;

    /// <summary>Speed of a detour, mm/s: slow enough that four samples a second cannot miss it.</summary>
    public const double DetourSpeed = 25;

    /// <summary>Filament that must be drawn back, mm, so that nothing comes out of the nozzle meanwhile.</summary>
    public const double DetourRetraction = 0.2;

    /// <summary>Distance that a detour keeps from the edges of the volume, mm.</summary>
    public const double DetourInset = 2;

    /// <summary>Angle that it keeps from the ways before and behind it, degrees: or another print's travel could pass for it.</summary>
    public const double DetourAngle = 30;

    /// <summary>Distance from its beginning at which a sample counts as on it, mm.</summary>
    public const double DetourSeen = 1.2;

    /// <summary>Distance across it that such a sample may have, mm.</summary>
    public const double DetourAcross = 1;

    /// <summary>Plan seconds before and behind it in which a sample may be on it: the error of the alignment.</summary>
    public const double DetourMargin = 0.75;

    /// <summary>By how much the moves around a detour may take longer once they are planned to rest beside it, plan seconds.</summary>
    public const double ReplanSlack = 0.05;

    /// <summary>How long a place for a detour is looked for before another challenge comes instead, plan seconds.</summary>
    public const double DetourPatience = 6;

    /// <summary>Segments before the end of the print from which on no step begins any more, and from which on everything is put back.</summary>
    public const ulong LastSteps = 8;

    public const ulong PutBack = 3;
}
