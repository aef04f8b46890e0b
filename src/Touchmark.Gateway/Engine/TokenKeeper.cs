using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.Diagnostics;

namespace Touchmark.Gateway.Engine;

/// <summary>What a local program may know of the token.</summary>
/// <param name="State"><c>valid</c>, <c>expired</c>, <c>missing</c> or <c>revoked</c> (the printer is).</param>
/// <param name="IssuedAt">By the engine's clock.</param>
/// <param name="ExpiresAt">By the engine's clock.</param>
internal sealed record TokenStatus(string State, DateTimeOffset? IssuedAt, DateTimeOffset? ExpiresAt);

/// <summary>The printer's token (spec/printer-api.md): kept in the gateway's folder, exchanged at 80 % of its life, and made anew by the device key where there is none or it is worth nothing any more.</summary>
internal sealed class TokenKeeper(GatewayHome home, EngineApi engine, P256PrivateKey device, Guid printerId, Journal journal) : IDisposable
{
    private const double RefreshAfter = 0.8;
    private const int LongestToken = 4096;

    private readonly SemaphoreSlim _turn = new(1);
    private KeptToken? _token = Read(home);
    private volatile bool _revoked;

    public bool IsRevoked => _revoked;

    public TokenStatus Status => _token switch
    {
        _ when _revoked => new("revoked", null, null),
        null => new("missing", null, null),
        var token => new(token.ExpiresAt <= engine.Now ? "expired" : "valid", token.IssuedAt, token.ExpiresAt),
    };

    /// <summary>How long the token needs no exchange; zero where there is none.</summary>
    public TimeSpan FreshFor => _token is { } token && token.IssuedAt + ((token.ExpiresAt - token.IssuedAt) * RefreshAfter) - engine.Now is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <summary>Keeps a token that came with an enrolment.</summary>
    public static void Keep(GatewayHome home, string token, DateTimeOffset expiresAt, DateTimeOffset now) =>
        home.WriteToken(JsonSerializer.SerializeToUtf8Bytes(new KeptToken(Checked(token), now, expiresAt), EngineJson.Default.KeptToken));

    /// <summary>Does something with a token that counts; with another one where the engine calls the first worthless.</summary>
    /// <exception cref="GatewayError">The engine refuses or cannot be reached; nothing is asked for a printer that it has revoked.</exception>
    public async Task<T> UseAsync<T>(Func<string, Task<T>> work, CancellationToken cancellationToken)
    {
        if (_revoked)
        {
            throw Revoked();
        }

        try
        {
            var token = await TakeAsync(insteadOf: null, cancellationToken);
            try
            {
                return await work(token);
            }
            catch (GatewayError refused) when (IsWorthless(refused))
            {
                journal.Note($"engine: the token was refused ({refused.Code})");
                return await work(await TakeAsync(insteadOf: token, cancellationToken));
            }
        }
        catch (GatewayError refused) when (refused.Code == "PRINTER_REVOKED")
        {
            _revoked = true;
            journal.Event("engine: this printer is revoked");
            throw;
        }
    }

    /// <summary>Exchanges the token now, by itself or by the device key. Also asks again for a printer that was revoked: an admin may have enrolled it anew.</summary>
    /// <exception cref="GatewayError">The engine refuses or cannot be reached.</exception>
    public async Task<TokenStatus> RefreshAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await RenewAsync(_token is { } token && token.ExpiresAt > engine.Now ? token.Token : null, cancellationToken);
            _revoked = false;
            return Status;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private static bool IsWorthless(GatewayError refused) => refused.Code is "PRINTER_TOKEN_INVALID" or "PRINTER_TOKEN_EXPIRED" or "PRINTER_TOKEN_FROM_THE_FUTURE";

    private async Task<string> TakeAsync(string? insteadOf, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_token is null || _token.Token == insteadOf || _token.ExpiresAt <= engine.Now)
            {
                await RenewAsync(valid: null, cancellationToken);
            }

            return _token!.Token;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task RenewAsync(string? valid, CancellationToken cancellationToken)
    {
        TokenAnswer answer;
        try
        {
            answer = valid is null
                ? await ProveAsync(cancellationToken)
                : await engine.PostAsync("api/refresh-printer-token", json: null, EngineJson.Default.TokenAnswer, valid, cancellationToken);
        }
        catch (GatewayError refused) when (valid is not null && IsWorthless(refused))
        {
            answer = await ProveAsync(cancellationToken);
        }

        _token = new KeptToken(Checked(answer.Token), engine.Now, answer.ExpiresAt);
        journal.Note($"engine: a token until {answer.ExpiresAt:yyyy-MM-dd}");
        try
        {
            home.WriteToken(JsonSerializer.SerializeToUtf8Bytes(_token, EngineJson.Default.KeptToken));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It is good for as long as this process lives; the next one gets its own by the device key.
            journal.Event("the token could not be written to the gateway's folder");
        }
    }

    private async Task<TokenAnswer> ProveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ProveOnceAsync(cancellationToken);
        }
        catch (GatewayError refused) when (refused.Code == "PROOF_STALE")
        {
            // The answer told the engine's clock.
            return await ProveOnceAsync(cancellationToken);
        }
    }

    private Task<TokenAnswer> ProveOnceAsync(CancellationToken cancellationToken)
    {
        // As exact as it travels.
        var at = CborTime.FromMicroseconds(engine.Now.ToMicroseconds());
        var message = DeterministicCbor.Encode(CborArray.Of("touchmark printer token v1", (ReadOnlyMemory<byte>)printerId.ToByteArray(bigEndian: true), at.ToMicroseconds()));
        return engine.PostAsync("api/printer-tokens", new TokenRequest(printerId, at, DeviceProof.Sign(device, message)), EngineJson.Default.TokenRequest, EngineJson.Default.TokenAnswer, token: null, cancellationToken);
    }

    /// <summary>What can stand in a header, and nothing else.</summary>
    private static string Checked(string? token) => token is { Length: > 0 and <= LongestToken } && token.All(static c => c is '.' or '-' or '_' || char.IsAsciiLetterOrDigit(c))
        ? token
        : throw EngineApi.Unreadable("the token is none");

    private static GatewayError Revoked() => new("PRINTER_REVOKED", "The engine has revoked this printer.", "Ask whoever runs the engine; then touchmark-gateway enrol.");

    private static KeptToken? Read(GatewayHome home)
    {
        try
        {
            return home.ReadToken() is { } kept && JsonSerializer.Deserialize(kept, EngineJson.Default.KeptToken) is { Token: not null } token ? token with { Token = Checked(token.Token) } : null;
        }
        catch (Exception failure) when (failure is JsonException or IOException or GatewayError { Code: "ENGINE_ANSWER" })
        {
            return null;
        }
    }
}
