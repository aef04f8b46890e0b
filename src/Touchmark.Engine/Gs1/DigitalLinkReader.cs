using System.Buffers;
using System.Globalization;
using System.Text;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Gs1;

/// <summary>
/// Takes links apart that anybody may have written: bounded in length, decoded once and never again, nothing skipped and nothing guessed. Everything that is not a Digital Link is refused with what is
/// wrong with it.
/// </summary>
internal static class DigitalLinkReader
{
    /// <summary>Longest link, characters.</summary>
    public const int MaxLength = 2048;

    private static readonly SearchValues<char> UriCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%");
    private static readonly SearchValues<char> HostCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.:[]");
    private static readonly string[] Schemes = ["https://", "http://", "HTTPS://", "HTTP://"];

    public static Outcome<DigitalLink> Read(string text)
    {
        if (text.Length > MaxLength)
        {
            return Refuse("DIGITAL_LINK_LENGTH", $"A link of {text.Length} characters is longer than any that this engine reads.").With("length", text.Length).With("limit", MaxLength);
        }

        if (text.AsSpan().IndexOfAnyExcept(UriCharacters) is >= 0 and var at)
        {
            return Refuse("DIGITAL_LINK_CHARACTER", $"Character {at + 1} has no place in a link as it stands; it would have to be percent-encoded.").With("position", at + 1);
        }

        if (Array.Find(Schemes, scheme => text.StartsWith(scheme, StringComparison.Ordinal)) is { } found)
        {
            text = text[found.Length..];
            var host = text.AsSpan(0, text.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? slash : text.Length);
            if (host.IsEmpty || host.ContainsAnyExcept(HostCharacters))
            {
                return Refuse("DIGITAL_LINK_HOST", "The link does not name a host between its scheme and its path.");
            }

            text = text[host.Length..];
        }

        var fragment = text.IndexOf('#', StringComparison.Ordinal);
        text = fragment < 0 ? text : text[..fragment];
        var query = text.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? text : text[..query];
        if (!ReadPath(path).Has(out var link, out var refusal))
        {
            return refusal;
        }

        return ReadQuery(query < 0 ? "" : text[(query + 1)..], link) is { } second ? second : link;
    }

    private static Outcome<DigitalLink> ReadPath(string path)
    {
        if (path.Length == 0 || path[0] != '/')
        {
            return Refuse("DIGITAL_LINK_FORM", "This is not a Digital Link: it begins with neither http:// or https:// nor a slash.");
        }

        // One slash at the end is tolerated, as the resolver standard asks.
        var segments = path[1..(path.Length > 1 && path[^1] == '/' ? ^1 : ^0)].Split('/');
        var start = KeyOf(segments);
        if (start < 0)
        {
            var alpha = segments.FirstOrDefault(segment => ApplicationIdentifier.OfAlpha(segment) is not null);
            return alpha is null
                ? Refuse("DIGITAL_LINK_KEY", "The path names no GS1 key, such as 01 for a GTIN, with its value behind it.")
                : Refuse("DIGITAL_LINK_ALPHA", $"The link says {alpha} where the standard has {ApplicationIdentifier.OfAlpha(alpha)} since its version 1.2.").With("written", alpha).With("code", ApplicationIdentifier.OfAlpha(alpha));
        }

        if (segments.Take(start).Any(segment => segment is "" or "." or ".."))
        {
            return Refuse("DIGITAL_LINK_PATH", "The path in front of the key has an empty step, or one that leads upwards.");
        }

        var elements = new List<Element>();
        for (var at = start; at < segments.Length; at += 2)
        {
            if (!ReadValue(segments[at], segments[at + 1]).Has(out var element, out var refusal))
            {
                return refusal;
            }

            elements.Add(element);
        }

        var key = elements[0];
        var qualifiers = elements[1..];
        return ApplicationIdentifier.Find(key.Code)!.Sequences!.Any(sequence => Follows(sequence, qualifiers))
            ? new DigitalLink(start == 0 ? "" : "/" + string.Join('/', segments[..start]), key, qualifiers)
            : Refuse("DIGITAL_LINK_QUALIFIER", $"What follows {key.Code} is not qualifiers of it, or not in the standard's order.").With("key", key.Code).With("qualifiers", string.Join(", ", qualifiers.Select(element => element.Code)));
    }

