using Touchmark.GCode;

namespace Touchmark.Bench.Sessions;

/// <summary>
/// What each script makes a printer do. Nearly all printers of a run get the same scripts, so the first one to get a script has it planned for all of them; one whose
/// slice differs goes on with a copy of its own. The head rests after each script, which costs an honest printer a few hundredths of a second.
/// </summary>
internal sealed class ScriptBook(MachineLimits limits) : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<Script> scripts = [];
    private readonly Appended text = new();
    private Segmenter? segmenter;

    /// <summary>The plan of a script; null when another one has this number here.</summary>
    public Script? Read(ulong number, ReadOnlySpan<byte> lines)
    {
        lock (gate)
        {
            if (scripts.Find(script => script.Number == number) is { } known)
            {
                return known.Lines.AsSpan().SequenceEqual(lines) ? known : null;
            }

            var planned = Plan(number, lines);
            scripts.Add(planned);
            return planned;
        }
    }

    /// <summary>A book that agrees with this one before a script.</summary>
    public ScriptBook CopyBefore(ulong number)
    {
        var copy = new ScriptBook(limits);
        lock (gate)
        {
            foreach (var script in scripts.Where(script => script.Number < number))
            {
                copy.Read(script.Number, script.Lines);
            }
        }

        return copy;
    }

    public void Dispose()
    {
        segmenter?.Dispose();
        text.Dispose();
    }

    private Script Plan(ulong number, ReadOnlySpan<byte> lines)
    {
        segmenter ??= new Segmenter(text, limits);
        text.Append(lines);
        text.Append("M400\n"u8);
        var moves = new List<PlannedMove>();
        var homes = false;
        while (true)
        {
            // From memory: it is there at once.
            var next = segmenter.NextAsync();
            using var segment = (next.IsCompleted ? next.Result : null) ?? throw new InvalidOperationException($"Script {number} has no end.");
            if (segment.Plan.Kind == SegmentKind.Synchronise)
            {
                return new Script(number, lines.ToArray(), [.. moves], homes);
            }

            moves.AddRange(segment.Plan.Moves);
            homes |= segment.Plan.Kind == SegmentKind.Home;
        }
    }

    /// <summary>A stream that grows at its end while it is read.</summary>
    private sealed class Appended : MemoryStream
    {
        public void Append(ReadOnlySpan<byte> more)
        {
            var read = Position;
            Position = Length;
            Write(more);
            Position = read;
        }
    }
}

/// <param name="Number">Of the segment.</param>
/// <param name="Lines">As they were sent.</param>
/// <param name="Moves">In order.</param>
/// <param name="Homes">Whether it is G28.</param>
internal sealed record Script(ulong Number, byte[] Lines, PlannedMove[] Moves, bool Homes);
