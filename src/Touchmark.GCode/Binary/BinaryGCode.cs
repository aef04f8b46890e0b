namespace Touchmark.GCode.Binary;

/// <summary>PrusaSlicer's binary G-code (<c>.bgcode</c>), taken wherever text is.</summary>
public static class BinaryGCode
{
    /// <summary>Bytes by which a file is known.</summary>
    public const int MagicSize = 4;

    /// <summary>Whether a file that begins with these bytes claims to be binary G-code.</summary>
    public static bool IsBinary(ReadOnlySpan<byte> beginning) => beginning.StartsWith("GCDE"u8);

    /// <summary>
    /// A file as text, whichever it is: text as it stands, binary G-code with metadata and pictures as comments, as its slicer would have written them. It is read forwards, once, in bounded memory;
    /// binary G-code that is damaged throws <see cref="InvalidDataException"/> with a sentence for people.
    /// </summary>
    /// <param name="file">At its beginning; disposed with the text.</param>
    public static Stream OpenText(Stream file) => new BinaryGCodeStream(file);
}
