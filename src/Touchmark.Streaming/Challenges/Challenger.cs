using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>
/// Puts challenges into the toolpath at places that nobody can foresee, and judges from telemetry whether they were answered there. One at a time: a step is
/// taken back once it was judged, so its length follows the network and the sampling, and an honest printer is never asked for more than it can show.
/// </summary>
/// <param name="settings">How often.</param>
/// <param name="limits">Of the machine.</param>
/// <param name="modes">What the toolpath has set up to the line that is looked at.</param>
/// <param name="speed">The printer's speed factor.</param>
/// <param name="draw">A number from 0 to below the given one, that nobody can foresee.</param>
internal sealed class Challenger(SessionSettings settings, MachineLimits limits, ToolpathModes modes, OrderedValue speed, Func<int, int> draw)
{
    private readonly int[] _strikes = new int[3];
    private double _due = double.NaN;
    private ChallengeKind? _wanted;
    private Step? _step;
    private OrderedValue? _fan;
    private Detour? _detour;
    private bool _missed;
    private double _fanSet;
    private double? _fanScale;
    private PrinterSample? _last;
    private double _executed;

    public ChallengeTally Tally { get; private set; }

    public GateVerdict? Verdict { get; private set; }

    /// <summary>Whether a speed step is under way: the factor must not be changed by anybody else.</summary>
    public bool HoldsSpeed => _step is { Kind: ChallengeKind.SpeedStep };

    /// <summary>The place before a line of a segment that is about to leave: takes back what is done, and asks what is due.</summary>
    /// <param name="sheet">The segment.</param>
    /// <param name="line">The line.</param>
    /// <param name="place">Where the line begins, plan seconds.</param>
    /// <param name="left">Segments behind this one.</param>
    /// <param name="speedFactor">What the speed factor is without a step.</param>
    public void Visit(Sheet sheet, int line, double place, ulong left, double speedFactor)
    {
        if (_step is { } step)
        {
            if (left < ChallengeLimits.PutBack || place > step.From + ChallengeLimits.LongestStep || (step.IsJudged && place >= step.From + ChallengeLimits.ShortestStep))
            {
                TakeBack(step, sheet, line, place, speedFactor);
            }
            return;
        }
        if (_detour is not null || settings.ChallengeSeconds <= 0 || Verdict is not null)
        {
            return;
        }
        if (double.IsNaN(_due))
        {
            _due = place + (Share() * ChallengeLimits.FirstWithin);
        }
        if (place >= _due)
        {
            Ask(sheet, line, place, left, speedFactor);
        }
    }

    /// <summary>The toolpath's own line has set the speed factor or the fan: a step of it is over, and is not judged.</summary>
    public void Overrule(ChallengeKind kind, double place)
    {
        if (kind == ChallengeKind.FanStep)
        {
            _fanSet = place;
        }
        if (_step is { } step && step.Kind == kind)
        {
            Close(place);
        }
    }

    /// <summary>The connection was lost or the engine restarted: what was asked cannot be judged any more.</summary>
    public void Forget()
    {
        (_step, _detour, _fan, _wanted) = (null, null, null, null);
        _due = double.NaN;
    }

    /// <summary>Takes a sample when motion up to <paramref name="executed"/> was seen done, and up to <paramref name="sent"/> has left, plan seconds.</summary>
    public void Observe(in PrinterSample sample, double executed, double sent)
    {
        (_last, _executed) = (sample, executed);
        Take(ChallengeKind.SpeedStep, speed.Judge(sample.SpeedFactor, executed), sent);
        if (_fan is not null)
        {
            Take(ChallengeKind.FanStep, _fan.Judge(sample.FanSpeed, executed), sent);
        }
        if (_detour is { } detour)
        {
            bool? passed = detour.Judge(sample, executed);
            if (passed is { } decided)
            {
                Count(ChallengeKind.Detour, decided);
            }
            if (passed is not null || detour.IsOver)
            {
                _detour = null;
                Schedule(sent);
            }
        }
    }

