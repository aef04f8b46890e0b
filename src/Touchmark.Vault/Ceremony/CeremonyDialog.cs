using Spectre.Console;

namespace Touchmark.Vault.Ceremony;

/// <summary>
/// Leads people through a ceremony: says what happens, asks, and asks again until an answer is right. With a file of answers (lines of <c>key = value</c>) nobody is asked, and a wrong
/// answer ends it. It is as readable without colours, and as lines in a file.
/// </summary>
internal sealed class CeremonyDialog(IAnsiConsole console, TextReader input, IReadOnlyDictionary<string, string>? answers)
{
    /// <exception cref="CeremonyRefused">The file of answers cannot be read.</exception>
    public static IReadOnlyDictionary<string, string> ReadAnswers(string file)
    {
        try
        {
            return File.ReadLines(file).Where(line => line.Contains('=', StringComparison.Ordinal) && !line.StartsWith('#')).Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries))
                .GroupBy(pair => pair[0], StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last()[1], StringComparer.Ordinal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CeremonyRefused($"The answers {file} cannot be read.", "Check its path and permissions.");
        }
    }

    public void Heading(string text)
    {
        console.WriteLine();
        console.Write(new Rule(Markup.Escape(text)) { Justification = Justify.Left });
    }

    public void Say(string text) => console.WriteLine(text);

    public void Facts(params (string Name, string Value)[] facts)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        foreach (var (name, value) in facts)
        {
            grid.AddRow(Markup.Escape(name), Markup.Escape(value));
        }

        console.Write(grid);
    }

    /// <summary>Asks until <paramref name="read"/> finds nothing wrong.</summary>
    /// <param name="key">The name of the answer in a file of answers.</param>
    /// <param name="question">For people.</param>
    /// <param name="read">What the answer means; it throws <see cref="CeremonyRefused"/> when it is wrong.</param>
    public T Ask<T>(string key, string question, Func<string, T> read)
    {
        if (answers is not null)
        {
            Say($"{question} [{key}]");
            return read(answers.GetValueOrDefault(key) ?? throw new CeremonyRefused($"The file of answers has no {key}.", $"Add the line {key} = …: {question}"));
        }

        while (true)
        {
            Say(question);
            console.Write("> ");
            var line = input.ReadLine() ?? throw new CeremonyRefused("The input ended.", "Begin again where you were: the ceremony goes on with the step that is next.");
            try
            {
                return read(line.Trim());
            }
            catch (CeremonyRefused wrong)
            {
                Say($"{wrong.Message} {wrong.Hint}");
            }
        }
    }

    /// <summary>Asks for a yes.</summary>
    public void Agree(string key, string question) => Ask(key, $"{question} Type yes:", answer => answer == "yes" ? true : throw new CeremonyRefused("That was no yes.", "Type yes when it is right; Ctrl-C ends here, and nothing is lost."));
}
