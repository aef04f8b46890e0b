using System.Diagnostics.CodeAnalysis;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Streaming.Wire;
using PrinterStatus = Touchmark.Moonraker.PrinterStatus;

namespace Touchmark.Gateway.Vault;

/// <summary>Carries the engine's orders to the vault beside the printer, and its statements back. An order takes its time beside the gateway's loop, and at most <see cref="Limit"/>.</summary>
internal sealed class VaultDesk(string? socket, Journal journal, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    // The engine asks for one thing after the other; whoever asks for more at once is no engine of ours.
    private const int MostAtOnce = 4;

    private readonly VaultClient? _client = socket is null ? null : new VaultClient(socket);
    private readonly SensorWatch _sensors = new();
    private int _underWay;

    /// <summary>Whether there is a vault: then the engine is told so.</summary>
    public bool HasVault => _client is not null;

    /// <summary>While a print runs, and when it has ended.</summary>
    public void Observe(PrinterStatus status, bool printing) => _sensors.Observe(status, printing);

    /// <summary>Takes an order, whose answer is there once the vault's is; false for a frame that is none.</summary>
    public bool TryTake(ReadOnlySpan<byte> frame, CancellationToken stop, [NotNullWhen(true)] out Task<ReadOnlyMemory<byte>>? answer)
    {
        answer = null;
        switch (WireFrame.Peek(frame, out _))
        {
            case WireType.BundleOrder when BundleOrder.TryDecode(frame) is { } order:
                var sensors = _sensors.Ranges();
                answer = AnswerAsync(order.JobId, "bundle", async cancel => await _client!.SignBundleAsync(order, sensors, cancel) is { Length: <= BundleReport.MaxStatement } bundle
                    ? new BundleReport(order.JobId, bundle).Encode()
                    : throw new VaultException("BUNDLE_TOO_LARGE", $"The vault's bundle has more than {BundleReport.MaxStatement} bytes."), stop);
                break;
            case WireType.EndorsementOrder when EndorsementOrder.TryDecode(frame) is { } order:
                answer = AnswerAsync(order.JobId, "endorsement", async cancel =>
                {
                    var (endorsement, certificate) = await _client!.EndorseAsync(order, cancel);
                    return endorsement.Length + certificate.Length <= BundleReport.MaxStatement ? new EndorsementReport(order.JobId, endorsement, certificate).Encode()
                        : throw new VaultException("ENDORSEMENT_TOO_LARGE", $"The vault's statements have more than {BundleReport.MaxStatement} bytes.");
                }, stop);
                break;
            case WireType.ReviewOrder when ReviewOrder.TryDecode(frame) is { } order:
                answer = AnswerAsync(order.OrderId, "review", async cancel => await _client!.ReviewAsync(order, cancel) is { Length: <= BundleReport.MaxStatement } decision
                    ? new ReviewReport(order.OrderId, decision).Encode()
                    : throw new VaultException("REVIEW_TOO_LARGE", $"The vault's decision has more than {BundleReport.MaxStatement} bytes."), stop);
                break;
        }

        return answer is not null;
    }

    public void Dispose() => _client?.Dispose();

    private async Task<ReadOnlyMemory<byte>> AnswerAsync(Guid jobId, string what, Func<CancellationToken, Task<ReadOnlyMemory<byte>>> ask, CancellationToken stop)
    {
        if (_client is null)
        {
            return new VaultRefusal(jobId, VaultRefusal.NoVault, "There is no vault beside this printer.").Encode();
        }

        if (Interlocked.Increment(ref _underWay) > MostAtOnce)
        {
            Interlocked.Decrement(ref _underWay);
            return new VaultRefusal(jobId, "VAULT_BUSY", "The vault is asked for too much at once.").Encode();
        }

        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            await Task.Yield();
            var answer = await ask(either.Token);
            journal.Event($"vault: signed the {what} of job {jobId}");
            return answer;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return Refuse("VAULT_SLOW", $"The vault did not answer within {Limit.TotalSeconds:F0} s.");
        }
        catch (VaultException failure)
        {
            return Refuse(failure.Code, failure.Message);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }

        ReadOnlyMemory<byte> Refuse(string code, string text)
        {
            journal.Event($"vault: no {what} of job {jobId}, {code}: {text}");
            return new VaultRefusal(jobId, code, text).Encode();
        }
    }
}
