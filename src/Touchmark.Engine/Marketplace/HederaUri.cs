using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Marketplace;

/// <summary>
/// What a URI of the Hedera network names, in the forms that a mirror node can resolve:
/// <c>hedera://[network/]token</c>, <c>hedera://[network/]token/serial</c>, and HCS-1's own <c>hcs://1/topic</c>. The scheme is read in any case, as RFC 3986 demands; nothing else is.
/// </summary>
/// <param name="Network"><c>mainnet</c>, <c>testnet</c> or <c>previewnet</c>; null when the URI leaves it open.</param>
/// <param name="Token">The token; null where a topic is named.</param>
/// <param name="Topic">The topic that holds a file as HCS-1 has it; null where a token is named.</param>
internal sealed record HederaUri(string? Network, HederaToken? Token, HederaId? Topic)
{
    public static readonly IReadOnlyList<string> Networks = ["mainnet", "testnet", "previewnet"];

    private const string Hedera = "hedera://";
    private const string Consensus = "hcs://";
    private const int MaxLength = 128;

    /// <summary>Whether the URI has one of our schemes, well-formed or not.</summary>
    public static bool IsOne(string uri) => uri.StartsWith(Hedera, StringComparison.OrdinalIgnoreCase) || uri.StartsWith(Consensus, StringComparison.OrdinalIgnoreCase);

    /// <summary>Refusal: HEDERA_URI_INVALID.</summary>
    public static Outcome<HederaUri> Parse(string uri)
    {
        if (uri.Length > MaxLength)
        {
            return Invalid(uri);
        }

        if (uri.StartsWith(Consensus, StringComparison.OrdinalIgnoreCase))
        {
            return uri[Consensus.Length..].Split('/') is ["1", var topic] && HederaId.TryParse(topic, out var id) ? new HederaUri(null, null, id) : Invalid(uri);
        }

        if (!uri.StartsWith(Hedera, StringComparison.OrdinalIgnoreCase))
        {
            return Invalid(uri);
        }

        var parts = uri[Hedera.Length..].Split('/');
        var network = Networks.Contains(parts[0], StringComparer.Ordinal) ? parts[0] : null;
        return (network is null ? parts : parts[1..]) switch
        {
            [var token] when HederaId.TryParse(token, out var id) => new HederaUri(network, new HederaToken(id, null), null),
            [var token, var serial] when HederaId.TryParse(token, out var id) && HederaToken.TryParseSerial(serial, out var number) => new HederaUri(network, new HederaToken(id, number), null),
            _ => Invalid(uri),
        };
    }

    private static Refusal Invalid(string uri) => Refusal.Invalid(
        "HEDERA_URI_INVALID", "The URI names nothing on Hedera that could be looked up.", "Use hedera://0.0.1234/7 for a serial number of a token, hedera://0.0.1234 for a token, or hcs://1/0.0.1234 for a file on a topic.")
        .With("length", uri.Length);
}
