using System.Buffers.Text;
using System.Text.Json;

namespace Touchmark.Vault.Operators;

/// <summary>A session token taken apart: a JSON Web Token in compact form (RFC 7519, RFC 7515). Nothing of it is believed yet.</summary>
/// <param name="Algorithm">The header's <c>alg</c>.</param>
/// <param name="KeyId">The header's <c>kid</c>, if there is one.</param>
/// <param name="Signed">What the signature is over: header and claims as they were sent.</param>
/// <param name="Signature">Of any length.</param>
/// <param name="Claims">The claims.</param>
internal sealed record SessionToken(string Algorithm, string? KeyId, ReadOnlyMemory<byte> Signed, byte[] Signature, TokenClaims Claims)
{
    /// <summary>Longest token, bytes.</summary>
    public const int MaxBytes = 8 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>Null when the bytes are no token, or one with an extension that has to be understood (<c>crit</c>).</summary>
    public static SessionToken? Parse(ReadOnlyMemory<byte> token, string roleClaim = "roles")
    {
        var text = token.Span;
        if (text.Length > MaxBytes || text.Count((byte)'.') != 2)
        {
            return null;
        }

        int first = text.IndexOf((byte)'.'), second = text.LastIndexOf((byte)'.');
        if (Decode(text[..first]) is not { } header || Decode(text[(first + 1)..second]) is not { } claims || Decode(text[(second + 1)..]) is not { } signature)
        {
            return null;
        }

        try
        {
            using var head = JsonDocument.Parse(header, Strict);
            using var body = JsonDocument.Parse(claims, Strict);
            return head.RootElement is { ValueKind: JsonValueKind.Object } fields && !fields.TryGetProperty("crit", out _) && fields.TryGetProperty("alg", out var algorithm)
                && algorithm.ValueKind == JsonValueKind.String && TryText(fields, "kid", out var keyId) && TokenClaims.Read(body.RootElement, roleClaim) is { } read
                    ? new(algorithm.GetString()!, keyId, token[..second], signature, read) : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is no UTF-16, such as half a surrogate pair.
            return null;
        }
    }

    /// <summary>False when the member is there and no text.</summary>
    internal static bool TryText(JsonElement fields, string name, out string? text)
    {
        text = null;
        if (!fields.TryGetProperty(name, out var value))
        {
            return true;
        }

        text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return text is not null;
    }

    private static byte[]? Decode(ReadOnlySpan<byte> text) =>
        !text.IsEmpty && text.IndexOfAny("= \t\r\n"u8) < 0 && Base64Url.IsValid(text) ? Base64Url.DecodeFromUtf8(text) : null;
}

/// <summary>The claims that count. Times are seconds since 1970 UTC.</summary>
internal sealed record TokenClaims(string? Issuer, string? Subject, IReadOnlyList<string> Audiences, double Expires, double? NotBefore, double? IssuedAt, IReadOnlyList<string> Roles)
{
    /// <summary>Null when one of them is of the wrong kind, or the token has no end.</summary>
    public static TokenClaims? Read(JsonElement claims, string roleClaim) =>
        claims.ValueKind == JsonValueKind.Object && SessionToken.TryText(claims, "iss", out var issuer) && SessionToken.TryText(claims, "sub", out var subject) && Texts(claims, "aud") is { } audiences
        && TryTime(claims, "exp", out var expires) && expires is { } end && TryTime(claims, "nbf", out var notBefore) && TryTime(claims, "iat", out var issuedAt)
            // Roles of another shape say nothing that we could tell.
            ? new(issuer, subject, audiences, end, notBefore, issuedAt, Texts(claims, roleClaim) ?? []) : null;

    /// <summary>One text or several; null for anything else.</summary>
    private static IReadOnlyList<string>? Texts(JsonElement claims, string name) => !claims.TryGetProperty(name, out var texts) ? []
        : texts.ValueKind == JsonValueKind.String ? [texts.GetString()!]
        : texts.ValueKind == JsonValueKind.Array && texts.EnumerateArray().All(entry => entry.ValueKind == JsonValueKind.String) ? [.. texts.EnumerateArray().Select(entry => entry.GetString()!)]
        : null;

    private static bool TryTime(JsonElement claims, string name, out double? time)
    {
        time = null;
        if (!claims.TryGetProperty(name, out var value))
        {
            return true;
        }

        time = value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && double.IsFinite(seconds) ? seconds : null;
        return time is not null;
    }
}
