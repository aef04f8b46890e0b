using System.Globalization;
using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.OnPrinter;
using Touchmark.Gateway.Running;
using Touchmark.Streaming.Files;

namespace Touchmark.Gateway.Engine;

/// <summary>
/// What the gateway asks its engine for on behalf of the printer's files (spec/printer-api.md): keeps the token and the printer's keys fresh, has the keys of files released, and reports the ends of their prints.
/// </summary>
internal sealed class EngineDesk : IAsyncDisposable
{
    /// <summary>Somebody waits at the printer for a file to open.</summary>
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(20);

    /// <summary>Whoever lists many files of a key that is not here asks for it once in this time, also where that fails.</summary>
    private static readonly TimeSpan FetchPeriod = TimeSpan.FromSeconds(2);

    /// <summary>The token is looked at at least so often: the clock of this computer may be set meanwhile.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);

    private readonly PrinterKeys _keys;
    private readonly Journal _journal;
    private readonly TimeProvider _time;
    private readonly PrintLedger _prints;
    private readonly SemaphoreSlim _fetching = new(1);
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _keeping;
    private long? _fetched;
    private GatewayError? _fetchFailure;
    private volatile bool _wantsKeys;

    public EngineDesk(GatewayHome home, GatewaySettings settings, P256PrivateKey device, PrinterKeys keys, Journal journal, TimeProvider time)
    {
        (_keys, _journal, _time) = (keys, journal, time);
        Api = new EngineApi(new Uri(settings.Engine), time);
        Token = new TokenKeeper(home, Api, device, settings.PrinterId, journal);
        Slicing = new SliceClient(this, settings.PrinterId);
        _prints = new PrintLedger(home, journal, time);
        _keeping = KeepAsync(_stop.Token);
    }

    public EngineApi Api { get; }

    public TokenKeeper Token { get; }

    public SliceClient Slicing { get; }

    /// <summary>The engine is there: what it keeps for this printer is taken, and what waits for it is told.</summary>
    public void Connected()
    {
        _wantsKeys = true;
        _wake.Release();
    }

    /// <summary>Takes the printer's keys from the engine, and deletes those that it has revoked.</summary>
    /// <exception cref="GatewayError">The engine refuses or cannot be reached.</exception>
    public async Task FetchKeysAsync(CancellationToken cancellationToken)
    {
        await _fetching.WaitAsync(cancellationToken);
        try
        {
            if (_fetched is not { } last || _time.GetElapsedTime(last) >= FetchPeriod)
            {
                _fetchFailure = await TryFetchKeysAsync(cancellationToken);
                _fetched = _time.GetTimestamp();
            }

            if (_fetchFailure is { } failure)
            {
                throw failure;
            }
        }
        finally
        {
            _fetching.Release();
        }
    }

    private async Task<GatewayError?> TryFetchKeysAsync(CancellationToken cancellationToken)
    {
        try
        {
            _keys.Replace(await Token.UseAsync(token => Api.GetAsync("api/printer-keys", EngineJson.Default.IReadOnlyListHandedKey, token, cancellationToken), cancellationToken));
            return null;
        }
        catch (GatewayError failure)
        {
            return failure;
        }
    }

    /// <summary>Has the engine release the key of a file for a print: the one that has not ended, or a new one.</summary>
    /// <returns>The print, and the file's content key as the printer's key wraps it.</returns>
    /// <exception cref="GatewayError">It refuses, or does not answer in time. In that case it may have counted the print, and the next attempt is the same one.</exception>
    public async Task<(Guid PrintId, byte[] ContentKey)> ReleaseAsync(SealedGCodeHeader file, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ReleaseLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var print = _prints.Begin(file.FileId);
        try
        {
            try
            {
                return (print, await UnwrapAsync(file, print, either.Token));
            }
            catch (GatewayError refused) when (refused.Code is "PRINT_ENDED" or "PRINT_OTHER_FILE" or "PRINT_RELEASED_OFTEN" or "PRINT_TOO_LONG_AGO")
            {
                // What was left of a print long ago. This is another one.
                print = _prints.Begin(file.FileId, instead: print);
                return (print, await UnwrapAsync(file, print, either.Token));
            }
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw Api.Away(failure);
        }
    }

    /// <summary>A print of a released file has ended; told to the engine now or when it is there again.</summary>
    public void End(Guid printId, string outcome)
    {
        if (_prints.End(printId, outcome))
        {
            _wake.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _keeping;
        Slicing.Dispose();
        Api.Dispose();
        Token.Dispose();
        _fetching.Dispose();
        _wake.Dispose();
        _stop.Dispose();
    }

    private async Task<byte[]> UnwrapAsync(SealedGCodeHeader file, Guid print, CancellationToken cancellationToken)
    {
        var request = new UnwrapRequest(file.FileId, print);
        var answer = await Token.UseAsync(
            token => Api.PostAsync("api/printer-keys/unwrap", request, EngineJson.Default.UnwrapRequest, EngineJson.Default.UnwrapAnswer, token, cancellationToken), cancellationToken);
        _journal.Event($"engine: released the key of a file for print {print:D}");
        return answer.ContentKey ?? throw EngineApi.Unreadable("the content key is missing");
    }

    private async Task KeepAsync(CancellationToken stop)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10));
        string? told = null;
        try
        {
            while (true)
            {
                var wait = LongestSleep;
                try
                {
                    await RoundAsync(stop);
                    backoff.Reset();
                    told = null;
                    wait = Token.FreshFor is { Ticks: > 0 } fresh && fresh < LongestSleep ? fresh : LongestSleep;
                }
                catch (Exception failure) when (failure is GatewayError or IOException or UnauthorizedAccessException)
                {
                    var code = (failure as GatewayError)?.Code ?? "HOME_UNWRITABLE";
                    if (code != told)
                    {
                        _journal.Event($"engine: token, keys or ends of prints wait ({code})");
                        told = code;
                    }

                    wait = Token.IsRevoked ? LongestSleep : backoff.Next();
                }

                await SleepAsync(wait, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task RoundAsync(CancellationToken stop)
    {
        if (Token.IsRevoked)
        {
            return;
        }

        if (Token.FreshFor <= TimeSpan.Zero)
        {
            await Token.RefreshAsync(stop);
        }

        if (_wantsKeys)
        {
            await FetchKeysAsync(stop);
            _wantsKeys = false;
        }

        foreach (var print in _prints.Ended)
        {
            await ReportAsync(print, stop);
        }
    }

    private async Task ReportAsync(KeptPrint print, CancellationToken stop)
    {
        try
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"api/printer-keys/prints/{print.PrintId:D}/end");
            await Token.UseAsync(token => Api.PostAsync(path, new EndRequest(print.Outcome!), EngineJson.Default.EndRequest, EngineJson.Default.EndAnswer, token, stop), stop);
        }
        catch (GatewayError refused) when (refused.Code is "NOT_FOUND")
        {
            // Its key was never released.
        }

        _prints.Forget(print.PrintId);
    }

    private async Task SleepAsync(TimeSpan wait, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(wait, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            await _wake.WaitAsync(either.Token);
            while (_wake.Wait(0, CancellationToken.None))
            {
                // One round does for all.
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // Time for the next round.
        }
    }
}
