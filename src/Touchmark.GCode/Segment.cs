using System.Buffers;
using System.Security.Cryptography;

namespace Touchmark.GCode;

/// <summary>A run of canonical lines and what they must do. Its text is wiped and given back when it is disposed of.</summary>
public sealed class Segment : IDisposable
{
    private byte[]? _buffer;
    private readonly int _length;

    internal Segment(ulong index, ReadOnlySpan<byte> text, SegmentPlan plan)
    {
        Index = index;
        Plan = plan;
        _length = text.Length;
        _buffer = ArrayPool<byte>.Shared.Rent(text.Length);
        text.CopyTo(_buffer);
    }

    /// <summary>Number in the print, from 0.</summary>
    public ulong Index { get; }

    /// <summary>What it must physically do.</summary>
    public SegmentPlan Plan { get; }

    /// <summary>Canonical lines, each with its line feed; at most <see cref="SegmentRules.LargestBytes"/> bytes.</summary>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    public ReadOnlyMemory<byte> Text
    {
        get
        {
            ObjectDisposedException.ThrowIf(_buffer is null, this);
            return _buffer.AsMemory(0, _length);
        }
    }

    /// <summary>The same segment with other lines: those that the engine adds before it is sealed. Both are disposed of by their owner.</summary>
    /// <param name="text">Canonical lines, each with its line feed.</param>
    /// <param name="plan">What they do.</param>
    public Segment With(ReadOnlySpan<byte> text, SegmentPlan plan) => new(Index, text, plan);

    public void Dispose()
    {
        byte[]? buffer = Interlocked.Exchange(ref _buffer, null);
        if (buffer is not null)
        {
            CryptographicOperations.ZeroMemory(buffer.AsSpan(0, _length));
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>Where a toolpath is cut (spec/gcode.md, "Segments").</summary>
public sealed record SegmentRules
{
    public static SegmentRules Default { get; } = new();

    /// <summary>Below this many lines a segment is only cut for its bytes, its time or a blocking line.</summary>
    public int MinLines { get; init; } = 20;

    /// <summary>Most lines of a segment, with those that the engine adds.</summary>
    public const int LargestLines = 64;

    /// <summary>Most bytes of a segment, line feeds included, with those that the engine adds.</summary>
    public const int LargestBytes = 4096;

    /// <summary>Four fewer than a segment may have: room for lines that the engine adds.</summary>
    public int MaxLines { get; init; } = LargestLines - 4;

    /// <summary>Bytes of text that more than one line may have, line feeds included; leaves room for lines that the engine adds.</summary>
    public int MaxBytes { get; init; } = LargestBytes - 256;

    /// <summary>Seconds of motion after which a segment with <see cref="MinLines"/> lines is cut.</summary>
    public double TargetSeconds { get; init; } = 0.75;

    /// <summary>Seconds of motion that a segment of more than one moving line never exceeds.</summary>
    public double MaxSeconds { get; init; } = 1.0;
}
