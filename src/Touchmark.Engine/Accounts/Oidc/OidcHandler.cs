using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Touchmark.Engine.Accounts.Oidc;

/// <summary>The framework's OAuth handler (code flow, state, PKCE) with what OpenID Connect adds to it: a nonce, and an ID token that says who it is.</summary>
internal sealed class OidcHandler(IOptionsMonitor<OAuthOptions> options, ILoggerFactory log, UrlEncoder encoder, EngineOptions engine, TimeProvider time) : OAuthHandler<OAuthOptions>(options, log, encoder)
{
    public const string Name = "oidc";

    public const string Callback = "/sign-in/oidc/callback";

    private const string Nonce = "nonce";

    protected override string BuildChallengeUrl(AuthenticationProperties properties, string redirectUri)
    {
        // Before the properties are sealed into the state.
        var nonce = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        properties.Items[Nonce] = nonce;
        return QueryHelpers.AddQueryString(base.BuildChallengeUrl(properties, Public(redirectUri)), Nonce, nonce);
    }

    protected override Task<OAuthTokenResponse> ExchangeCodeAsync(OAuthCodeExchangeContext context) =>
        base.ExchangeCodeAsync(new OAuthCodeExchangeContext(context.Properties, context.Code, Public(context.RedirectUri)));

    protected override Task<AuthenticationTicket> CreateTicketAsync(ClaimsIdentity identity, AuthenticationProperties properties, OAuthTokenResponse tokens)
    {
        var provider = engine.IdentityProvider!;
        var token = tokens.Response!.RootElement.TryGetProperty("id_token", out var given) ? given.GetString() : null;
        if (IdToken.Read(token, provider.Issuer, provider.ClientId, properties.Items[Nonce]!, time.GetUtcNow()) is not { } subject)
        {
            throw new AuthenticationFailureException("The ID token is missing, or it is not for this sign-in.");
        }

        // For whoever takes the ticket, in this request; parameters are in no state and no cookie.
        properties.SetParameter(Name, subject);
        return Task.FromResult(new AuthenticationTicket(new ClaimsPrincipal(identity), properties, Scheme.Name));
    }

    // Behind a proxy the request may name another host than the one that people see, and that the provider knows.
    private string Public(string redirectUri) => engine.PublicUrl is { } url ? url + Callback : redirectUri;
}
