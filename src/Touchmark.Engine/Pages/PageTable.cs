namespace Touchmark.Engine.Pages;

/// <summary>A table as a page shows it: text only, which Razor encodes.</summary>
public sealed record PageTable(string Title, string WhenEmpty, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<PageCell>> Rows);

/// <summary>A cell, which may lead to another page.</summary>
public sealed record PageCell(string Text, string? Link = null)
{
    public static implicit operator PageCell(string text) => new(text);
}
