using System.Diagnostics.Metrics;

namespace Touchmark.Engine.SystemHealth;

/// <summary>The same as meters: looked at once a minute, so that whoever collects them costs the database nothing.</summary>
internal sealed class HealthMetrics : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly HealthCheck check;
    private readonly TimeProvider time;
    private readonly ILogger<HealthMetrics> log;
    private HealthView? last;

    public HealthMetrics(IMeterFactory meters, HealthCheck check, TimeProvider time, ILogger<HealthMetrics> log)
    {
        (this.check, this.time, this.log) = (check, time, log);
        var meter = meters.Create("Touchmark.Engine.Health");
        Observe("touchmark.database.size", "By", "Bytes that the database takes", health => health.Database.Bytes);
        Observe("touchmark.database.answer", "s", "Time of one small query", health => health.Database.AnswerSeconds);
        Observe("touchmark.log.size", "{entry}", "Entries of the newest checkpoint", health => health.Log.Size);
        Observe("touchmark.log.waiting", "{statement}", "Statements that are not entered yet", health => health.Log.Waiting);
        Observe("touchmark.log.waiting.age", "s", "How long the oldest of them waits", health => health.Log.WaitingSeconds);
        Observe("touchmark.disk.free", "By", "Free on the disk of the data folder", health => health.Disk.FreeBytes);
        Observe("touchmark.backup.age", "s", "Since the last backup that was recorded", health => health.Backup.LastAt is { } at ? (health.At - at).TotalSeconds : null);

        void Observe(string name, string unit, string description, Func<HealthView, double?> read) =>
            meter.CreateObservableGauge(name, () => last is { } health && read(health) is { } value ? [new Measurement<double>(value)] : Array.Empty<Measurement<double>>(), unit, description);
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await LookAsync(stoppingToken);
        }
    }

    private async Task LookAsync(CancellationToken cancel)
    {
        try
        {
            last = await check.LookAsync(cancel);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // What does not answer has no value: whoever collects sees that.
            last = null;
            log.LogWarning("The engine's health could not be read: {Reason}", error.Message);
        }
    }
}
