using System.Text;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Problems;

namespace Touchmark.Vault.Operators;

/// <summary>Who worked at the printer, by the identity provider's word.</summary>
/// <param name="Idp">The issuer of the session token.</param>
/// <param name="Subject">Its subject.</param>
internal sealed record OperatorIdentity(string Idp, string Subject)
{
    /// <summary>The roles that the token names, in order; empty for none.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];
}

/// <summary>Checks the session tokens of the customer's identity provider (RFC 7519, with the advice of RFC 8725).</summary>
/// <param name="options">Null where no provider is configured.</param>
/// <param name="keys">Null where no provider is configured.</param>
/// <param name="time">The clock.</param>
internal sealed class OperatorTokens(OperatorOptions? options, ProviderKeys? keys, TimeProvider time)
{
    private const int MaxSubject = 256;

    /// <summary>Who the token is about, or why it does not count.</summary>
    /// <param name="token">As the caller gave it: a secret, which is neither kept nor logged.</param>
    /// <param name="cancel">Ends the wait for the provider's keys.</param>
    public async ValueTask<Outcome<OperatorIdentity>> CheckAsync(string token, CancellationToken cancel)
    {
        if (options is null || keys is null)
        {
            return Refusal.Invalid("OPERATORS_NOT_CONFIGURED", "This vault knows no identity provider, so it cannot check an operator's token.",
                "Start the vault with --idp-issuer, --idp-audience and --idp-jwks, or leave the token out.");
        }

        if (SessionToken.Parse(Encoding.UTF8.GetBytes(token), options.RoleClaim) is not { } parsed)
        {
            return Refusal.Invalid("OPERATOR_TOKEN_UNREADABLE", $"The operator's token is no signed JSON Web Token with an end, of at most {SessionToken.MaxBytes} bytes.",
                "Send the token of the operator's session as the identity provider issued it.").With("length", token.Length);
        }

        var key = await keys.FindAsync(parsed.KeyId, cancel);
        if (key is null)
        {
            return keys.AreKnown
                ? Refusal.Invalid("OPERATOR_TOKEN_KEY", "The operator's token names a key that the identity provider does not have.", "Sign in again; if it stays, compare --idp-jwks with the provider.")
                : new Refusal(StatusCodes.Status503ServiceUnavailable, "OPERATOR_KEYS_UNAVAILABLE", "The identity provider's keys cannot be read, so no operator's token can be checked.",
                    "See that --idp-jwks names a key set (RFC 7517) that can be reached, then send the request again.");
        }

        if (parsed.Algorithm != key.Algorithm)
        {
            return Refusal.Invalid("OPERATOR_TOKEN_ALGORITHM", $"The operator's token is not signed as its key demands ({key.Algorithm}).",
                "Let the identity provider sign with ES256, RS256 or EdDSA.").With("expected", key.Algorithm);
        }

        return !key.Verifies(parsed.Signed.Span, parsed.Signature)
            ? Refusal.Invalid("OPERATOR_TOKEN_SIGNATURE", "The operator's token was altered, or somebody else made it: its signature is wrong.", "Sign in again at the identity provider.")
            : Judge(parsed.Claims, options) is { } refusal ? refusal
            : new OperatorIdentity(options.Issuer, parsed.Claims.Subject!) { Roles = Roles(parsed.Claims) };
    }

    /// <summary>Those that can be written into a bundle: what else a provider says of somebody is no reason to refuse a job.</summary>
    private static IReadOnlyList<string> Roles(TokenClaims claims) =>
    [
        .. claims.Roles.Where(role => PlainText.TryAccept(role, OperatorBinding.MaxRole, out var plain) && plain == role).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(OperatorBinding.MaxRoles),
    ];

    private Refusal? Judge(TokenClaims claims, OperatorOptions provider)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        var tolerance = provider.ClockTolerance.TotalSeconds;
        if (claims.Issuer != provider.Issuer)
        {
            return Refusal.Invalid("OPERATOR_TOKEN_ISSUER", "The operator's token is another identity provider's.", $"Sign in at {provider.Issuer}.").With("expected", provider.Issuer);
        }

        if (!claims.Audiences.Contains(provider.Audience, StringComparer.Ordinal))
        {
            return Refusal.Invalid("OPERATOR_TOKEN_AUDIENCE", "The operator's token is meant for another vault or service.", $"Sign in for {provider.Audience}.").With("expected", provider.Audience);
        }

        if (claims.Expires + tolerance <= now)
        {
            return Refusal.Invalid("OPERATOR_TOKEN_EXPIRED", "The operator's session has ended.", "Sign in again, and see that the clocks of the provider and the vault are right.")
                .With("expired_s_ago", (long)Math.Min(now - claims.Expires, long.MaxValue)).With("clock_tolerance_s", (long)tolerance);
        }

        if (claims.NotBefore - tolerance > now || claims.IssuedAt - tolerance > now)
        {
            return Refusal.Invalid("OPERATOR_TOKEN_NOT_YET", "The operator's token is from the future.", "See that the clocks of the provider and the vault are right.").With("clock_tolerance_s", (long)tolerance);
        }

        return PlainText.TryAccept(claims.Subject, MaxSubject, out var subject) && subject == claims.Subject ? null
            : Refusal.Invalid("OPERATOR_TOKEN_SUBJECT", $"The operator's token does not name a person in one line of 1 to {MaxSubject} visible characters.", "Let the identity provider set the claim sub.");
    }
}
