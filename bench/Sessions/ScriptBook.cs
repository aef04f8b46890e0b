using System.Security.Cryptography;
using Touchmark.GCode;

namespace Touchmark.Bench.Sessions;

/// <summary>
/// What each script makes a printer do. All printers of a run get the same scripts, so the first one to get a script has it planned for all of them. The head comes to
/// rest after each script, which costs an honest printer a few hundredths of a second.
/// </summary>
internal sealed class ScriptBook : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<ulong, Script> scripts = [];
    private readonly Appended text = new();
    private readonly Segmenter segmenter;

    public ScriptBook(MachineLimits limits) => segmenter = new Segmenter(text, limits);

    public Script Read(ulong number, ReadOnlySpan<byte> lines)
    {
        var hash = SHA256.HashData(lines);
        lock (gate)
        {
            if (!scripts.TryGetValue(number, out var script))
            {
                scripts[number] = script = Plan(number, lines, hash);
            }

            return script.Sha256.AsSpan().SequenceEqual(hash) ? script : throw new InvalidOperationException($"Script {number} is not the same for all printers.");
        }
    }

    public void Dispose()
    {
        segmenter.Dispose();
        text.Dispose();
    }

    private Script Plan(ulong number, ReadOnlySpan<byte> lines, byte[] hash)
    {
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
                return new Script(number, hash, [.. moves], homes);
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
/// <param name="Sha256">Of its lines.</param>
/// <param name="Moves">In order.</param>
/// <param name="Homes">Whether it is G28.</param>
internal sealed record Script(ulong Number, byte[] Sha256, PlannedMove[] Moves, bool Homes);
