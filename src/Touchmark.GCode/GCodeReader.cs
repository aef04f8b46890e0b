namespace Touchmark.GCode;

/// <summary>Reads G-code that is in memory, line by line, without allocating. Any bytes can be read.</summary>
/// <example><code>
/// var reader = new GCodeReader(text, stackalloc byte[GCodeText.MaxLineBytes]);
/// while (reader.Read())
///     if (reader.Line.Is('G', 1) &amp;&amp; reader.Line.TryGet('X', out double x)) { ... }
/// </code></example>
/// <param name="text">What a slicer wrote; need not be canonical.</param>
/// <param name="scratch">At least <see cref="GCodeText.MaxLineBytes"/> bytes; holds the line that was read last.</param>
public ref struct GCodeReader(ReadOnlySpan<byte> text, Span<byte> scratch)
{
    private ReadOnlySpan<byte> _rest = text;
    private readonly Span<byte> _scratch = scratch;
    private int _length;

    /// <summary>Number of the line that was read last, from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>The line as it stands, without its line feed.</summary>
    public ReadOnlySpan<byte> Raw { get; private set; }

    /// <summary>Its comment, trimmed; empty where there is none.</summary>
    public readonly ReadOnlySpan<byte> Comment => GCodeText.Comment(Raw);

    /// <summary>Whether it holds a command, good or malformed.</summary>
    public readonly bool HasCommand => _length > 0;

    /// <summary>Its canonical form.</summary>
    public readonly GCodeLine Line => new(_scratch[.._length]);

    /// <summary>Goes to the next line. False at the end.</summary>
    public bool Read()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int feed = _rest.IndexOf((byte)'\n');
        Raw = feed < 0 ? _rest : _rest[..feed];
        _rest = feed < 0 ? [] : _rest[(feed + 1)..];
        LineNumber++;
        _length = GCodeText.Canonicalise(Raw, _scratch);
        return true;
    }
}
