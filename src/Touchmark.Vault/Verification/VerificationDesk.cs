using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Features;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Verification;

/// <summary>Verifies what it is sent: so much of it, so many at once, and nothing of it is kept. It believes the customer's root, and no more than any other verifier.</summary>
internal sealed class VerificationDesk(VaultOptions options, ManifestBook manifest, TimeProvider time) : IDisposable
{
    /// <summary>Longest file, bytes.</summary>
    private const int MostBytes = 4 * 1024 * 1024;

    /// <summary>Time for a file to come in.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Whoever sends slowly holds a seat, and keeps no worker from working.
    private readonly ConcurrencyLimiter seats = new(new ConcurrencyLimiterOptions { PermitLimit = 64, QueueLimit = 0 });
    private readonly ConcurrencyLimiter workers = new(new ConcurrencyLimiterOptions { PermitLimit = Environment.ProcessorCount, QueueLimit = 64, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    public async Task<Outcome<Verdict>> VerifyAsync(HttpContext context, CancellationToken cancel)
    {
        if (manifest.Identity is not { } identity)
        {
            return ManifestProblems.NoCertificate("no ceremony has told it a root to believe");
        }

        using var seat = seats.AttemptAcquire();
        if (!seat.IsAcquired)
        {
            return Busy;
        }

        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = MostBytes;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        using var file = new MemoryStream(context.Request.ContentLength is > 0 and <= MostBytes and var length ? (int)length : 0);
        await context.Request.Body.CopyToAsync(file, limit.Token);
        using var worker = await workers.AcquireAsync(1, cancel);
        if (!worker.IsAcquired)
        {
            return Busy;
        }

        return EvidenceVerifier.Verify(file.GetBuffer().AsMemory(0, (int)file.Length), identity.Trust, time.GetUtcNow(), TimeSpan.FromHours(options.ManifestHours)).Verdict;
    }

    private static Refusal Busy => new Refusal(
        StatusCodes.Status503ServiceUnavailable, "BUSY", "The vault verifies as much as it can already.", "Ask again in a moment, or verify on your own computer: touchmark verify.").With("retry_after_s", 1L);

    public void Dispose()
    {
        seats.Dispose();
        workers.Dispose();
    }
}
