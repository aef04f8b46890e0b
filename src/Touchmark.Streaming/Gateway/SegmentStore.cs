using Touchmark.Cryptography;

namespace Touchmark.Streaming;

/// <summary>
/// The segments that are open: in locked memory, in order, from the moment they are opened until they are verified or the session ends. Buffers are reused,
/// so a print locks as much memory as its window needs and no more.
/// </summary>
internal sealed class SegmentStore : IDisposable
{
    /// <summary>Scripts with the printer at once: one that it works on, one that is ready when it is done.</summary>
    private const int MaxUnanswered = 2;

    private readonly List<Open> _open = [];
    private readonly Stack<LockedBuffer> _free = new();
    private int _handedOver;
    private int _unanswered;

    /// <summary>Segments from the first on that the printer has taken over.</summary>
    public ulong Answered { get; private set; }

    /// <summary>Segments from the first on that are wiped because they were verified.</summary>
    public ulong Verified { get; private set; }

    public int Count => _open.Count;

    /// <summary>Whether something waits to be handed over.</summary>
    public bool HasMore => _handedOver < _open.Count;

    /// <summary>Whether the printer has taken everything over that was opened.</summary>
    public bool IsDry => !HasMore && _unanswered == 0;

    /// <summary>Whether any plaintext is left in any buffer.</summary>
    public bool IsWiped
    {
        get
        {
            foreach (var open in _open)
            {
                if (open.Buffer.Span.ContainsAnyExcept((byte)0))
                {
                    return false;
                }
            }
            return _free.All(static buffer => !buffer.Span.ContainsAnyExcept((byte)0));
        }
    }

    /// <summary>Opens the next segment. False when it does not belong here.</summary>
    public bool TryOpen(SegmentOpener opener, ReadOnlySpan<byte> sealedSegment)
    {
        var buffer = _free.TryPop(out var free) ? free : new LockedBuffer(SegmentSealer.MaxPlaintext);
        if (!opener.TryOpen(sealedSegment, buffer, out int length))
        {
            _free.Push(buffer);
            return false;
        }
        _open.Add(new Open(opener.Count, buffer, length));
        return true;
    }

    /// <summary>The next script for the printer, when it can take one.</summary>
    public bool TryHandOver(out ulong segment, out ReadOnlyMemory<byte> script)
    {
        while (_unanswered < MaxUnanswered && _handedOver < _open.Count)
        {
            var open = _open[_handedOver++];
            if (BlockingLine.Rewrite(open.Buffer.Span[..open.Length]))
            {
                _unanswered++;
                (segment, script) = (open.Number, open.Buffer.Memory[..open.Length]);
                return true;
            }
            // A pause is sat out here, by not getting more until the engine has seen it pass.
            open.IsAnswered = true;
            CountAnswered();
        }
        (segment, script) = (0, default);
        return false;
    }

    /// <summary>The printer has taken a script over. False when it was not waiting for that one.</summary>
    public bool Answer(ulong segment)
    {
        var open = _open.Find(candidate => candidate.Number == segment);
        if (open is null || open.IsAnswered || _unanswered == 0)
        {
            return false;
        }
        open.IsAnswered = true;
        _unanswered--;
        CountAnswered();
        return true;
    }

    /// <summary>Wipes the segments that are confirmed. False when the engine claims more than the printer has taken over.</summary>
    public bool Verify(ulong through)
    {
        if (through > Answered)
        {
            return false;
        }
        int passed = 0;
        while (passed < _open.Count && _open[passed].Number <= through)
        {
            _open[passed].Buffer.Wipe();
            _free.Push(_open[passed].Buffer);
            passed++;
        }
        _open.RemoveRange(0, passed);
        _handedOver -= passed;
        Verified = Math.Max(Verified, through);
        return true;
    }

    /// <summary>Overwrites everything; the memory stays addressable until <see cref="Dispose"/>, because the host may still hold a script.</summary>
    public void Wipe()
    {
        foreach (var open in _open)
        {
            open.Buffer.Wipe();
        }
        _handedOver = _open.Count;
    }

    public void Dispose()
    {
        foreach (var open in _open)
        {
            open.Buffer.Dispose();
        }
        _open.Clear();
        while (_free.TryPop(out var buffer))
        {
            buffer.Dispose();
        }
    }

    private void CountAnswered()
    {
        foreach (var open in _open)
        {
            if (!open.IsAnswered)
            {
                break;
            }
            Answered = Math.Max(Answered, open.Number);
        }
    }

    private sealed class Open(ulong number, LockedBuffer buffer, int length)
    {
        public ulong Number { get; } = number;

        public LockedBuffer Buffer { get; } = buffer;

        public int Length { get; } = length;

        public bool IsAnswered { get; set; }
    }
}

/// <summary>Lines that would hold the printer's command queue: they are never sent, so that a halt always acts within a second.</summary>
internal static class BlockingLine
{
    /// <summary>
    /// Turns "set and wait" (M109, M190, M191) into "set" (M104, M140, M141) in place. False for a line that only waits (G4, M400): it is not sent at all.
    /// </summary>
    public static bool Rewrite(Span<byte> script)
    {
        if (IsCommand(script, "G4"u8) || IsCommand(script, "M400"u8))
        {
            return false;
        }
        var set = IsCommand(script, "M109"u8) ? "M104"u8 : IsCommand(script, "M190"u8) ? "M140"u8 : IsCommand(script, "M191"u8) ? "M141"u8 : default;
        if (!set.IsEmpty)
        {
            set.CopyTo(script);
            // R is S for Klipper's M104: it knows only S.
            script[set.Length..].Replace((byte)'R', (byte)'S');
        }
        return true;
    }

    private static bool IsCommand(ReadOnlySpan<byte> script, ReadOnlySpan<byte> command) =>
        script.StartsWith(command) && (script.Length == command.Length || script[command.Length] is (byte)' ' or (byte)'\n');
}
