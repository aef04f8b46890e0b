using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark search</c>.</summary>
internal static class SearchCommand
{
    public static Command Create()
    {
        var question = new Argument<string>("question") { Description = "An id, a part as it stands on its label, a GTIN, a material lot, a statement's SHA-256, or letters of a name." };
        return Arguments.Asking("search", "Look for something among all that you may see.", (engine, parsed, cancel) => engine.GetAsync($"/api/search?q={Uri.EscapeDataString(parsed.GetValue(question)!)}", cancel),
            hits => Screen.Table(hits, "Nothing fits. Ids and lots have to be whole; names are looked for among designs and printers.", new("Kind", "kind"), new("Name", "name"), new("About", "about"), new("Id", "id")), question);
    }
}
