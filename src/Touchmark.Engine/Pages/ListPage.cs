namespace Touchmark.Engine.Pages;

/// <summary>One page of a list that is newest first: its rows, and where it goes on.</summary>
/// <param name="Rows">At most <see cref="ListPage.Rows"/>.</param>
/// <param name="Newer">Where the list begins; null on its first page.</param>
/// <param name="Older">Where it goes on; null on its last page.</param>
internal sealed record ListPage<T>(IReadOnlyList<T> Rows, string? Newer, string? Older);

internal static class ListPage
{
    /// <summary>Rows of a page.</summary>
    public const int Rows = 50;

    /// <summary>One row more than a page has: whether it comes says whether there is another page.</summary>
    public const int Asked = Rows + 1;

    /// <param name="rows">What was found, at most <see cref="Asked"/>.</param>
    /// <param name="id">Of a row; the next page is of those before the last one.</param>
    /// <param name="before">What this page was asked to be before.</param>
    /// <param name="path">Of the list.</param>
    /// <param name="query">What else was asked, such as <c>q=hinge</c>; empty for nothing.</param>
    public static ListPage<T> Of<T>(IReadOnlyList<T> rows, Func<T, Guid> id, Guid? before, string path, string query = "")
    {
        var older = rows.Count < Asked ? null : $"before={id(rows[Rows - 1]):D}";
        return new([.. rows.Take(Rows)], before is null ? null : Address(query), older is null ? null : Address(query.Length > 0 ? $"{query}&{older}" : older));

        string Address(string asked) => asked.Length > 0 ? $"{path}?{asked}" : path;
    }
}
