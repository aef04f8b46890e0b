using System.Globalization;
using Spectre.Console;

namespace Touchmark.Bench;

/// <summary>One table of results.</summary>
internal sealed class Figures
{
    private readonly Table table = new Table().Border(TableBorder.Markdown).AddColumn(new TableColumn("what").NoWrap()).AddColumn(new TableColumn("figure").RightAligned()).AddColumn("aim");

    public void Add(string what, string figure, string aim = "") => table.AddRow(Markup.Escape(what), Markup.Escape(figure), Markup.Escape(aim));

    public void Add(string what, double figure, string format, string unit, string aim = "") =>
        Add(what, figure.ToString(format, CultureInfo.InvariantCulture) + (unit.Length > 0 ? " " + unit : ""), aim);

    public void Print() => AnsiConsole.Write(table);
}