    private void Take(ChallengeKind kind, Reply reply, double sent)
    {
        if (reply == Reply.Pending)
        {
            return;
        }
        bool isAsked = _step is { IsJudged: false } && _step.Kind == kind;
        // The way back, and what was ordered without a challenge, are expected; only their failure counts.
        if (reply == Reply.Missed || (reply == Reply.Taken && isAsked))
        {
            Count(kind, reply == Reply.Taken);
        }
        if (isAsked)
        {
            _step!.IsJudged = true;
        }
        else if (reply == Reply.Missed && _step is null)
        {
            Schedule(sent);
        }
    }

    private void Ask(Sheet sheet, int line, double place, ulong left, double speedFactor)
    {
        bool late = place > _due + ChallengeLimits.DetourPatience;
        _wanted = _wanted switch
        {
            null => Choose(left, detours: Tally.Asked > 0),
            ChallengeKind.Detour when !late => ChallengeKind.Detour,
            _ => Choose(left, detours: false),
        };
        bool asked = _wanted switch
        {
            ChallengeKind.SpeedStep => StepSpeed(sheet, line, place, speedFactor),
            ChallengeKind.FanStep => StepFan(sheet, line, place),
            ChallengeKind.Detour => GoAround(sheet, line, place),
            _ => false,
        };
        if (asked)
        {
            _wanted = null;
            Tally = Tally with { Asked = Tally.Asked + 1 };
        }
    }

    private ChallengeKind? Choose(ulong left, bool detours)
    {
        Span<ChallengeKind> kinds = stackalloc ChallengeKind[3];
        int count = 0;
        if (left >= ChallengeLimits.LastSteps && !speed.IsForeign && modes.Speed == 1)
        {
            kinds[count++] = ChallengeKind.SpeedStep;
        }
        if (left >= ChallengeLimits.LastSteps && FanScale() is not null)
        {
            kinds[count++] = ChallengeKind.FanStep;
        }
        if (detours)
        {
            kinds[count++] = ChallengeKind.Detour;
        }
        foreach (var kind in kinds[..count])
        {
            if (_strikes[(int)kind] > 0)
            {
                return kind;
            }
        }
        return count == 0 ? null : kinds[draw(count)];
    }

    private bool StepSpeed(Sheet sheet, int line, double place, double factor)
    {
        double percent = ChallengeLimits.SmallestSpeedStep + (draw(((ChallengeLimits.LargestSpeedStep - ChallengeLimits.SmallestSpeedStep) * 10) + 1) / 10.0);
        double step = Math.Round(factor * (1 - (percent / 100)), 3);
        if (!sheet.TryAdd(line, EngineLines.Speed(step)))
        {
            return false;
        }
        speed.Order(step, place);
        _step = new Step(ChallengeKind.SpeedStep, place);
        return true;
    }

    private bool StepFan(Sheet sheet, int line, double place)
    {
        if (FanScale() is not { } scale)
        {
            return false;
        }
        double own = modes.Fan!.Value;
        int size = ChallengeLimits.SmallestFanStep + draw(ChallengeLimits.LargestFanStep - ChallengeLimits.SmallestFanStep + 1);
        double step = Math.Round(own) + (own > 127 ? -size : size);
        if (!sheet.TryAdd(line, EngineLines.Fan(step)))
        {
            return false;
        }
        _fan = new OrderedValue(own / 255 * scale, 0.4 * Math.Abs(step - own) / 255 * scale);
        _fan.Order(step / 255 * scale, place);
        _step = new Step(ChallengeKind.FanStep, place);
        return true;
    }

