using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Storage;
using Touchmark.Evidence.Documents;
using Touchmark.GCode;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Slicing;

/// <summary>
/// Makes slices, a few at a time and in the order of asking. The slicer's G-code is checked, brought into canonical form, hashed and sealed while it is read:
/// in the clear it is never anywhere but in the sandbox and in passing.
/// </summary>
internal sealed class Slicer(
    SlicerOptions options, DesignLibrary designs, SliceStore slices, BlobStore blobs, IMeterFactory meters, TimeProvider time, ILogger<Slicer> log) : IDisposable
{
    /// <summary>No straight move is given away whole that lasts longer than a segment is meant to.</summary>
    private static readonly ToolpathOptions Writing = new() { LongestMoveSeconds = 0.75 };

    private readonly SlicerSandbox sandbox = new(options.Path, options.Limits, time);
    private readonly SemaphoreSlim turns = new(options.Concurrency, options.Concurrency);
    private readonly Histogram<double> seconds = meters.Create("Touchmark.Engine.Slicing").CreateHistogram<double>("touchmark.slicing.duration", "s", "Wall time of one slicer run");

    /// <summary>The slice for this design, printer, material and quality: an earlier one, or a new one.</summary>
    /// <param name="designId">What to slice.</param>
    /// <param name="printer">For which machine.</param>
    /// <param name="materialName">Of the table in <see cref="Material"/>.</param>
    /// <param name="qualityName">Of the table in <see cref="Quality"/>.</param>
    /// <param name="starting">Awaited when the turn has come.</param>
    /// <param name="progress">Told the slicer's percentage whenever it grows.</param>
    /// <param name="cancel">Kills the slicer.</param>
    public async Task<Outcome<Slice>> SliceAsync(
        Guid designId, EnrolledPrinter printer, string materialName, string qualityName, Func<Task> starting, Action<int> progress, CancellationToken cancel) =>
        SlicerProfile.Create(printer.Profile, materialName, qualityName).Has(out var profile, out var refusal) ? await SliceAsync(designId, printer, profile, starting, progress, cancel) : refusal;

    /// <summary>The slice for this design and printer with these settings: an earlier one, or a new one.</summary>
    public async Task<Outcome<Slice>> SliceAsync(Guid designId, EnrolledPrinter printer, SlicerProfile profile, Func<Task> starting, Action<int> progress, CancellationToken cancel)
    {
        await turns.WaitAsync(cancel);
        try
        {
            await starting();
            if (await IdentifyAsync(cancel) is not { } slicer)
            {
                return new Refusal(StatusCodes.Status503ServiceUnavailable, "SLICER_MISSING", "The slicer or its sandbox is not installed.", "Install the Debian packages prusa-slicer and bubblewrap on the engine's host.")
                    .With("path", options.Path);
            }

            if (await slices.FindAsync(designId, printer.Id, profile.Sha256, slicer, cancel) is { } known)
            {
                return known;
            }

            var started = time.GetTimestamp();
            var outcome = await SliceAsync(designId, printer, profile, slicer, progress, cancel);
            seconds.Record(time.GetElapsedTime(started).TotalSeconds);
            return outcome;
        }
        finally
        {
            turns.Release();
        }
    }

    public void Dispose() => turns.Dispose();

    private async Task<Outcome<Slice>> SliceAsync(Guid designId, EnrolledPrinter printer, SlicerProfile profile, string slicer, Action<int> progress, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await using var model = await designs.OpenModelAsync(designId, cancel);
        using var key = LockedBuffer.Random(SealedBlob.KeySize);
        await using var blob = blobs.Create(id);
        var run = await sandbox.RunAsync(profile.Ini, model.Content, model.Format == DesignFormat.Stl ? "stl" : "3mf", CheckAndSealAsync, progress, cancel);
        if (!run.Has(out var report, out var refusal))
        {
            log.LogWarning("Design {DesignId} was not sliced for printer {PrinterId}: {Code}", designId, printer.Id, refusal.Code);
            return refusal;
        }

        if (!report.Accepted)
        {
            return Refuse(report);
        }

        await blob.CommitAsync(cancel);
        var extent = report.Metadata.Extent ?? default;
        var record = new SliceRecord
        {
            SliceId = id,
            DesignId = designId,
            DesignSha256 = model.Sha256,
            SliceSha256 = report.CanonicalSha256,
            PrinterId = printer.Id,
            Material = profile.Material.Name,
            Quality = profile.Quality.Name,
            Slicer = slicer,
            SettingsSha256 = profile.Sha256,
            Lines = report.Lines,
            Layers = report.Metadata.Layers,
            MotionS = report.MotionSeconds,
            FilamentMm = report.Metadata.ExtrudedMm,
            SlicedAt = now,
        };
        log.LogInformation("Design {DesignId} sliced for printer {PrinterId}: {Segments} segments, {MotionS:F0} s of motion", designId, printer.Id, report.Segments, report.MotionSeconds);
        return await slices.AddAsync(
            new Slice
            {
                Id = id,
                DesignId = designId,
                PrinterId = printer.Id,
                Material = record.Material,
                Quality = record.Quality,
                SettingsSha256 = profile.Sha256,
                Slicer = slicer,
                Sha256 = report.CanonicalSha256,
                Lines = report.Lines,
                Segments = report.Segments,
                MotionS = report.MotionSeconds,
                NozzleC = report.Metadata.MaxNozzleC,
                BedC = report.Metadata.MaxBedC,
                MinX = extent.Min.X,
                MinY = extent.Min.Y,
                MinZ = extent.Min.Z,
                MaxX = extent.Max.X,
                MaxY = extent.Max.Y,
                MaxZ = extent.Max.Z,
                SlicedAt = now,
            }, record, key, cancel);

        async Task<ToolpathReport> CheckAndSealAsync(Stream gcode, CancellationToken stop)
        {
            await using var seal = SliceStore.Seal(blob, id, key);
            var found = await ToolpathCheck.RunAsync(gcode, printer.Profile.ToLimits(), seal, Writing, stop);
            await seal.CompleteAsync(stop);
            return found;
        }
    }

    private static Refusal Refuse(ToolpathReport report)
    {
        var first = report.Refusals[0];
        return new Refusal(StatusCodes.Status422UnprocessableEntity, "TOOLPATH_REFUSED", $"The slicer's G-code may not be printed on this machine: line {first.Line}: {first.Text}", first.Fix)
            .With("refusals", report.RefusalCount)
            .With("lines", report.Refusals.Select(refusal => new { refusal.Line, refusal.Code, refusal.Text, refusal.Figures, refusal.Fix }).ToList());
    }

    /// <summary>Name, version and SHA-256 of the slicer, fresh for each slice: a package upgrade while the engine runs is another slicer.</summary>
    private async Task<string?> IdentifyAsync(CancellationToken cancel)
    {
        if (!File.Exists(options.Path))
        {
            return null;
        }

        await using var program = File.OpenRead(options.Path);
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(program, cancel));
        return await sandbox.VersionAsync(cancel) is { } version ? $"{version} sha256:{hash}" : null;
    }
}

/// <summary>Which slicer runs, and how much of it at once.</summary>
internal sealed record SlicerOptions
{
    public string Path { get; init; } = "/usr/bin/prusa-slicer";

    public SlicerLimits Limits { get; init; } = SlicerLimits.Default;

    /// <summary>Runs at the same time; one slicer uses several cores by itself.</summary>
    public int Concurrency { get; init; } = 2;
}

internal static class SlicingFeature
{
    public static void AddSlicing(this IServiceCollection services)
    {
        services.AddSingleton(provider => provider.GetRequiredService<IConfiguration>()["slicer"] is { Length: > 0 } path ? new SlicerOptions { Path = path } : new SlicerOptions());
        services.AddSingleton<SliceStore>();
        services.AddSingleton<Slicer>();
    }
}
