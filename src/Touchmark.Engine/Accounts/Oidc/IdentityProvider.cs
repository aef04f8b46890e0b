namespace Touchmark.Engine.Accounts.Oidc;

/// <summary>An identity provider (OpenID Connect) by which people sign in, as the engine's options name it: <c>--oidc-issuer URL --oidc-authorize URL --oidc-token URL --oidc-client ID --oidc-secret FILE</c>.</summary>
/// <param name="Issuer">As its ID tokens name it, to the letter.</param>
/// <param name="Authorize">Where browsers are sent to.</param>
/// <param name="Token">Where the engine exchanges what they bring back.</param>
/// <param name="ClientId">How the provider calls this engine.</param>
/// <param name="SecretFile">Holds the client's secret, in its first line.</param>
/// <param name="Name">What people call the provider (<c>--oidc-name</c>).</param>
/// <param name="ByEmail">Whoever has the e-mail address of an account, verified by the provider, is its owner (<c>--oidc-email on</c>).</param>
internal sealed record IdentityProvider(string Issuer, Uri Authorize, Uri Token, string ClientId, string SecretFile, string Name, bool ByEmail)
{
    private static readonly string[] Needed = ["oidc-issuer", "oidc-authorize", "oidc-token", "oidc-client", "oidc-secret"];

    /// <summary>Reads it from the engine's options; null when none of them is there.</summary>
    public static IdentityProvider? Read(Func<string, string?> text)
    {
        var given = Needed.Where(key => text(key) is not null).ToList();
        if (given.Count == 0)
        {
            return null;
        }

        if (Needed.Except(given, StringComparer.Ordinal).FirstOrDefault() is { } missing)
        {
            throw new InvalidOperationException($"With --{given[0]} the option --{missing} has to be there, too.");
        }

        return new IdentityProvider(
            text("oidc-issuer")!, Address("oidc-authorize"), Address("oidc-token"), text("oidc-client")!, Path.GetFullPath(text("oidc-secret")!), text("oidc-name") ?? Address("oidc-issuer").Host,
            text("oidc-email") switch
            {
                null or "off" => false,
                "on" => true,
                var other => throw new InvalidOperationException($"The option --oidc-email is on or off, not {other}."),
            });

        // What the provider says counts because TLS says that it is the provider: its tokens come over no other line.
        Uri Address(string key) => Uri.TryCreate(text(key), UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)) && url is { UserInfo: "", Fragment: "" } ? url
            : throw new InvalidOperationException($"The option --{key} is an https address, not {text(key)}.");
    }

    /// <summary>The client's secret.</summary>
    public string ReadSecret() => File.ReadLines(SecretFile).FirstOrDefault()?.Trim() is { Length: > 0 } secret ? secret
        : throw new InvalidOperationException($"The file {SecretFile} (--oidc-secret) is empty; its first line is the client's secret.");
}
