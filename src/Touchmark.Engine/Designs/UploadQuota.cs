using Touchmark.Engine.Accounts;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Designs;

/// <summary>How much an organisation may keep, and how often it may add to it.</summary>
internal sealed class UploadQuota(Database database, EngineOptions options, TimeProvider time)
{
    /// <summary>Uploads of one organisation that may run at once: each one is sealed, read back and measured.</summary>
    private const int AtOnce = 4;

    private readonly Connections running = new(AtOnce);

    /// <summary>Counted until it is disposed; or the refusal, before anything of the body was read.</summary>
    /// <param name="caller">Who uploads.</param>
    /// <param name="announced">Length of the body, bytes; null when it is not announced.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<Outcome<IDisposable>> BeginAsync(Caller caller, long? announced, CancellationToken cancel)
    {
        await using (var work = await database.BeginAsync(cancel))
        {
            if (await CheckAsync(work, caller.OrganisationId, announced ?? 0, cancel) is { } refusal)
            {
                return refusal;
            }
        }

        return running.TryOpen($"{caller.OrganisationId:N}") is { } counted ? Outcome.Of<IDisposable>(counted)
            : new Refusal(StatusCodes.Status429TooManyRequests, "UPLOADS_AT_ONCE", $"{AtOnce} uploads of your organisation are running.", "Send this one when another has ended.").With("limit", AtOnce).With("retry_after_s", 10L);
    }

    /// <summary>Decides in the transaction that keeps the design: of two that came at once and fit only one by one, one is refused.</summary>
    public async Task<Refusal?> CheckAsync(Transaction work, Guid organisation, long bytes, CancellationToken cancel)
    {
        // Holds the organisation's row, so that its other uploads wait here on every node.
        await work.ExecuteAsync("update organisations set name = name where id = @Id", new { Id = organisation }, cancel);
        var since = time.GetUtcNow() - TimeSpan.FromDays(1);
        var used = (await work.FirstOrDefaultAsync<Usage>(
            "select cast(coalesce(sum(bytes), 0) as bigint) as bytes, cast(coalesce(sum(case when created_at > @Since then 1 else 0 end), 0) as bigint) as today from designs where organisation_id = @Id",
            new { Id = organisation, Since = since }, cancel))!;
        if (used.Today >= options.UploadsPerDay)
        {
            return new Refusal(StatusCodes.Status429TooManyRequests, "UPLOADS_PER_DAY", $"Your organisation has added {used.Today} designs within 24 hours, and may add {options.UploadsPerDay}.", "Wait, or ask the engine's operator for more.")
                .With("uploads", used.Today).With("limit", options.UploadsPerDay);
        }

        return used.Bytes + bytes <= options.OrganisationBytes ? null
            : new Refusal(
                StatusCodes.Status413PayloadTooLarge, "STORAGE_QUOTA", $"Your organisation keeps {used.Bytes} of the {options.OrganisationBytes} bytes that it may, and this would be {bytes} more.", "Ask the engine's operator for more room.")
                .With("stored_bytes", used.Bytes).With("upload_bytes", bytes).With("limit_bytes", options.OrganisationBytes);
    }

    private sealed record Usage
    {
        public long Bytes { get; init; }

        public long Today { get; init; }
    }
}
