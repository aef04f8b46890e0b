namespace Touchmark.Streaming;

/// <summary>One figure of a machine's behaviour beside the enrolled one.</summary>
/// <param name="What">For people: <c>homing</c>, <c>heating the nozzle from 60 to 120 °C</c>, <c>the bed's mesh</c>.</param>
/// <param name="Found">What was measured now.</param>
/// <param name="Enrolled">What this machine is expected to show.</param>
/// <param name="Tolerance">How far the two may be apart.</param>
/// <param name="Unit"><c>s</c> or <c>mm</c>.</param>
public sealed record BehaviourFigure(string What, double Found, double Enrolled, double Tolerance, string Unit)
{
    public bool Differs => Math.Abs(Found - Enrolled) > Tolerance;

    /// <summary>Such as <c>homing took 9.8 s, enrolled 14.2 s ± 1.3 s</c>.</summary>
    public override string ToString() => Unit == "s"
        ? FormattableString.Invariant($"{What} took {Found:F1} s, enrolled {Enrolled:F1} s ± {Tolerance:F1} s")
        : FormattableString.Invariant($"{What} deviates by {Found:F3} mm, enrolled {Enrolled:F3} mm ± {Tolerance:F3} mm");
}

/// <summary>
/// Compares behaviour. A tolerance is a floor and three times the scatter that enrolment saw. The floors are there because three repeats can agree by luck, and
/// because honest machines live: telemetry tells of a motion or a crossing to a quarter of a second, a supply sags while the bed heats, a room is cold in winter,
/// a sock is put on the heater block. A false alarm ends somebody's print; a miss leaves the other checks in place.
/// </summary>
public static class SnapshotComparison
{
    private const double Deviations = 3;

    /// <summary>How much less time a homing seems to take for each axis that was not seen to run, s.</summary>
    private const double Hidden = 0.25;

    public static BehaviourFigure? Homing(HomingBehaviour enrolled, in HomingRun run) => enrolled.Expect(run) is { } expected
        ? new BehaviourFigure("homing", run.Seconds, expected, 0.75 + (Hidden * enrolled.Hidden(run)) + (0.03 * expected) + (Deviations * enrolled.Rest.Scatter), "s")
        : null;

    public static BehaviourFigure Heating(Measured enrolled, double seconds) =>
        new("heating the nozzle from 60 to 120 °C", seconds, enrolled.Mean, 0.4 + (0.1 * enrolled.Mean) + (Deviations * enrolled.Scatter), "s");

    public static BehaviourFigure Mesh(Measured enrolled, double deviation) =>
        new("the bed's mesh", deviation, enrolled.Mean, 0.01 + (0.15 * enrolled.Mean) + (Deviations * enrolled.Scatter), "mm");

    /// <summary>The figures that two snapshots of one machine have in common. A homing is compared for 100 mm on each axis.</summary>
    public static IEnumerable<BehaviourFigure> Compare(BehaviouralSnapshot enrolled, BehaviouralSnapshot presented)
    {
        if (enrolled.Homing is { } was && presented.Homing is { } now)
        {
            var run = new HomingRun(0, was.SpeedX is null ? 0 : 100, was.SpeedY is null ? 0 : 100, was.SpeedZ is null ? 0 : 100);
            if (now.Expect(run) is { } seconds && Homing(was, run with { Seconds = seconds }) is { } homing)
            {
                yield return homing;
            }
        }
        if (enrolled.ThermalRise is { } slow && presented.ThermalRise is { } quick)
        {
            yield return Heating(slow, quick.Mean);
        }
        if (enrolled.MeshDeviation is { } before && presented.MeshDeviation is { } after)
        {
            yield return Mesh(before, after.Mean);
        }
    }
}
