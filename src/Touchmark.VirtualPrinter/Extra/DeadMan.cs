namespace Touchmark.VirtualPrinter;

/// <summary>
/// Brings the printer to rest when its gateway is silent during a protected job: a file is paused first and the printer rests later, a session ends and the printer rests at once. Silence is
/// counted on the wall's clock, by which the gateway lives.
/// </summary>
/// <param name="extra">Whose job is watched.</param>
/// <param name="reactor">The printer's clock.</param>
/// <param name="pauseAfter">s.</param>
/// <param name="restAfter">s.</param>
internal sealed class DeadMan(TouchmarkExtra extra, Reactor reactor, double pauseAfter, double restAfter)
{
    private const double Every = 1;

    private ProtectedJob? watched;
    private ReactorTimer? timer;
    private long since;
    private bool paused;
    private bool rested;

    public void Watch(ProtectedJob job)
    {
        Leave();
        (watched, since, paused, rested) = (job, reactor.Clock.GetTimestamp(), false, false);
        LookLater();
    }

    public void Leave()
    {
        timer?.Cancel();
        (timer, watched) = (null, null);
    }

    private void LookLater() => timer = extra.Scope.Schedule(extra.Scope.OnTheWall(Every), Look);

    private void Look()
    {
        var job = watched!;
        var silent = reactor.Clock.GetElapsedTime(Math.Max(extra.Link.Heard, since)).TotalSeconds;
        if (silent < pauseAfter)
        {
            paused = rested = false;
        }
        else if (job.IsLive)
        {
            extra.Fail(job, $"The gateway is silent for {silent:0} s. The session is over; start the print anew.");
            return;
        }
        else if (!paused)
        {
            paused = true;
            extra.Hold(job, $"The gateway is silent for {silent:0} s: the print pauses. RESUME goes on when the gateway is back.");
        }
        else if (silent >= restAfter && !rested)
        {
            rested = true;
            extra.Say($"!! Touchmark: The gateway stayed away for {silent:0} s: heaters off.");
            extra.Rest();
        }

        LookLater();
    }
}
