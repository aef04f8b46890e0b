namespace Touchmark.VirtualPrinter;

/// <summary>
/// Takes moves, plans them and hands them to the steppers a little ahead of time, as Klipper's <c>toolhead.py</c> does: about one second of motion is
/// accepted ahead, counted in motion time; then the caller waits.
/// </summary>
internal sealed class Toolhead
{
    /// <summary>Motion accepted ahead of the steppers, s. A caller that finds more waits until it is down to this.</summary>
    public const double BufferHigh = 1.0;

    private const double BufferSlack = 0.100;
    private const double BufferStart = 0.250;
    private const double BufferLow = 0.250;
    private const double PrimingTime = 0.100;
    private const double StallPoll = 0.100;
    private const double EndstopTime = 0.250;

    private readonly ReactorScope scope;
    private readonly LookAhead lookAhead = new();
    private readonly MotionHistory history;
    private readonly Kinematics kinematics;
    private readonly double slowness;
    private readonly double mcuStart;
    private ReactorTimer? flush;
    private double checkPauseAbove = -1;
    private double stallCheck;
    private bool starved = true;
    private string? haltReason;

    public Toolhead(ReactorScope scope, MotionHistory history, Kinematics kinematics, double slowness, Position truePosition, double mcuStart)
    {
        this.scope = scope;
        this.history = history;
        this.kinematics = kinematics;
        this.slowness = slowness;
        this.mcuStart = mcuStart;
        Offset = truePosition;
        Motors = new Motors(scope);
        history.Rest(default);
    }

    /// <summary>Raised with the estimated and the new print time when motion starts after a rest.</summary>
    public event Action<double, double>? Restarted;

    /// <summary>Print time of the end of what has been planned, s on the microcontroller's clock.</summary>
    public double PrintTime { get; private set; }

    /// <summary>How often the steppers ran dry while moves were coming.</summary>
    public int Stalls { get; private set; }

    /// <summary>The end of the last accepted move, in the toolhead's coordinates.</summary>
    public Position Commanded { get; private set; }

    /// <summary>True position minus toolhead coordinates.</summary>
    public Position Offset { get; private set; }

    public Motors Motors { get; }

    public bool IsHalted => haltReason is not null;

    public int QueuedMoves => lookAhead.Count;

    public double EstimatedPrintTime => scope.Now - mcuStart;

    public double ToEventTime(double printTime) => printTime + mcuStart;

    public Kinematics Kinematics => kinematics;

    public MotionHistory History => history;

    /// <summary>Accepts a move. Waits, when it is the last that fits, until there is room again.</summary>
    public ValueTask MoveAsync(Position end, double speed)
    {
        RefuseIfHalted();
        var move = new Move(Commanded, end, speed, kinematics.Limits);
        if (move.Distance == 0)
            return ValueTask.CompletedTask;
        kinematics.Check(move);
        Commanded = move.End;
        if (lookAhead.Add(move, kinematics.ExtruderJump))
            Process(lookAhead.Release(stop: false));
        return PrintTime > checkPauseAbove ? PauseAsync() : ValueTask.CompletedTask;
    }

    /// <summary>Names the present position; the machine does not move.</summary>
    public void SetPosition(Position position)
    {
        FlushLookAhead();
        Offset = Commanded + Offset - position;
        Commanded = position;
        history.Rest(position);
    }

    /// <summary>Plans everything that is queued, ending at a standstill, and gives the print time at which the next thing can happen.</summary>
    public double LastMoveTime()
    {
        FlushLookAhead();
        if (starved)
            Restart();
        return PrintTime;
    }

    /// <summary>Calls <paramref name="work"/> with the print time at which the moves queued so far end.</summary>
    public void AtEndOfMoves(Action<double> work)
    {
        if (lookAhead.Last is { } last)
            (last.AtEnd ??= []).Add(work);
        else
            work(LastMoveTime());
    }

    public async ValueTask DwellAsync(double seconds)
    {
        PrintTime = LastMoveTime() + Math.Max(0, seconds);
        await PauseAsync();
    }

