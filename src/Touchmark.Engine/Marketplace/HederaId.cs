using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Touchmark.Engine.Marketplace;

/// <summary>The id of a token, account, contract or topic on Hedera: <c>shard.realm.number</c>, each of up to 10 digits, as the mirror node's OpenAPI has it.</summary>
internal readonly record struct HederaId(long Shard, long Realm, long Number)
{
    private const int MaxDigits = 10;
    private const int AddressDigits = 40;

    /// <summary>Without leading zeros and without the checksum of HIP-15, so that an id has one text.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out HederaId id)
    {
        id = default;
        if (text?.Split('.') is not [var shard, var realm, var number] || !TryNumber(shard, out var first) || !TryNumber(realm, out var second) || !TryNumber(number, out var third))
        {
            return false;
        }

        id = new HederaId(first, second, third);
        return true;
    }

    /// <summary>An EVM address that stands for an id (a "long-zero" address: twelve bytes of zeros, then the number).</summary>
    public static bool TryParseAddress([NotNullWhen(true)] string? text, out HederaId id)
    {
        id = default;
        if (!IsAddress(text) || text.AsSpan(2, 24).ContainsAnyExcept('0')
            || !long.TryParse(text.AsSpan(26), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) || number is < 0 or > 9_999_999_999)
        {
            return false;
        }

        id = new HederaId(0, 0, number);
        return true;
    }

    /// <summary><c>0x</c> and 40 hexadecimal digits.</summary>
    public static bool IsAddress([NotNullWhen(true)] string? text) =>
        text is { Length: 2 + AddressDigits } && text.StartsWith("0x", StringComparison.Ordinal) && text.Skip(2).All(char.IsAsciiHexDigit);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Shard}.{Realm}.{Number}");

    private static bool TryNumber(string text, out long number)
    {
        number = 0;
        return text is { Length: > 0 and <= MaxDigits } && (text.Length == 1 || text[0] != '0') && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}

/// <summary>A token, or one serial number of a non-fungible one.</summary>
/// <param name="Token">The token.</param>
/// <param name="Serial">From 1; null for the token as a whole.</param>
internal sealed record HederaToken(HederaId Token, long? Serial)
{
    /// <summary>A serial number: 1 to 2^63 - 1, without leading zeros.</summary>
    public static bool TryParseSerial(string? text, out long serial)
    {
        serial = 0;
        return text is { Length: > 0 } && text[0] != '0' && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out serial);
    }

    public override string ToString() => Serial is { } serial ? string.Create(CultureInfo.InvariantCulture, $"{Token}/{serial}") : Token.ToString();
}
