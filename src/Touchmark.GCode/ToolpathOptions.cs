namespace Touchmark.GCode;

/// <summary>How <see cref="ToolpathCheck"/> writes the canonical text.</summary>
public sealed record ToolpathOptions
{
    /// <summary>Every line stays as it is.</summary>
    public static ToolpathOptions Default { get; } = new();

    /// <summary>Straight moves that last longer are written as equal parts of the same line (spec/gcode.md, "Long moves"), s, above 0;
    /// null leaves them as they are.</summary>
    public double? LongestMoveSeconds { get; init; }

    /// <summary>Whether the report holds the pictures in the comments.</summary>
    public bool Pictures { get; init; }
}
