using System.Data.Common;

namespace Touchmark.Vault.Twins;

/// <summary>Completes twins whose bundle was signed when the vault ended before it could complete them.</summary>
internal sealed class TwinKeeper(TwinDesk twins, TimeProvider time, ILogger<TwinKeeper> log) : BackgroundService
{
    private static readonly TimeSpan LookTime = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host goes on with its start meanwhile.
        await Task.Yield();
        using var ticks = new PeriodicTimer(LookTime, time);
        try
        {
            do
            {
                await LookAsync(stoppingToken);
            }
            while (await ticks.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // It ends with the process.
        }
    }

    private async Task LookAsync(CancellationToken cancel)
    {
        try
        {
            await twins.CatchUpAsync(cancel);
        }
        catch (Exception failure) when (failure is DbException or IOException)
        {
            log.LogWarning(failure, "Twins that are built were not completed; it is tried again");
        }
    }
}
