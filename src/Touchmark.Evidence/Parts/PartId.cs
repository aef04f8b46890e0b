using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Parts;

/// <summary>What is wrong with a text that should be a part id.</summary>
/// <param name="Code">Stable: <c>PART_ID_LENGTH</c>, <c>PART_ID_CHARACTER</c> or <c>PART_ID_CHECK</c>.</param>
/// <param name="Text">A sentence for people, with the figures.</param>
/// <param name="Likely">
/// Ids that it is one slip away from: first those with two neighbours exchanged, then those with one character replaced, each from left to right. Whether they exist, the
/// registry knows.
/// </param>
public sealed record PartIdProblem(string Code, string Text, IReadOnlyList<PartId> Likely);

/// <summary>
/// The name of one printed part: 15 random characters of Crockford's base32 (75 bits) and a check character, Luhn mod 32 (spec/part-id.md). It says nothing about the part.
/// </summary>
public sealed record PartId
{
    /// <summary>Characters, the check character included.</summary>
    public const int Length = 16;

    /// <summary>Longest text that is read as an id, characters.</summary>
    public const int MaxInput = 64;

    private const int Group = 4;

    private PartId(string value) => Value = value;

    /// <summary>16 characters in upper case without hyphens: what documents, databases and links hold.</summary>
    public string Value { get; }

    /// <summary>A new id at random.</summary>
    public static PartId Create()
    {
        Span<char> characters = stackalloc char[Length];
        RandomNumberGenerator.GetItems<char>(Crockford.Alphabet, characters[..^1]);
        characters[^1] = Crockford.LuhnRepair(characters, Length - 1);
        return new(new string(characters));
    }

    /// <summary>
    /// Reads what a person wrote: in any case, with blanks and hyphens anywhere, with I and L for 1 and O for 0. False and what is wrong with it otherwise. Never throws.
    /// </summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PartId? id, [NotNullWhen(false)] out PartIdProblem? problem)
    {
        Span<char> characters = stackalloc char[Length];
        id = null;
        problem = Read(text ?? "", characters);
        if (problem is null && Crockford.LuhnSum(characters) != 0)
        {
            problem = new("PART_ID_CHECK", "The check character does not match the others: one character is wrong, or two were exchanged. Compare it with the label.", Likely(characters));
        }
        if (problem is null)
        {
            id = new(new string(characters));
        }
        return id is not null;
    }

    /// <summary>Four groups of four, with hyphens: what people see.</summary>
    public override string ToString() => $"{Value[..Group]}-{Value[Group..(2 * Group)]}-{Value[(2 * Group)..(3 * Group)]}-{Value[(3 * Group)..]}";

    /// <summary>The id in a field of a document, which has only the form of <see cref="Value"/>.</summary>
    internal static PartId Read(CborFields fields, string key)
    {
        var text = fields.Text(key, Length);
        if (Crockford.Is(text, Length) && Crockford.LuhnSum(text) == 0)
        {
            return new(text);
        }
        fields.Refuse(key, "not a part id of 16 characters with its check character");
        return new(new string('0', Length));
    }

    private static PartIdProblem? Read(string text, Span<char> characters)
    {
        if (text.Length > MaxInput)
        {
            return new("PART_ID_LENGTH", $"A part id has {Length} characters, this text has {text.Length}.", []);
        }
        var count = Crockford.ReadForgiving(text, characters);
        if (count != Length)
        {
            return new("PART_ID_LENGTH", $"A part id has {Length} characters, this one has {count}.", []);
        }
        var unknown = characters.IndexOfAnyExcept(Crockford.Characters);
        if (unknown < 0)
        {
            return null;
        }
        return new("PART_ID_CHARACTER", $"Character {unknown + 1} is none that occurs in a part id: the digits, and the letters without I, L, O and U.",
            characters[(unknown + 1)..].IndexOfAnyExcept(Crockford.Characters) < 0 ? [With(characters, unknown, Crockford.LuhnRepair(characters, unknown))] : []);
    }

    private static List<PartId> Likely(ReadOnlySpan<char> characters)
    {
        var likely = new List<PartId>();
        Span<char> exchanged = stackalloc char[Length];
        for (var at = 0; at + 1 < Length; at++)
        {
            characters.CopyTo(exchanged);
            (exchanged[at], exchanged[at + 1]) = (exchanged[at + 1], exchanged[at]);
            if (Crockford.LuhnSum(exchanged) == 0)
            {
                likely.Add(new(new string(exchanged)));
            }
        }
        for (var at = 0; at < Length; at++)
        {
            likely.Add(With(characters, at, Crockford.LuhnRepair(characters, at)));
        }
        return likely;
    }

    private static PartId With(ReadOnlySpan<char> characters, int at, char character)
    {
        Span<char> changed = stackalloc char[Length];
        characters.CopyTo(changed);
        changed[at] = character;
        return new(new string(changed));
    }
}
