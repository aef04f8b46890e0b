using System.Globalization;
using System.Text;
using Touchmark.GCode;
using Touchmark.Streaming;

namespace Touchmark.Bench.Sessions;

/// <summary>
/// A printer that does exactly what it is sent, in real time: takes a script over while less than a second of motion is queued, as Klipper does. Heaters are at their
/// target at once, homing takes no time, and a speed factor is reported and not obeyed, because none of it is what is measured.
/// </summary>
internal sealed class IdealPrinter(ScriptBook book, MachineProfile profile) : IDisposable
{
    private const double QueueSeconds = 1;
    private const double Room = 22;

    private readonly MachineLimits limits = profile.Limits;
    private readonly Queue<Script> waiting = new();
    private readonly Queue<Script> running = new();
    private ScriptBook? own;
    private Position position = new(profile.Limits.HomeX, profile.Limits.HomeY, profile.Limits.HomeZ);
    private HomedAxes homed;
    private double nozzle;
    private double bed;
    private double filament;
    private double speed = 1;
    private double fan;
    private double queued;
    private double inMove;
    private double velocity;
    private double raised;
    private int move;
    private (IReadOnlyList<string> Lines, Action Done)? headMove;

    public double Time { get; private set; } = 1000;

    /// <summary>The last script whose every move was executed.</summary>
    public ulong Done { get; private set; }

    public void Send(ulong number, ReadOnlySpan<byte> lines)
    {
        foreach (var line in lines.Split((byte)'\n'))
        {
            Run(lines[line]);
        }

        var script = (own ?? book).Read(number, lines);
        if (script is null)
        {
            own = book.CopyBefore(number);
            script = own.Read(number, lines)!;
        }

        waiting.Enqueue(script);
    }

    /// <summary>Does what a session asks of its printer, and tells it how that went.</summary>
    public void CarryOut(GatewayAction action, GatewaySession session)
    {
        switch (action)
        {
            case GatewayAction.RunPreflight:
                session.PreflightPassed(profile, new PreflightNotes("ws", []), Now);
                break;
            case GatewayAction.SendScript send:
                Send(send.Segment, send.Script.Span);
                break;
            case GatewayAction.MoveHead move:
                headMove = (move.Lines, () => session.HeadMoved(error: null, Now));
                break;
            case GatewayAction.ReadMachine:
                session.MachineRead(profile, Now);
                break;
            case GatewayAction.MakeSafe:
                session.SafeRestDone(error: null, Now);
                break;
        }
    }

    public void Dispose() => own?.Dispose();

    /// <summary>Lets time pass.</summary>
    /// <param name="seconds">How much.</param>
    /// <param name="answer">Told the number of each script that is taken over.</param>
    public void Advance(double seconds, Action<ulong> answer)
    {
        Time += seconds;
        while (waiting.TryPeek(out var next) && queued < QueueSeconds && (!next.Homes || running.Count == 0))
        {
            waiting.Dequeue();
            queued += next.Moves.Sum(static planned => planned.DurationSeconds);
            running.Enqueue(next);
            if (next.Homes)
            {
                (position, homed) = (new Position(limits.HomeX, limits.HomeY, limits.HomeZ), HomedAxes.All);
            }

            answer(next.Number);
        }

        Move(seconds);
        MoveHead();
    }

    public PrinterSample Sample() => new()
    {
        EventTime = Time, X = position.X, Y = position.Y, Z = position.Z + raised, E = filament, Velocity = velocity, Homed = homed,
        NozzleC = nozzle > 0 ? nozzle : Room, NozzleTargetC = nozzle, BedC = bed > 0 ? bed : Room, BedTargetC = bed,
        SpeedFactor = speed, FanSpeed = fan,
    };

    private static Moment Now => Moment.Of(TimeProvider.System);

    private void MoveHead()
    {
        if (headMove is not { } order || running.Count > 0 || waiting.Count > 0)
        {
            return;
        }

        headMove = null;
        foreach (var line in order.Lines.Where(static line => line.StartsWith("G1 ", StringComparison.Ordinal)))
        {
            var by = double.Parse(line.AsSpan(4, line.IndexOf(' ', 4) - 4), CultureInfo.InvariantCulture);
            raised += line[3] == 'Z' ? by : 0;
            filament += line[3] == 'E' ? by : 0;
        }

        order.Done();
    }

    private void Run(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("M104 S"u8))
        {
            nozzle = Target(line);
        }
        else if (line.StartsWith("M140 S"u8))
        {
            bed = Target(line);
        }
        else if (line.StartsWith("M220 S"u8))
        {
            speed = Target(line) / 100;
        }
        else if (line.StartsWith("M106 S"u8))
        {
            fan = Target(line) / 255;
        }
        else if (line.StartsWith("M107"u8))
        {
            fan = 0;
        }
    }

    private void Move(double seconds)
    {
        velocity = 0;
        while (running.TryPeek(out var script))
        {
            if (move == script.Moves.Length)
            {
                running.Dequeue();
                (Done, move) = (script.Number, 0);
                continue;
            }

            if (seconds <= 0)
            {
                break;
            }

            var planned = script.Moves[move];
            var step = Math.Min(seconds, planned.DurationSeconds - inMove);
            var share = planned.FractionAt(inMove + step) - planned.FractionAt(inMove);
            filament += planned.ExtrudedMm * share;
            velocity = step > 0 ? planned.Start.DistanceTo(planned.End) * share / step : 0;
            (inMove, seconds, queued) = (inMove + step, seconds - step, Math.Max(0, queued - step));
            position = planned.PositionAt(inMove);
            if (inMove >= planned.DurationSeconds)
            {
                (move, inMove, position) = (move + 1, 0, planned.End);
            }
        }
    }

    private static double Target(ReadOnlySpan<byte> line) => double.Parse(Encoding.ASCII.GetString(line[6..]), CultureInfo.InvariantCulture);
}