    private bool GoAround(Sheet sheet, int line, double place)
    {
        if (modes is not { Absolute: { } absolute, Feed: { } feed } || modes.Retracted < ChallengeLimits.DetourRetraction
            || sheet.Around(line) is not ({ } before, { } after) || sheet.MovesOf(line - 1).IsEmpty || !IsTravel(before) || !(after.ExtrudedMm == 0 || IsFilamentOnly(after)))
        {
            return false;
        }
        var stopping = Detour.Replan(before, before.StartSpeed, 0);
        var starting = IsFilamentOnly(after) ? after : Detour.Replan(after, 0, after.EndSpeed);
        if (stopping is not { } stop || starting is not { } start || Detour.Draw(before, after, limits, place + stop.DurationSeconds - before.DurationSeconds, draw) is not { } detour
            || sheet.TimeBefore(sheet.Lines) + detour.To - detour.From > SessionSettings.LongestSegmentSeconds - ChallengeLimits.ReplanSlack
            || !sheet.TryAdd(line, EngineLines.Detour(detour.By, ChallengeLimits.DetourSpeed * 60, feed, absolute), detour.Moves, firstMove: 1))
        {
            return false;
        }
        sheet.StopBefore(line, stop, start);
        _detour = detour;
        return true;
    }

    private static bool IsTravel(in PlannedMove move) => move.ExtrudedMm == 0 && (move.Start.X != move.End.X || move.Start.Y != move.End.Y);

    private static bool IsFilamentOnly(in PlannedMove move) => move.Start == move.End;

    private void TakeBack(Step step, Sheet sheet, int line, double place, double speedFactor)
    {
        if (step.Kind == ChallengeKind.SpeedStep && speed.IsForeign)
        {
            speed.Yield(speedFactor);
        }
        else if (step.Kind == ChallengeKind.SpeedStep)
        {
            if (!sheet.TryAdd(line, EngineLines.Speed(speedFactor)))
            {
                return;
            }
            speed.Order(speedFactor, place);
        }
        else
        {
            if (!sheet.TryAdd(line, EngineLines.Fan(modes.Fan!.Value)))
            {
                return;
            }
            _fan!.Order(modes.Fan.Value / 255 * _fanScale!.Value, place);
        }
        Close(place);
    }

    private void Close(double place)
    {
        _step = null;
        Schedule(place);
    }

    /// <summary>What the printer reports of what was ordered, 0 to 1; null when the fan must be left alone or somebody has set it otherwise.</summary>
    private double? FanScale()
    {
        if (modes.Fan is not >= ChallengeLimits.LeastFan || _last is not { } last || _executed < _fanSet + ChallengeLimits.FanSettles)
        {
            return null;
        }
        double scale = last.FanSpeed / (modes.Fan.Value / 255);
        _fanScale ??= scale is >= ChallengeLimits.LeastFanScale and <= 1.02 ? scale : null;
        return Math.Abs(scale - _fanScale.GetValueOrDefault()) < 0.02 ? _fanScale : null;
    }

    private void Count(ChallengeKind kind, bool answered)
    {
        Tally = answered ? Tally with { Answered = Tally.Answered + 1 } : Tally with { Missed = Tally.Missed + 1 };
        _strikes[(int)kind] = answered ? 0 : _strikes[(int)kind] + 1;
        _missed = !answered;
        if (_strikes[(int)kind] >= ChallengeLimits.MaxStrikes)
        {
            Verdict ??= new GateVerdict(EndReason.ProxySuspected,
                $"Challenges were not answered: {_strikes[(int)kind]} {Name(kind)} in a row are not in the telemetry ({Tally.Answered} of {Tally.Asked} answered in all).");
        }
    }

    private static string Name(ChallengeKind kind) => kind switch
    {
        ChallengeKind.SpeedStep => "changes of speed",
        ChallengeKind.FanStep => "changes of the fan",
        _ => "detours",
    };

    /// <summary>Memoryless, so that the time since the last one tells nothing; soon after one that was missed.</summary>
    private void Schedule(double place)
    {
        double pause = ChallengeLimits.ShortestPause + Math.Min(-Math.Log(1 - Share()), ChallengeLimits.LongestPause) * settings.ChallengeSeconds;
        _due = place + (_missed ? Share() * ChallengeLimits.RepeatWithin : pause);
    }

    private double Share()
    {
        const int Grain = 1 << 24;
        return draw(Grain) / (double)Grain;
    }

    private sealed class Step(ChallengeKind kind, double from)
    {
        public ChallengeKind Kind => kind;

        public double From => from;

        public bool IsJudged { get; set; }
    }
}
