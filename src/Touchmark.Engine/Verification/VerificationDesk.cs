using System.Threading.RateLimiting;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Verification;

/// <summary>
/// Verifies for strangers, within bounds: the files that are held at once, the processors that work on them, and what one place may have verified, by size, since the work grows with that.
/// </summary>
internal sealed class VerificationDesk(EngineOptions options, EngineStatements statements, TimeProvider time) : IDisposable
{
    /// <summary>Files that are read or wait at once.</summary>
    private const int Seats = 64;

    /// <summary>Of those from one place.</summary>
    private const int SeatsPerPlace = 8;

    private readonly ConcurrencyLimiter seats = new(new() { PermitLimit = Seats });
    private readonly Connections places = new(SeatsPerPlace);

    // Half of the processors at most: the other half goes on printing.
    private readonly ConcurrencyLimiter workers = new(new() { PermitLimit = Math.Max(1, Environment.ProcessorCount / 2), QueueLimit = Seats });
    private readonly PlaceBudget budget = new(options.VerifyBurstBytes, options.VerifyBytesPerSecond);

    private static Refusal Busy => new Refusal(
        StatusCodes.Status503ServiceUnavailable, "VERIFIER_BUSY", $"The engine verifies for {Seats} others already, or for {SeatsPerPlace} from where you are.",
        "Wait a moment, or verify on your own computer: touchmark verify.").With("retry_after_s", 5L);

    /// <summary>The longest file that it takes from this caller, bytes.</summary>
    public static int MostBytes(Caller? caller) => caller is null ? 4 * 1024 * 1024 : EvidenceFile.MaxBytes;

    /// <summary>Reads the body of a request and verifies it.</summary>
    public async Task<Outcome<EvidenceVerdict>> VerifyAsync(HttpContext context, Caller? caller, Stream body, CancellationToken cancel)
    {
        using var seat = seats.AttemptAcquire();
        using var place = places.TryOpen(Place.Of(context));
        if (!seat.IsAcquired || place is null)
        {
            return Busy;
        }

        var most = MostBytes(caller);
        using var file = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await body.ReadAsync(buffer, cancel) is > 0 and var read)
        {
            if (file.Length + read > most)
            {
                return new Refusal(StatusCodes.Status413PayloadTooLarge, "TOO_LARGE", $"The engine verifies files of at most {most} bytes here.", "Verify it on your own computer: touchmark verify, or on the page /verify.")
                    .With("limit", most);
            }

            file.Write(buffer, 0, read);
        }

        return await WorkAsync(context, file.ToArray(), cancel);
    }

    /// <summary>Verifies a file that the engine made itself: the work counts for whoever asks.</summary>
    public Task<Outcome<EvidenceVerdict>> VerifyAsync(HttpContext context, byte[] file, CancellationToken cancel) => WorkAsync(context, file, cancel);

    public void Dispose()
    {
        seats.Dispose();
        workers.Dispose();
        budget.Dispose();
    }

    private async Task<Outcome<EvidenceVerdict>> WorkAsync(HttpContext context, byte[] file, CancellationToken cancel)
    {
        if (budget.Spend(context, file.Length) is { } refusal)
        {
            return refusal;
        }

        using var worker = await workers.AcquireAsync(1, cancel);
        if (!worker.IsAcquired)
        {
            return Busy;
        }

        var (trust, now) = (statements.Trust, time.GetUtcNow());
        return await Task.Run(() => Verify(file, trust, now), cancel);
    }

    private static EvidenceVerdict Verify(byte[] file, TrustStore trust, DateTimeOffset now) => Statement.TryParse(file, out _, out _)
        ? new(StatementVerifier.Verify(new StatementPart(file, null), trust, now), null, null, null, null, null)
        : EvidenceVerifier.Verify(file, trust, now);
}
