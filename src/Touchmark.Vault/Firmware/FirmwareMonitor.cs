using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Firmware;

/// <summary>The printer's firmware as it was last read.</summary>
/// <param name="Sha256">32 bytes; null where it could not be read.</param>
/// <param name="Standing">Whether it is approved, by which statements, and why not.</param>
internal sealed record FirmwareReading(ReadOnlyMemory<byte>? Sha256, FirmwareStanding Standing);

/// <summary>Knows what the printer runs: it reads every few seconds.</summary>
internal sealed class FirmwareMonitor(FirmwareSource source, Approvals approvals, ManifestBook manifest, TimeProvider time, ILogger<FirmwareMonitor> log) : BackgroundService
{
    /// <summary>From one reading to the next.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    private FirmwareReading current = new(null, new FirmwareStanding(FirmwareState.Unknown, [], "The printer's firmware was not read yet."));

    public FirmwareReading Current => Volatile.Read(ref current);

    /// <summary>Reads now.</summary>
    public async Task RefreshAsync(CancellationToken cancel)
    {
        var (sha256, parts, problem) = await source.ReadAsync(cancel);
        var standing = sha256 is not { } hash ? new FirmwareStanding(FirmwareState.Unknown, [], problem)
            : manifest.Identity?.Certificate.PrinterId is not { } printer ? new FirmwareStanding(FirmwareState.Unapproved, [], "Before its ceremony a vault knows no approvals.")
            : await JudgeAsync(hash, parts, printer, cancel);
        if (standing.State != Current.Standing.State)
        {
            log.LogInformation("The printer's firmware is {State}: {Reason}", FirmwareStanding.NameOf(standing.State), standing.Reason ?? "two officers approved it");
        }

        Volatile.Write(ref current, new FirmwareReading(sha256, standing));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await RefreshAsync(stoppingToken);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                log.LogError(failure, "The printer's firmware could not be judged");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Approved is what two officers approved as a whole, or, of several micro-controllers, each by itself.</summary>
    private async Task<FirmwareStanding> JudgeAsync(ReadOnlyMemory<byte> hash, IReadOnlyList<ReadOnlyMemory<byte>> parts, Guid printer, CancellationToken cancel)
    {
        var whole = await approvals.StandingAsync(hash, printer, cancel);
        if (whole.State == FirmwareState.Approved || parts.Count < 2)
        {
            return whole;
        }

        var each = new List<FirmwareStanding>();
        foreach (var part in parts)
        {
            each.Add(await approvals.StandingAsync(part, printer, cancel));
        }

        return each.Find(part => part.State != FirmwareState.Approved) is { } missing
            ? missing with { Reason = $"One of the printer's {parts.Count} micro-controllers runs other firmware than what was approved. {missing.Reason}" }
            : new FirmwareStanding(FirmwareState.Approved, [.. each.SelectMany(part => part.Approvals).DistinctBy(approval => Convert.ToHexString(approval.Span)).Take(16)], null);
    }
}
