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

    /// <summary>Canonical lines, each with its line feed; at most <see cref="SegmentRules.MaxBytes"/> bytes.</summary>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    public ReadOnlyMemory<byte> Text
    {
        get
        {
            ObjectDisposedException.ThrowIf(_buffer is null, this);
            return _buffer.AsMemory(0, _length);
        }
    }

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

    public int MaxLines { get; init; } = 64;

    /// <summary>Bytes of text, line feeds included; at least <see cref="GCodeText.MaxLineBytes"/> + 1.</summary>
    public int MaxBytes { get; init; } = 4096;

    /// <summary>Seconds of motion after which a segment with <see cref="MinLines"/> lines is cut.</summary>
    public double TargetSeconds { get; init; } = 0.75;

    /// <summary>Seconds of motion that a segment of more than one moving line never exceeds.</summary>
    public double MaxSeconds { get; init; } = 1.0;
}
