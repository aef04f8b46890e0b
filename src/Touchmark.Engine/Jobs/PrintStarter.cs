using System.Data.Common;
using Touchmark.Cryptography;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Slicing;
using Touchmark.Streaming;

namespace Touchmark.Engine.Jobs;

/// <summary>Turns a sliced job into a session on its printer's connection.</summary>
internal sealed class PrintStarter(GatewayHub hub, PrinterQueue queue, JobStore jobs, JobFeed feed, SliceStore slices, SessionKeeper keeper, EngineKeys keys, TimeProvider time, ILogger<PrintStarter> log)
{
    public DateTimeOffset Now => time.GetUtcNow();

    public Task<PrinterTurn> TakeTurnAsync(Job job, CancellationToken cancel) => queue.TakeTurnAsync(job, cancel);

    public async Task<PrintSession> BeginAsync(PrinterTurn turn, Job job, Slice slice, EnrolledPrinter printer, CancellationToken cancel)
    {
        var sessionId = Guid.CreateVersion7(time.GetUtcNow());
        await jobs.OfferedAsync(job.Id, sessionId, cancel);
        feed.Touch(job.Id);
        return hub.Begin(turn, Order(job, slice, printer, sessionId));
    }

    /// <summary>The turn of a job that ran on its printer when the engine went away; to be asked for before any other job gets one.</summary>
    public PrinterTurn Reserve(Guid printerId) => hub.Reserve(printerId);

    /// <summary>Goes on with the session of an earlier process.</summary>
    public PrintSession Restore(PrinterTurn turn, Job job, Slice slice, EnrolledPrinter printer, SavedSessionRow saved) =>
        hub.Restore(turn, Order(job, slice, printer, saved.Id), saved);

    public Task<Slice?> FindSliceAsync(Guid id, CancellationToken cancel) => slices.FindAsync(id, cancel);

    private SessionOrder Order(Job job, Slice slice, EnrolledPrinter printer, Guid sessionId) => new()
    {
        JobId = job.Id,
        Options = new EngineSessionOptions
        {
            SessionId = sessionId,
            Facts = Facts(job, slice),
            Settings = Settings(job),
            Profile = printer.Profile,
            DeviceKey = printer.DevicePublicKey,
            TransportKey = new Es256Signer(keys.Transport),
            KeepsEnding = true,
        },
        Toolpath = slices.Open(slice),
        Starting = async (gatewayHolds, session) =>
        {
            await jobs.StartedAsync(job, gatewayHolds, session, CancellationToken.None);
            feed.Touch(job.Id);
        },
        Ending = () => keeper.SaveAsync(CancellationToken.None),
        // What a reader of the toolpath says might quote a line of it: then only its kind is written.
        SupplyFailed = failure => log.LogError(
            failure is DbException or IOException ? failure : null, "The print of job {Job} ends: its toolpath cannot be read on, or its start not be written down ({Kind})", job.Id, failure.GetType().Name),
        Progress = progress => feed.Report(job.Id, progress),
    };

    public Task EndAsync(PrinterTurn turn, PrintSession print) => hub.CloseAsync(turn, print);

    public void CloseConnections() => hub.CloseAll();

    private static JobFacts Facts(Job job, Slice slice) => new()
    {
        JobId = job.Id,
        LicenceId = job.LicenceId,
        Title = job.DesignName,
        Segments = (ulong)slice.Segments,
        MotionSeconds = slice.MotionS,
        NozzleC = slice.NozzleC,
        BedC = slice.BedC,
        Min = (slice.MinX, slice.MinY, slice.MinZ),
        Max = (slice.MaxX, slice.MaxY, slice.MaxZ),
        AllowScriptStore = job.AllowScriptStore,
        AllowNoDeadMan = job.AllowNoDeadMan,
    };

    /// <summary>The licence may want less outside than we would let out. Then the window gives way before the flow does.</summary>
    private static SessionSettings Settings(Job job)
    {
        var settings = new SessionSettings { MaxSlowdown = job.MaxSlowdownPercent / 100, MaxTrimC = job.MaxTemperatureTrimC };
        if (job.ExposureLimitS is { } limit && limit < settings.WindowSeconds)
        {
            settings = settings with { WindowSeconds = limit, FloorSeconds = Math.Clamp(limit - SessionSettings.LongestSegmentSeconds, 0, settings.FloorSeconds) };
        }

        return job.OutageLimitS is { } outage ? settings with { OutageSeconds = Math.Max(1, outage) } : settings;
    }
}
