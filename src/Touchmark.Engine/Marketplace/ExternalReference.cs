using Touchmark.Hosting.Problems;
using Touchmark.Streaming.Files;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Marketplace;

/// <summary>What a marketplace knows a bought design by, read strictly: the texts as they are kept, and what of them can be looked up on Hedera.</summary>
/// <param name="Licence">The four texts.</param>
/// <param name="Token">The Hedera token that they name; null when they name none.</param>
/// <param name="Uri">The URI, where it is one of Hedera's.</param>
internal sealed record ExternalReference(ExternalLicence Licence, HederaToken? Token, HederaUri? Uri)
{
    private const int MaxText = 1024;
    private const int MaxTokenDigits = 78;

    private static readonly IReadOnlyList<string> Schemes = ["hedera", "hcs", "https", "ipfs", "ar"];

    /// <summary>Null when none of the four is there. Refusals: EXTERNAL_LICENCE_INVALID, HEDERA_URI_INVALID, EXTERNAL_LICENCE_CONTRADICTS.</summary>
    public static Outcome<ExternalReference?> Read(ExternalLicence texts)
    {
        if (texts is { Uri: null, WalletAddress: null, TokenId: null, ContractAddress: null })
        {
            return new Outcome<ExternalReference?>();
        }

        if (texts.WalletAddress is { } wallet && !HederaId.TryParse(wallet, out _) && !HederaId.IsAddress(wallet))
        {
            return Invalid("wallet_address", "an account such as 0.0.1234, or 0x and 40 hexadecimal digits");
        }

        if (texts.ContractAddress is { } contract && !HederaId.TryParse(contract, out _) && !HederaId.IsAddress(contract))
        {
            return Invalid("contract_address", "a contract or token such as 0.0.1234, or 0x and 40 hexadecimal digits");
        }

        if (texts.TokenId is { } id && !IsTokenId(id))
        {
            return Invalid("token_id", $"a token such as 0.0.1234, a serial number of it such as 0.0.1234/7, or a number of up to {MaxTokenDigits} digits");
        }

        if (texts.Uri is { } uri && !IsUri(uri))
        {
            return Invalid("uri", $"a URI of up to {MaxText} visible ASCII characters, with one of the schemes {string.Join(", ", Schemes)}");
        }

        return Relate(texts);
    }

    /// <summary>What the texts name together; they may say the same twice, and nothing that differs.</summary>
    private static Outcome<ExternalReference?> Relate(ExternalLicence texts)
    {
        HederaUri? named = null;
        if (texts.Uri is { } uri && HederaUri.IsOne(uri) && !HederaUri.Parse(uri).Has(out named, out var refusal))
        {
            return refusal;
        }

        var contract = HederaId.TryParse(texts.ContractAddress, out var id) || HederaId.TryParseAddress(texts.ContractAddress, out id) ? id : (HederaId?)null;
        var token = TokenOf(texts.TokenId, contract);
        if ((token is not null && contract is { } other && other != token.Token) || !Agree(token, named?.Token))
        {
            return Refusal.Invalid("EXTERNAL_LICENCE_CONTRADICTS", "token_id, contract_address and uri name different tokens.", "Send those that belong to one licence.")
                .With("token_id", texts.TokenId).With("contract_address", texts.ContractAddress).With("uri", texts.Uri);
        }

        return new ExternalReference(texts, token is { Serial: not null } ? token : named?.Token ?? token, named);
    }

    private static HederaToken? TokenOf(string? tokenId, HederaId? contract) => tokenId?.Split('/') switch
    {
        [var id, var serial] when HederaId.TryParse(id, out var token) && HederaToken.TryParseSerial(serial, out var number) => new HederaToken(token, number),
        [var id] when HederaId.TryParse(id, out var token) => new HederaToken(token, null),
        // As ERC-721 names an NFT: a contract, which on Hedera is the token, and a number in it.
        [var serial] when contract is { } token && HederaToken.TryParseSerial(serial, out var number) => new HederaToken(token, number),
        null when contract is { } token => new HederaToken(token, null),
        _ => null,
    };

    private static bool Agree(HederaToken? one, HederaToken? other) =>
        one is null || other is null || (one.Token == other.Token && (one.Serial is null || other.Serial is null || one.Serial == other.Serial));

    private static bool IsTokenId(string text) => text.Split('/') switch
    {
        [var id, var serial] => HederaId.TryParse(id, out _) && HederaToken.TryParseSerial(serial, out _),
        [var id] => HederaId.TryParse(id, out _) || (id is { Length: > 0 and <= MaxTokenDigits } && id.All(char.IsAsciiDigit)),
        _ => false,
    };

    private static bool IsUri(string text) =>
        text is { Length: > 0 and <= MaxText } && text.All(static c => c is > ' ' and < '\x7f' and not ('"' or '<' or '>' or '\\' or '^' or '`' or '{' or '|' or '}'))
        && text.Split(':', 2) is [var scheme, _] && Schemes.Contains(scheme, StringComparer.OrdinalIgnoreCase) && System.Uri.TryCreate(text, UriKind.Absolute, out _);

    private static Refusal Invalid(string field, string form) =>
        Refusal.Invalid("EXTERNAL_LICENCE_INVALID", $"The field {field} is not {form}.", "Send it as the marketplace shows it, or leave it out.").With("field", field);
}