    /// <summary>Waits until everything that was accepted is done (M400).</summary>
    public async ValueTask WaitMovesAsync()
    {
        FlushLookAhead();
        while (EstimatedPrintTime < PrintTime && haltReason is null)
            await scope.Until(scope.Now + StallPoll);
    }

    /// <summary>Runs towards <paramref name="end"/> until an endstop <paramref name="distance"/> mm away stops it there.</summary>
    public async ValueTask DripAsync(Position end, double speed, double distance)
    {
        RefuseIfHalted();
        var start = LastMoveTime() + 0.001;
        var direction = new Move(Commanded, end, speed, kinematics.Limits).Direction;
        var move = new Move(Commanded, Commanded + direction * distance, speed, kinematics.Limits);
        kinematics.Slow(move);
        if (move.Distance > 1e-9)
        {
            move.Plan(0, Math.Min(move.MaxCruise2, move.Gain2 * 0.5), 0);
            move.Stretch(slowness);
            history.Add(start, move, Offset);
            Commanded = move.End;
        }

        history.Rest(Commanded);
        PrintTime = start + move.Duration + EndstopTime;
        await scope.Until(ToEventTime(PrintTime));
        RefuseIfHalted();
    }

    /// <summary>
    /// An immediate halt: nothing that is planned or queued happens any more, and later moves are refused with <paramref name="reason"/>. Gives the true
    /// position reached.
    /// </summary>
    public Position Halt(string reason)
    {
        haltReason = reason;
        flush?.Cancel();
        lookAhead.Clear();
        Commanded = history.CutAt(EstimatedPrintTime);
        PrintTime = Math.Min(PrintTime, EstimatedPrintTime);
        return Commanded + Offset;
    }

    private void Process(List<Move> moves)
    {
        if (moves.Count == 0)
            return;
        if (starved)
            Restart();
        starved = false;
        foreach (var move in moves)
        {
            for (var motor = 0; motor < 4; motor++)
            {
                if (move.End[motor] != move.Start[motor])
                    Motors.Set(motor, on: true, ToEventTime(PrintTime));
            }
        }

        foreach (var move in moves)
        {
            move.Stretch(slowness);
            history.Add(PrintTime, move, Offset);
            PrintTime += move.Duration;
            if (move.AtEnd is null)
                continue;
            foreach (var work in move.AtEnd)
                work(PrintTime);
        }

        history.Rest(moves[^1].End);
        ScheduleFlush(PrintTime - EstimatedPrintTime - BufferLow);
    }

    /// <summary>The first move after a rest starts a little ahead of now, so that the steppers get their orders in time.</summary>
    private void Restart()
    {
        var estimated = EstimatedPrintTime;
        if (estimated < stallCheck)
            Stalls++;
        stallCheck = 0;
        if (PrintTime >= estimated + BufferStart)
            return;
        PrintTime = estimated + BufferStart;
        Restarted?.Invoke(estimated, PrintTime);
    }

    private async ValueTask PauseAsync()
    {
        // The first moves after a rest wait a little for company before they are planned.
        if (starved && lookAhead.Count > 0 && flush is not { IsPending: true })
            ScheduleFlush(Math.Max(PrimingTime, PrintTime - EstimatedPrintTime - BufferLow));
        // The margin keeps a wait that ends a rounding error early from waiting again for no time at all.
        while (PrintTime - EstimatedPrintTime > BufferHigh + 1e-6 && haltReason is null)
            await scope.Until(ToEventTime(PrintTime - BufferHigh));
        checkPauseAbove = starved ? -1 : EstimatedPrintTime + BufferHigh + BufferSlack;
    }

    private void RefuseIfHalted()
    {
        if (haltReason is not null)
            throw new CommandError(haltReason);
    }

    private void ScheduleFlush(double delay)
    {
        flush?.Cancel();
        flush = scope.Schedule(scope.Now + Math.Max(0, delay), () =>
        {
            var priming = starved;
            FlushLookAhead();
            stallCheck = priming ? 0 : PrintTime;
        });
    }

    private void FlushLookAhead()
    {
        Process(lookAhead.Release(stop: true));
        flush?.Cancel();
        starved = true;
        checkPauseAbove = -1;
    }
}
