namespace Touchmark.Engine.Labels;

/// <summary>How labels lie on a page; lengths in mm.</summary>
/// <param name="Name">What the API calls it.</param>
/// <param name="Page">Size of the page.</param>
/// <param name="Label">Size of a label.</param>
/// <param name="Columns">Labels side by side.</param>
/// <param name="Rows">Labels one below the other.</param>
/// <param name="Corner">The upper left corner of the first, from that of the page.</param>
/// <param name="Pitch">From one label to the next.</param>
/// <param name="Margin">What is left empty inside a label on all sides: sheets and cuts are never quite straight.</param>
internal sealed record LabelSheet(string Name, Mm Page, Mm Label, int Columns, int Rows, Mm Corner, Mm Pitch, double Margin)
{
    /// <summary>One label to a page of its size, for label printers.</summary>
    public static readonly LabelSheet Single = new("single", new(70, 37), new(70, 37), 1, 1, new(0, 0), new(70, 37), 2);

    /// <summary>24 labels of 70 × 37 mm on A4 (ISO 216), as Avery 3474 and its like.</summary>
    public static readonly LabelSheet A4 = new("a4", new(210, 297), new(70, 37), 3, 8, new(0, 0.5), new(70, 37), 4);

    /// <summary>30 labels of 2⅝ × 1 inch on Letter, as Avery 5160 and its like.</summary>
    public static readonly LabelSheet Letter = new("letter", new(215.9, 279.4), new(66.675, 25.4), 3, 10, new(4.7625, 12.7), new(69.85, 25.4), 1.5);

    public static IReadOnlyList<LabelSheet> All => [Single, A4, Letter];

    public int PerPage => Columns * Rows;

    /// <summary>The upper left corner of a place on the page, counted row by row.</summary>
    public Mm CornerOf(int place) => new(Corner.X + place % Columns * Pitch.X, Corner.Y + place / Columns * Pitch.Y);
}

/// <summary>A width and a height, or a place from the left and from above, mm.</summary>
internal readonly record struct Mm(double X, double Y);
