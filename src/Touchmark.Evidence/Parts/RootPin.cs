using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Parts;

/// <summary>
/// A customer's root as it is printed on paper, so that an archive can be believed in 30 years: SHA-256 of both public keys in 52 characters of Crockford's base32, and a
/// check character, Luhn mod 32 (spec/bundle.md).
/// </summary>
public sealed record RootPin
{
    /// <summary>Characters, the check character included.</summary>
    public const int Length = 53;

    /// <summary>Longest text that is read as a pin, characters.</summary>
    public const int MaxInput = 128;

    private const int Group = 4;

    private RootPin(string value) => Value = value;

    /// <summary>53 characters in upper case without hyphens.</summary>
    public string Value { get; }

    /// <summary>The pin of a pair of keys.</summary>
    /// <param name="ed25519Key">32 bytes.</param>
    /// <param name="mlDsa65Key">1,952 bytes.</param>
    public static RootPin Of(ReadOnlySpan<byte> ed25519Key, ReadOnlySpan<byte> mlDsa65Key)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(ed25519Key);
        hash.AppendData(mlDsa65Key);
        // The encoder takes whole groups of five bytes; of the three that fill up, the pin has four bits.
        Span<char> characters = [.. Crockford.Encode([.. hash.GetHashAndReset(), 0, 0, 0])[..(Length - 1)], Crockford.Alphabet[0]];
        characters[^1] = Crockford.LuhnRepair(characters, Length - 1);
        return new(new string(characters));
    }

    /// <summary>The pin of the keys that a trust store holds under a name; null when they are not one of Ed25519 and one of ML-DSA-65.</summary>
    public static RootPin? Of(TrustStore trust, string name)
    {
        ArgumentNullException.ThrowIfNull(trust);
        var keys = trust.Keys.Where(key => key.Name == name).OrderByDescending(key => key.Algorithm).ToList();
        return keys is [{ Algorithm: SignatureAlgorithm.Ed25519 } primary, { Algorithm: SignatureAlgorithm.MlDsa65 } shadow]
            ? Of(primary.PublicKey.Span, shadow.PublicKey.Span) : null;
    }

    /// <summary>
    /// Reads what a person copied from paper: in any case, with blanks and hyphens anywhere, with I and L for 1 and O for 0. False and a sentence otherwise. Never throws.
    /// </summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RootPin? pin, [NotNullWhen(false)] out string? problem)
    {
        Span<char> characters = stackalloc char[Length];
        var count = text is null or { Length: > MaxInput } ? 0 : Crockford.ReadForgiving(text, characters);
        problem = count != Length ? $"A root pin has {Length} characters, this one has {(count == 0 ? text?.Length ?? 0 : count)}."
            : characters.IndexOfAnyExcept(Crockford.Characters) is >= 0 and var unknown
                ? $"Character {unknown + 1} is none that occurs in a root pin: the digits, and the letters without I, L, O and U."
            : Crockford.LuhnSum(characters) != 0 ? "The check character does not match the others: one character is wrong, or two were exchanged. Compare it with the paper."
            : null;
        pin = problem is null ? new(new string(characters)) : null;
        return pin is not null;
    }

    /// <summary>Groups of four with hyphens between them, the check character at the end on its own: what people see.</summary>
    public override string ToString() => string.Join('-', Value.Chunk(Group).Select(group => new string(group)));
}
