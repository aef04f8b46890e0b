using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.PrinterTest;

/// <summary>A printer's token as the engine answered it (spec/printer-api.md). A gateway does not look into it; this test does.</summary>
internal sealed record PrinterToken(string Text, DateTimeOffset ExpiresAt)
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(30);

    public static PrinterToken Of(JsonElement answer, string text = "token", string expiry = "expires_at") =>
        Screen.Text(answer, text) is { Length: > 0 } token && DateTimeOffset.TryParse(Screen.Text(answer, expiry), System.Globalization.CultureInfo.InvariantCulture, out var expires)
            ? new PrinterToken(token, expires)
            : throw new CliFailure($"the engine's answer has no {text} with {expiry}.", "this engine is older than printer tokens: update it");

    /// <summary>What a token must say of itself: ES256, this printer, no other role, thirty days.</summary>
    public void Check(Guid printer)
    {
        var parts = Text.Split('.');
        if (parts.Length != 3 || Decode(parts[0]) != """{"alg":"ES256","typ":"JWT"}""" || Decode(parts[1]) is not { } json)
        {
            throw new CliFailure("the token is not a JWT signed with ES256.");
        }

        var claims = Claims(json);
        if (Screen.Text(claims, "role") != "printer" || Screen.Text(claims, "aud") != "touchmark-engine" || Screen.Text(claims, "sub") != $"{printer:D}")
        {
            throw new CliFailure("the token is not this printer's, or has another role than printer.");
        }

        if (!claims.TryGetProperty("iat", out var from) || !claims.TryGetProperty("exp", out var until) || !from.TryGetInt64(out var issued) || !until.TryGetInt64(out var expires)
            || expires - issued != (long)Life.TotalSeconds || Math.Abs(expires - ExpiresAt.ToUnixTimeSeconds()) > 1)
        {
            throw new CliFailure($"the token does not live for {Life.TotalDays:0} days, or not as long as the answer says.");
        }
    }

    private static JsonElement Claims(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(json);
        }
        catch (JsonException)
        {
            throw new CliFailure("the token's claims are not JSON.");
        }
    }

    private static string? Decode(string part)
    {
        try
        {
            return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
