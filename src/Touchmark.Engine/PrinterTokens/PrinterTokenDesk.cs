using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Printers;
using Touchmark.Evidence.Cbor;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.PrinterTokens;

/// <summary>
/// What a gateway shows to act for its printer (spec/printer-api.md): signed and kept nowhere. Each use looks the printer up, so revoking the printer ends all of its tokens at once.
/// </summary>
internal sealed class PrinterTokenDesk(EngineOptions options, EngineKeys keys, PrinterFleet fleet, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>So far may the clocks of two nodes, or of an engine and a gateway, differ.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    private const string Audience = "touchmark-engine";
    private const string Role = "printer";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static readonly long LastSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>Whether somebody took a printer's token for a person's.</summary>
    public static bool LooksLikeOne(string token) => token.StartsWith($"{Jwt.Header}.", StringComparison.Ordinal);

    /// <summary>What the device key signs (ES256): deterministic CBOR [ "touchmark printer token v1", printer id, time in UTC microseconds ].</summary>
    public static byte[] ProofMessage(Guid printerId, DateTimeOffset at) =>
        DeterministicCbor.Encode(CborArray.Of("touchmark printer token v1", (ReadOnlyMemory<byte>)printerId.ToByteArray(bigEndian: true), CborTime.ToMicroseconds(at)));

    public IssuedToken Issue(Guid printerId)
    {
        var issued = time.GetUtcNow().ToUnixTimeSeconds();
        var expires = issued + (long)Lifetime.TotalSeconds;
        var claims = new Claims(options.Issuer, Audience, printerId, Role, issued, expires, Guid.CreateVersion7(time.GetUtcNow()));
        return new IssuedToken(Jwt.Sign(keys.PrinterTokens, JsonSerializer.SerializeToUtf8Bytes(claims, Json)), DateTimeOffset.FromUnixTimeSeconds(expires));
    }

    /// <summary>A token for a gateway that has none, or whose token is worth nothing any more. Whoever replays the proof gets what its sender got.</summary>
    public async Task<Outcome<IssuedToken>> IssueAsync(PrinterTokenRequest request, CancellationToken cancel)
    {
        if (!(await fleet.FindProvedAsync(request.PrinterId, ProofMessage(request.PrinterId, request.At), request.Proof, cancel)).Has(out var printer, out var refusal))
        {
            return refusal;
        }

        var now = time.GetUtcNow();
        return (request.At - now).Duration() <= ClockTolerance ? Issue(printer.Id)
            : Refusal.Invalid("PROOF_STALE", "The proof was made more than five minutes before or after the engine's clock.", "Set the clock of the gateway's computer.").With("at", request.At).With("now", now);
    }

    /// <summary>Whose token this is, and that the printer may act.</summary>
    public async Task<Outcome<PrinterCaller>> ReadAsync(string token, CancellationToken cancel)
    {
        if (token.StartsWith(TokenBook.Prefix, StringComparison.Ordinal))
        {
            return new Refusal(StatusCodes.Status403Forbidden, "TOKEN_NOT_A_PRINTERS", "This is a person's token, and only a printer may do this.", "Let the printer's gateway ask, with the token that it got when it was enrolled.");
        }

        if (Jwt.TryOpen(token, keys.PrinterTokens.PublicKey.Span) is not { } payload || TryRead(payload) is not { } claims || claims.Iss != options.Issuer)
        {
            return new Refusal(StatusCodes.Status401Unauthorized, "PRINTER_TOKEN_INVALID", "The token was altered, or is not of this engine.", "Get a new one from POST /api/printer-tokens.");
        }

        var now = time.GetUtcNow();
        if (DateTimeOffset.FromUnixTimeSeconds(claims.Iat) is var issued && issued > now + ClockTolerance)
        {
            return new Refusal(StatusCodes.Status401Unauthorized, "PRINTER_TOKEN_FROM_THE_FUTURE", "The token was issued later than the engine's clock says it is now.", "Check the engine's clock, then get a new token from POST /api/printer-tokens.")
                .With("issued_at", issued).With("now", now);
        }

        if (DateTimeOffset.FromUnixTimeSeconds(claims.Exp) is var expires && expires <= now - ClockTolerance)
        {
            return new Refusal(StatusCodes.Status401Unauthorized, "PRINTER_TOKEN_EXPIRED", "The token has expired.", "Get a new one from POST /api/printer-tokens.").With("expires_at", expires).With("now", now);
        }

        return await fleet.FindAsync(claims.Sub, cancel) is { RevokedAt: null } printer ? new PrinterCaller(printer)
            : new Refusal(StatusCodes.Status403Forbidden, "PRINTER_REVOKED", "This printer was revoked, or is not enrolled here.", "Enrol the printer again.").With("printer", claims.Sub);
    }

    /// <summary>Null for anything but claims as <see cref="Issue"/> makes them.</summary>
    private static Claims? TryRead(byte[] payload)
    {
        try
        {
            return JsonSerializer.Deserialize<Claims>(payload, Json) is { Aud: Audience, Role: Role } claims && claims.Iat >= 0 && claims.Exp >= claims.Iat && claims.Exp <= LastSecond ? claims : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>RFC 7519, 4.1; times in seconds since 1970.</summary>
    private sealed record Claims(string Iss, string Aud, Guid Sub, string Role, long Iat, long Exp, Guid Jti);
}

/// <summary>What a gateway proves with its device key.</summary>
internal sealed record PrinterTokenRequest(Guid PrinterId, DateTimeOffset At, byte[] Proof);
