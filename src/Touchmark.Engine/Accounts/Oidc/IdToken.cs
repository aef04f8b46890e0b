using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Touchmark.Engine.Accounts.Oidc;

/// <summary>
/// Reads an ID token that came from the provider's token endpoint itself, over TLS: then TLS vouches for it, and its signature need not be checked (OpenID Connect Core 1.0, section 3.1.3.7, step 6). All other
/// checks of that section are made.
/// </summary>
internal static class IdToken
{
    private const int LongestToken = 16 * 1024;

    /// <summary>Of a subject (section 2), characters.</summary>
    private const int LongestSubject = 255;

    /// <summary>How far the clocks of provider and engine may be apart.</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);

    /// <summary>Whom the token names; null when it is not one of this issuer for this client, for this sign-in and for now.</summary>
    public static ProviderSubject? Read(string? token, string issuer, string clientId, string nonce, DateTimeOffset now)
    {
        if (token is not { Length: > 0 and <= LongestToken } || token.Split('.') is not [_, var body, _])
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(body), new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            var claims = document.RootElement;
            return claims.ValueKind == JsonValueKind.Object
                && Text(claims, "iss") == issuer
                && IsFor(claims, clientId)
                && Time(claims, "exp") + Leeway > now && Time(claims, "iat") - Leeway < now
                && Text(claims, "nonce") is { } said && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(said), Encoding.UTF8.GetBytes(nonce))
                && Text(claims, "sub") is { Length: > 0 and <= LongestSubject } subject && subject.All(letter => letter is > ' ' and <= '~')
                ? new ProviderSubject(subject, Text(claims, "email"), claims.TryGetProperty("email_verified", out var verified) && verified.ValueKind == JsonValueKind.True) : null;
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    // An audience alone, or several of which the one for whom it was made is named.
    private static bool IsFor(JsonElement claims, string clientId)
    {
        var several = claims.TryGetProperty("aud", out var audience) && audience.ValueKind == JsonValueKind.Array;
        var ours = several ? audience.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.String && one.GetString() == clientId) : Text(claims, "aud") == clientId;
        var party = Text(claims, "azp");
        return ours && (party is null ? !several || audience.GetArrayLength() == 1 : party == clientId);
    }

    private static string? Text(JsonElement claims, string name) => claims.TryGetProperty(name, out var claim) && claim.ValueKind == JsonValueKind.String ? claim.GetString() : null;

    private static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var claim) && claim.TryGetInt64(out var seconds) && seconds is > 0 and < 253_402_300_000 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}

/// <summary>Somebody as the provider names them.</summary>
/// <param name="Subject">It never gives this to anybody else.</param>
/// <param name="Email">It may.</param>
/// <param name="EmailVerified">The provider has seen that the address is theirs.</param>
internal sealed record ProviderSubject(string Subject, string? Email, bool EmailVerified);
