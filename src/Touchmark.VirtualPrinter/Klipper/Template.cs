using System.Collections;
using System.Text;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// A macro's text with Klipper's delimiters (<c>gcode_macro.py</c>: Jinja2 with <c>{% %}</c> and <c>{ }</c>): <c>set</c>, <c>if</c>/<c>elif</c>/<c>else</c>,
/// <c>for</c>, and <see cref="Expression"/>s. Expanded as a whole before its first line runs, as in Klipper.
/// </summary>
internal sealed class Template
{
    private readonly List<Part> parts = [];

    public Template(string text)
    {
        var rest = text;
        while (rest.IndexOf('{', StringComparison.Ordinal) is >= 0 and var open)
        {
            parts.Add(new Part(PartKind.Text, rest[..open]));
            var isStatement = rest.AsSpan(open).StartsWith("{%");
            var close = rest.IndexOf(isStatement ? "%}" : "}", open, StringComparison.Ordinal);
            if (close < 0)
                throw new CommandError("Error loading template: unexpected end of template");
            parts.Add(isStatement ? new Part(PartKind.Statement, rest[(open + 2)..close].Trim()) : new Part(PartKind.Value, rest[(open + 1)..close]));
            rest = rest[(close + (isStatement ? 2 : 1))..];
        }

        parts.Add(new Part(PartKind.Text, rest));
    }

    private enum PartKind
    {
        Text,
        Value,
        Statement,
    }

    /// <param name="variables">Names that expressions may use; <c>set</c> adds to a copy of them.</param>
    /// <exception cref="CommandError">An expression cannot be evaluated.</exception>
    public string Expand(IReadOnlyDictionary<string, object?> variables)
    {
        var output = new StringBuilder();
        Expand(0, parts.Count, new Dictionary<string, object?>(variables, StringComparer.Ordinal), output);
        return output.ToString();
    }

    private void Expand(int from, int to, Dictionary<string, object?> names, StringBuilder output)
    {
        for (var index = from; index < to; index++)
        {
            var part = parts[index];
            var words = part.Text.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
            if (part.Kind == PartKind.Text)
                output.Append(part.Text);
            else if (part.Kind == PartKind.Value)
                output.Append(Expression.Show(Evaluate(part.Text, names)));
            else if (words is ["set", var assignment] && assignment.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
                names[assignment[..equals].Trim()] = Evaluate(assignment[(equals + 1)..], names);
            else if (words is ["if", _])
                index = ExpandIf(index, names, output);
            else if (words is ["for", var loop])
                index = ExpandFor(index, loop, names, output);
            else
                throw new CommandError($"Error loading template: Encountered unknown tag '{part.Text}'");
        }
    }

    /// <summary>Expands the branch that holds; gives the index of the <c>endif</c>.</summary>
    private int ExpandIf(int start, Dictionary<string, object?> names, StringBuilder output)
    {
        var chosen = false;
        var branch = start;
        while (true)
        {
            var next = FindEnd(branch, "endif", "elif", "else");
            if (!chosen && (parts[branch].Text == "else" || Expression.IsTrue(Evaluate(parts[branch].Text[parts[branch].Text.IndexOf(' ', StringComparison.Ordinal)..], names))))
            {
                chosen = true;
                Expand(branch + 1, next, names, output);
            }

            if (parts[next].Text == "endif")
                return next;
            branch = next;
        }
    }

    private int ExpandFor(int start, string loop, Dictionary<string, object?> names, StringBuilder output)
    {
        var end = FindEnd(start, "endfor");
        var split = loop.Split(" in ", 2);
        var items = split.Length == 2 ? Evaluate(split[1], names) as IEnumerable : null;
        foreach (var item in items is JsonMap map ? map.Keys.ToArray() : items?.Cast<object?>().ToArray() ?? throw new CommandError($"Error evaluating template: '{loop}' has nothing to run over"))
        {
            // What is set inside a loop ends with it.
            Expand(start + 1, end, new Dictionary<string, object?>(names, StringComparer.Ordinal) { [split[0].Trim()] = item }, output);
        }

        return end;
    }

    /// <summary>The statement that ends the block begun at <paramref name="start"/>, those of inner blocks passed over.</summary>
    private int FindEnd(int start, params ReadOnlySpan<string> ends)
    {
        var depth = 0;
        for (var index = start + 1; index < parts.Count; index++)
        {
            if (parts[index].Kind != PartKind.Statement)
                continue;
            var word = parts[index].Text.Split(' ', 2)[0];
            if (depth == 0 && ends.Contains(word))
                return index;
            depth += word is "if" or "for" ? 1 : word is "endif" or "endfor" ? -1 : 0;
        }

        throw new CommandError($"Error loading template: {ends[0]} is missing");
    }

    private static object? Evaluate(string expression, Dictionary<string, object?> names) => Expression.Evaluate(expression, name => names.GetValueOrDefault(name));

    private readonly record struct Part(PartKind Kind, string Text);
}