    /// <summary>Where the last key stands that leaves pairs behind it: what is before is the stem, whatever it looks like.</summary>
    private static int KeyOf(string[] segments)
    {
        for (var at = segments.Length - 2; at >= 0; at -= 2)
        {
            if (ApplicationIdentifier.Find(segments[at]) is { IsKey: true })
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>Whether these qualifiers are some of the sequence, in its order.</summary>
    private static bool Follows(IReadOnlyList<string> sequence, List<Element> qualifiers)
    {
        var at = 0;
        foreach (var qualifier in qualifiers)
        {
            while (at < sequence.Count && sequence[at] != qualifier.Code)
            {
                at++;
            }

            if (at++ == sequence.Count)
            {
                return false;
            }
        }

        return true;
    }

    private static Outcome<Element> ReadValue(string code, string encoded)
    {
        if (ApplicationIdentifier.Find(code) is not { } identifier)
        {
            return Refuse("DIGITAL_LINK_QUALIFIER", "A step of the path behind the key is none of the standard's qualifiers.");
        }

        if (Decode(encoded) is not { } value)
        {
            return Refuse("DIGITAL_LINK_ENCODING", $"The value of {code} is not percent-encoded as it has to be: % and two hexadecimal digits, of a character that GS1 allows.").With("code", code);
        }

        return identifier.WhyNot(value) is { } why
            ? Refuse("DIGITAL_LINK_VALUE", $"The {identifier.Name} ({code}) {why}.").With("code", code).With("length", value.Length)
            : new Element(code, value);
    }

    private static Refusal? ReadQuery(string query, DigitalLink link)
    {
        var seen = link.Qualifiers.Prepend(link.Key).Select(element => element.Code).ToHashSet(StringComparer.Ordinal);
        foreach (var pair in query.Split('&'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? pair : pair[..equals];
            if (name.Length == 0 || name.AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0)
            {
                continue;
            }

            // "+" is a blank in a query, and GS1 has none.
            var value = equals < 0 || pair.Contains('+', StringComparison.Ordinal) ? null : Decode(pair[(equals + 1)..]);
            if (name.Length is < 2 or > 4 || string.IsNullOrEmpty(value) || value.Length > ApplicationIdentifier.MaxLength)
            {
                return Refuse("DIGITAL_LINK_ATTRIBUTE", "An attribute in the query is named by digits and is no application identifier with a value.").With("limit", ApplicationIdentifier.MaxLength);
            }

            if (!seen.Add(name) || BelongsInPath(name, link))
            {
                return Refuse("DIGITAL_LINK_ATTRIBUTE", $"The identifier {name} is there twice, or in the query where it belongs in the path.").With("code", name);
            }
        }

        return null;
    }

    private static bool BelongsInPath(string code, DigitalLink link) =>
        ApplicationIdentifier.Find(link.Key.Code)!.Sequences!.Any(sequence => sequence.Contains(code, StringComparer.Ordinal) && link.Qualifiers.All(element => sequence.Contains(element.Code, StringComparer.Ordinal)));

    /// <summary>Undoes percent-encoding, once; null when it is none, or when a character comes out that no GS1 value has.</summary>
    private static string? Decode(string encoded)
    {
        var value = new StringBuilder(encoded.Length);
        for (var at = 0; at < encoded.Length; at++)
        {
            var character = encoded[at];
            if (character == '%')
            {
                if (at + 2 >= encoded.Length || !byte.TryParse(encoded.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                {
                    return null;
                }

                character = (char)code;
                at += 2;
            }

            if (!ApplicationIdentifier.Set82.Contains(character) && character != '#')
            {
                return null;
            }

            value.Append(character);
        }

        return value.ToString();
    }

    private static Refusal Refuse(string code, string text) => Refusal.Invalid(code, text, "Scan the code again, or type the part's id.");
}
