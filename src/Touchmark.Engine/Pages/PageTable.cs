namespace Touchmark.Engine.Pages;

/// <summary>A table as a page shows it: text only, which Razor encodes.</summary>
public sealed record PageTable(string Title, string WhenEmpty, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<PageCell>> Rows)
{
    /// <summary>The columns of a table in which each row is a fact with its name.</summary>
    public static IReadOnlyList<string> FactColumns { get; } = ["Field", "Value"];

    public bool IsFacts => ReferenceEquals(Columns, FactColumns);
}

/// <summary>A cell, which may lead to another page.</summary>
/// <param name="Text">What stands in it.</param>
/// <param name="Link">Where it leads.</param>
/// <param name="At">The time that it says, which is shown in the reader's zone.</param>
public sealed record PageCell(string Text, string? Link = null, DateTimeOffset? At = null)
{
    /// <summary>A hash or an id: letter by letter, and broken anywhere.</summary>
    public bool IsCode => Text.Length >= 32 && !Text.Contains(' ', StringComparison.Ordinal);

    public static implicit operator PageCell(string text) => new(text);

    public static implicit operator PageCell(DateTimeOffset at) => new(Say.Time(at), At: at);
}
