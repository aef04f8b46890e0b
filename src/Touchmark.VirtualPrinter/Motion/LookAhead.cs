namespace Touchmark.VirtualPrinter;

/// <summary>
/// Moves whose speeds are not fixed yet, because a later move may still let them go faster. A move leaves when no future can change it any more (or when
/// the machine must stop at the end of the queue).
/// </summary>
internal sealed class LookAhead
{
    /// <summary>Motion (s, at full speed) to gather before trying to release any: Klipper's <c>LOOKAHEAD_FLUSH_TIME</c>.</summary>
    private const double GatherTime = 0.150;

    /// <summary>The same after a standstill, where there is time to gather more.</summary>
    private const double FirstGatherTime = 1.0;

    private readonly List<Move> moves = [];
    private double toGather = FirstGatherTime;
    private double[] startIfStopping = [];
    private double[] startIfFlying = [];
    private double[] smooth = [];
    private double lastEnd2;

    public int Count => moves.Count;

    public Move? Last => moves.Count > 0 ? moves[^1] : null;

    /// <summary>Adds a move; true when enough has gathered for <see cref="Release"/>.</summary>
    public bool Add(Move move, double extruderJump)
    {
        moves.Add(move);
        if (moves.Count == 1)
            return false;
        move.Join(moves[^2], extruderJump);
        toGather -= move.MinTime;
        return toGather <= 0;
    }

    public void Clear()
    {
        moves.Clear();
        toGather = FirstGatherTime;
        lastEnd2 = 0;
    }

    /// <summary>Plans and takes out what is certain; everything, ending at a standstill, when <paramref name="stop"/>.</summary>
    public List<Move> Release(bool stop)
    {
        toGather = stop ? FirstGatherTime : GatherTime;
        var count = moves.Count;
        if (count == 0)
            return [];
        if (startIfStopping.Length <= count)
        {
            startIfStopping = new double[2 * count + 1];
            startIfFlying = new double[2 * count + 1];
            smooth = new double[2 * count + 1];
        }

        Backward(startIfStopping, 0);
        var certain = count;
        if (!stop)
        {
            Backward(startIfFlying, moves[^1].MaxCruise2);
            // Stopping or flying past the end: where both give the same speed, the moves before it are settled.
            certain = count - 1;
            while (certain > 0 && startIfFlying[certain] - startIfStopping[certain] > 1e-9)
                certain--;
        }

        if (certain == 0)
            return [];
        LimitPeaks(count);
        var start2 = lastEnd2;
        for (var i = 0; i < certain; i++)
        {
            var move = moves[i];
            var end2 = Math.Min(startIfStopping[i + 1], start2 + move.Gain2);
            var cruise2 = Math.Min(move.MaxCruise2, (start2 + end2 + move.Gain2) * 0.5);
            cruise2 = Math.Max(Math.Min(cruise2, smooth[i]), Math.Max(start2, end2));
            move.Plan(start2, cruise2, end2);
            start2 = end2;
        }

        lastEnd2 = stop ? 0 : start2;
        var released = moves.GetRange(0, certain);
        moves.RemoveRange(0, certain);
        return released;
    }

    /// <summary>Highest squared start speed of each move from which the machine can still come down to <paramref name="end2"/> after the last.</summary>
    private void Backward(double[] start2, double end2)
    {
        start2[moves.Count] = end2;
        for (var i = moves.Count - 1; i > 0; i--)
            start2[i] = Math.Min(moves[i].MaxStart2, start2[i + 1] + moves[i].Gain2);
        start2[0] = lastEnd2;
    }

    /// <summary>The minimum cruise ratio: a move may only peak as high as one that speeds up and slows down at the reduced acceleration.</summary>
    private void LimitPeaks(int count)
    {
        smooth[count] = 0;
        for (var i = count - 1; i >= 0; i--)
            smooth[i] = Math.Min(moves[i].MaxSmoothStart2, smooth[i + 1] + moves[i].SmoothGain2);
        var forward = Math.Min(lastEnd2, smooth[0] + moves[0].SmoothGain2);
        for (var i = 0; i < count; i++)
        {
            var next = Math.Min(smooth[i + 1], forward + moves[i].SmoothGain2);
            smooth[i] = Math.Min(moves[i].MaxCruise2, (forward + next + moves[i].SmoothGain2) * 0.5);
            forward = next;
        }
    }
}
