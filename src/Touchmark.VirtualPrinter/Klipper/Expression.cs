using System.Collections;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// An expression of a macro's template, as far as Klipper's own sample macros use Jinja2: paths, numbers, texts and lists, arithmetic, comparisons,
/// <c>and</c>, <c>or</c>, <c>not</c>, <c>in</c>, <c>a if b else c</c>, the filters <c>min</c>, <c>max</c>, <c>abs</c>, <c>round</c>, <c>int</c>,
/// <c>float</c>, <c>default</c>, and <c>text.startswith(…)</c>.
/// </summary>
internal sealed partial class Expression
{
    private readonly string[] tokens;
    private readonly Func<string, object?> lookUp;
    private int at;

    private Expression(string text, Func<string, object?> lookUp)
    {
        this.lookUp = lookUp;
        var parts = new List<string>();
        var end = 0;
        foreach (Match match in Token().Matches(text))
        {
            if (text[end..match.Index].Trim().Length > 0)
                break;
            parts.Add(match.Value);
            end = match.Index + match.Length;
        }

        if (text[end..].Trim().Length > 0)
            throw Wrong($"unexpected char in '{text.Trim()}'");
        tokens = [.. parts];
    }

    /// <exception cref="CommandError">It cannot be evaluated.</exception>
    public static object? Evaluate(string text, Func<string, object?> lookUp)
    {
        var expression = new Expression(text, lookUp);
        var value = expression.Conditional();
        return expression.at == expression.tokens.Length ? value : throw Wrong($"unexpected '{expression.tokens[expression.at]}'");
    }

    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool flag => flag,
        string text => text.Length > 0,
        ICollection items => items.Count > 0,
        _ => Number(value) != 0,
    };

    /// <summary>As Python prints it.</summary>
    public static string Show(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        double number => number == Math.Floor(number) && Math.Abs(number) < 1e16 ? number.ToString("F1", CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private object? Conditional()
    {
        var value = Or();
        if (!Take("if"))
            return value;
        var condition = IsTrue(Or());
        Expect("else");
        var otherwise = Conditional();
        return condition ? value : otherwise;
    }

    private object? Or()
    {
        var value = And();
        while (Take("or"))
        {
            var other = And();
            value = IsTrue(value) ? value : other;
        }

        return value;
    }

    private object? And()
    {
        var value = Not();
        while (Take("and"))
        {
            var other = Not();
            value = IsTrue(value) ? other : value;
        }

        return value;
    }

    private object? Not() => Take("not") ? !IsTrue(Not()) : Comparison();

    private object? Comparison()
    {
        var value = Sum();
        if (Take("in"))
            return Contains(Sum(), value);
        if (Take("not"))
        {
            Expect("in");
            return !Contains(Sum(), value);
        }

        foreach (var sign in (string[])["==", "!=", "<=", ">=", "<", ">"])
        {
            if (!Take(sign))
                continue;
            var other = Sum();
            return sign switch
            {
                "==" => Same(value, other),
                "!=" => !Same(value, other),
                "<=" => Number(value) <= Number(other),
                ">=" => Number(value) >= Number(other),
                "<" => Number(value) < Number(other),
                _ => Number(value) > Number(other),
            };
        }

        return value;
    }

    private object? Sum()
    {
        var value = Product();
        while (true)
        {
            if (Take("+"))
                value = Number(value) + Number(Product());
            else if (Take("-"))
                value = Number(value) - Number(Product());
            else
                return value;
        }
    }

    private object? Product()
    {
        var value = Unary();
        while (true)
        {
            if (Take("*"))
                value = Number(value) * Number(Unary());
            else if (Take("/"))
                value = Number(value) / Number(Unary());
            else
                return value;
        }
    }

    private object? Unary() => Take("-") ? -Number(Unary()) : Filtered();

    private object? Filtered()
    {
        var value = Primary();
        while (true)
        {
            if (Take("."))
            {
                var name = Next();
                value = name == "startswith" && value is string text
                    ? text.StartsWith(Arguments() is [string start] ? start : throw Wrong("startswith needs a text"), StringComparison.Ordinal)
                    : Member(value, name);
            }
            else if (Take("["))
            {
                value = Member(value, Conditional());
                Expect("]");
            }
            else if (Take("|"))
            {
                var filter = Next();
                value = Filter(filter, value, at < tokens.Length && tokens[at] == "(" ? Arguments() : []);
            }
            else
            {
                return value;
            }
        }
    }

    private object? Primary()
    {
        var token = Next();
        if (token == "(")
        {
            var inner = Conditional();
            Expect(")");
            return inner;
        }

        if (token == "[")
            return Items("]");
        if (token[0] is '\'' or '"')
            return token[1..^1];
        if (char.IsAsciiDigit(token[0]))
            return token.Contains('.', StringComparison.Ordinal) ? double.Parse(token, CultureInfo.InvariantCulture) : (object)long.Parse(token, CultureInfo.InvariantCulture);
        return token switch
        {
            "true" or "True" => true,
            "false" or "False" => false,
            "none" or "None" => null,
            _ when char.IsAsciiLetter(token[0]) || token[0] == '_' => lookUp(token),
            _ => throw Wrong($"unexpected '{token}'"),
        };
    }

    private static object? Filter(string name, object? value, List<object?> arguments) => name switch
    {
        "min" => ((IEnumerable)value!).Cast<object?>().Min(Number),
        "max" => ((IEnumerable)value!).Cast<object?>().Max(Number),
        "abs" => Math.Abs(Number(value)),
        "round" => Math.Round(Number(value), arguments is [long digits] ? (int)Math.Clamp(digits, 0, 15) : 0),
        "int" => (long)Number(value),
        "float" => Number(value),
        "default" => value ?? arguments.FirstOrDefault(),
        _ => throw Wrong($"No filter named '{name}'"),
    };

    private static object? Member(object? of, object? name) => (of, name) switch
    {
        (Func<string, JsonMap?> objects, string key) => objects(key) ?? throw Wrong($"'GetStatusWrapper' has no attribute '{key}'"),
        (JsonMap map, string key) => map.GetValueOrDefault(key),
        // Klipper's coordinates are lists whose places have names.
        (IList list, "x" or "y" or "z" or "e") => list["xyze".IndexOf((string)name, StringComparison.Ordinal)],
        (IList list, long index) when index >= 0 && index < list.Count => list[(int)index],
        (null, _) => throw Wrong($"'None' has no attribute '{name}'"),
        _ => null,
    };

    private static bool Contains(object? all, object? one) => all switch
    {
        string text => one is string part && text.Contains(part, StringComparison.Ordinal),
        JsonMap map => one is string key && map.ContainsKey(key),
        IEnumerable items => items.Cast<object?>().Any(item => Same(item, one)),
        _ => throw Wrong("argument of 'in' is not iterable"),
    };

    private static bool Same(object? a, object? b) => a is string or null || b is string or null ? Equals(a, b) : Number(a) == Number(b);

    private static double Number(object? value) => value switch
    {
        double number => number,
        long number => number,
        int number => number,
        bool flag => flag ? 1 : 0,
        string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw Wrong($"{Show(value)} is no number"),
    };

    private static CommandError Wrong(string what) => new($"Error evaluating template: {what}");

    private List<object?> Arguments()
    {
        Expect("(");
        return Items(")");
    }

    private List<object?> Items(string close)
    {
        var items = new List<object?>();
        while (!Take(close))
        {
            items.Add(Conditional());
            if (!Take(","))
            {
                Expect(close);
                break;
            }
        }

        return items;
    }

    private bool Take(string token)
    {
        if (at == tokens.Length || tokens[at] != token)
            return false;
        at++;
        return true;
    }

    private void Expect(string token)
    {
        if (!Take(token))
            throw Wrong($"expected '{token}'");
    }

    private string Next() => at < tokens.Length ? tokens[at++] : throw Wrong("unexpected end");

    [GeneratedRegex("'[^']*'|\"[^\"]*\"|[0-9]+(?:\\.[0-9]+)?|[A-Za-z_][A-Za-z0-9_]*|==|!=|<=|>=|[-+*/<>()\\[\\].,|]", RegexOptions.NonBacktracking)]
    private static partial Regex Token();
}
