namespace Touchmark.Vault.Manifest;

/// <summary>Looks after something now and then, from the start of the process to its end.</summary>
/// <param name="every">Time between two looks.</param>
/// <param name="time">The clock.</param>
internal abstract class Keeper(TimeSpan every, TimeProvider time) : BackgroundService
{
    protected TimeProvider Time => time;

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host goes on with its start meanwhile.
        await Task.Yield();
        using var ticks = new PeriodicTimer(every, time);
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

    /// <summary>One look. What it throws ends the process.</summary>
    protected abstract Task LookAsync(CancellationToken cancel);
}
