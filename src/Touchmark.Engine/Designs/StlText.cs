using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>
/// ASCII STL, line by line: <c>solid</c>, then per facet <c>facet normal</c>, <c>outer loop</c>, three times <c>vertex</c>, <c>endloop</c>, <c>endfacet</c>, and
/// at the end <c>endsolid</c>. Nothing else is let through, so what a slicer reads afterwards is what was measured here.
/// </summary>
internal sealed class StlText(Stream file, DesignPicture? picture, CancellationToken cancel)
{
    private readonly byte[] buffer = new byte[64 * 1024];
    private readonly MeshMeasure mesh = new(picture);
    private readonly Point[] corners = new Point[3];
    private int start;
    private int end;
    private long line;
    private State state = State.Outside;
    private int corner;
    private bool tooLong;

    private enum State
    {
        Outside,
        Solid,
        Facet,
        Loop,
        AfterLoop,
    }

    public Outcome<ModelFacts> Run()
    {
        try
        {
            while (TryReadLine(out var text))
            {
                if (Take(text) is { } refusal)
                {
                    return refusal;
                }
            }

            return tooLong ? Refuse($"is longer than {ModelLimits.LineBytes} bytes")
                : state != State.Outside ? Refusal.Invalid("STL_TRUNCATED", $"The file ends in the middle of a solid, after line {line}.", "The file is truncated: export it again.").With("line", line)
                : mesh.Finish(DesignFormat.Stl);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    private Refusal? Take(ReadOnlySpan<byte> text)
    {
        var word = Word(ref text);
        switch (state)
        {
            case State.Outside when Is(word, "solid"u8):
                state = State.Solid;
                return null;
            case State.Solid when Is(word, "endsolid"u8):
                state = State.Outside;
                return null;
            case State.Solid when Is(word, "facet"u8) && Is(Word(ref text), "normal"u8):
                // The normal follows from the corners; many programs write a wrong one, some write "nan".
                state = State.Facet;
                return null;
            case State.Facet when Is(word, "outer"u8) && Is(Word(ref text), "loop"u8):
                (state, corner) = (State.Loop, 0);
                return null;
            case State.Loop when corner < 3 && Is(word, "vertex"u8):
                return TryNumber(ref text, out var x) && TryNumber(ref text, out var y) && TryNumber(ref text, out var z) && text.Trim((byte)' ').IsEmpty
                    ? Corner(new Point(x, y, z))
                    : Refuse("is not three numbers");
            case State.Loop when corner == 3 && Is(word, "endloop"u8):
                state = State.AfterLoop;
                return null;
            case State.AfterLoop when Is(word, "endfacet"u8):
                state = State.Solid;
                return mesh.Add(corners[0], corners[1], corners[2]);
            default:
                return word.IsEmpty ? null : Refuse("does not belong there");
        }
    }

    private Refusal? Corner(Point point)
    {
        corners[corner++] = point;
        return null;
    }

    private Refusal Refuse(string what) => Refusal.Invalid("STL_LINE", $"Line {line} of the file {what}.", "Export the part again, best as binary STL.").With("line", line);

    private bool TryReadLine(out ReadOnlySpan<byte> text)
    {
        while (true)
        {
            var rest = buffer.AsSpan(start, end - start);
            var length = rest.IndexOf((byte)'\n');
            if (length > ModelLimits.LineBytes || (length < 0 && rest.Length > ModelLimits.LineBytes))
            {
                line++;
                tooLong = true;
                text = default;
                return false;
            }

            if (length >= 0)
            {
                text = rest[..length].Trim(" \t\r"u8);
                start += length + 1;
                line++;
                return true;
            }

            rest.CopyTo(buffer);
            (start, end) = (0, rest.Length);
            cancel.ThrowIfCancellationRequested();
            var read = file.Read(buffer, end, buffer.Length - end);
            end += read;
            if (read == 0)
            {
                text = buffer.AsSpan(0, end).Trim(" \t\r"u8);
                var any = end > 0;
                end = 0;
                line += any ? 1 : 0;
                return any;
            }
        }
    }

    private static ReadOnlySpan<byte> Word(ref ReadOnlySpan<byte> text)
    {
        text = text.TrimStart(" \t"u8);
        var length = text.IndexOfAny((byte)' ', (byte)'\t');
        var word = length < 0 ? text : text[..length];
        text = text[word.Length..];
        return word;
    }

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> keyword) => Ascii.EqualsIgnoreCase(word, keyword);

    private static bool TryNumber(ref ReadOnlySpan<byte> text, out double number)
    {
        var word = Word(ref text);
        return Utf8Parser.TryParse(word, out number, out var used) && used == word.Length && used > 0;
    }
}
