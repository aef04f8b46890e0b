using System.Globalization;

namespace Touchmark.Vault.Operators;

/// <summary>
/// The customer's identity provider: <c>--idp-issuer https://idp.example --idp-audience vault-7 --idp-jwks FILE-or-URL [--idp-clock-seconds 60] [--idp-role-claim roles]</c>. Without it no operator
/// token is taken.
/// </summary>
/// <param name="Issuer">The claim <c>iss</c> of its tokens, letter by letter.</param>
/// <param name="Audience">What the claim <c>aud</c> has to hold: a name of this vault alone, so that no token for another is good here.</param>
/// <param name="Keys">A file, or an address: https, or http on the loopback.</param>
/// <param name="ClockTolerance">How far its clock and ours may be apart.</param>
internal sealed record OperatorOptions(string Issuer, string Audience, Uri Keys, TimeSpan ClockTolerance)
{
    private const int MaxTolerance = 600;

    /// <summary>The claim that names the operator's roles, a text or an array of texts (RFC 9068, 2.2.3.1, has <c>roles</c>, <c>groups</c> and <c>entitlements</c>).</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <exception cref="InvalidOperationException">One of them is not what it has to be; the message says which, and what it takes.</exception>
    public static OperatorOptions? Read(IConfiguration configuration)
    {
        string? issuer = configuration["idp-issuer"], audience = configuration["idp-audience"], keys = configuration["idp-jwks"];
        if (issuer is null && audience is null && keys is null)
        {
            return null;
        }

        if (string.IsNullOrEmpty(issuer) || string.IsNullOrEmpty(audience) || string.IsNullOrEmpty(keys))
        {
            throw new InvalidOperationException("The options --idp-issuer, --idp-audience and --idp-jwks belong together: name all three, or none.");
        }

        return new(issuer, audience, Locate(keys), TimeSpan.FromSeconds(Tolerance(configuration["idp-clock-seconds"])))
        {
            RoleClaim = configuration["idp-role-claim"] is { Length: > 0 } claim ? claim : "roles",
        };
    }

    private static Uri Locate(string text) => !text.Contains("://", StringComparison.Ordinal) ? new Uri(Path.GetFullPath(text))
        : Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)) ? url
        : throw new InvalidOperationException($"The option --idp-jwks is a file or an https address, not {text}: whoever could change keys on their way could be any operator.");

    private static int Tolerance(string? text) => text is null ? 60
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= MaxTolerance ? seconds
        : throw new InvalidOperationException($"The option --idp-clock-seconds is a whole number from 0 to {MaxTolerance}, not {text}.");
}
