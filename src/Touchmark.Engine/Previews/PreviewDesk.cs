using Microsoft.Extensions.Caching.Memory;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Previews;

/// <summary>A slice as somebody sees it who may.</summary>
internal sealed record SeenSlice(Slice Slice, SliceRecord Record, Design Design, EnrolledPrinter Printer, PreviewGrade Grade)
{
    /// <summary>g; null where nothing is known of the material.</summary>
    public double? MassG => Material.Find(Slice.Material)?.DensityGCm3 * Record.FilamentMm * Math.PI / 4 * Printer.Profile.Limits.FilamentDiameter * Printer.Profile.Limits.FilamentDiameter / 1000;
}

/// <summary>Shows what a slice is like, and never the slice itself.</summary>
internal sealed class PreviewDesk(SliceStore slices, DesignLibrary designs, PrinterFleet fleet, LicenceLedger licences) : IDisposable
{
    /// <summary>A set of pictures has some hundred kB, and at most some MB.</summary>
    private static readonly MemoryCacheOptions Room = new() { SizeLimit = 16 };

    private readonly MemoryCache drawn = new(Room);

    /// <summary>For the owner of the design and those who see everything; for the printer's organisation while it can print the design.</summary>
    public async Task<Outcome<SeenSlice>> FindAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (await slices.FindAsync(id, cancel) is not { } slice || await designs.FindAsync(slice.DesignId, cancel) is not { } design || await fleet.FindAsync(slice.PrinterId, cancel) is not { } printer)
        {
            return Refusal.NotFound("slice");
        }

        var grade = caller.MaySee(design.OrganisationId) ? PreviewGrade.Fine
            : caller.OrganisationId == printer.OrganisationId && await licences.MayPrintAsync(design.Id, caller.OrganisationId, cancel) ? PreviewGrade.Coarse : null;
        return grade is null ? Refusal.NotFound("slice") : new SeenSlice(slice, CustodyChains.Read<SliceRecord>(slice.Statement), design, printer, grade);
    }

    /// <summary>The layers of a slice, drawn when they are first asked for.</summary>
    public Task<LayerPictures> PicturesAsync(SeenSlice seen)
    {
        var pictures = drawn.GetOrCreate((seen.Slice.Id, seen.Grade), entry =>
        {
            entry.Size = 1;
            entry.SlidingExpiration = TimeSpan.FromMinutes(10);
            // Whoever asks second waits for the same drawing; it is not ended when whoever asked first goes away.
            return new Lazy<Task<LayerPictures>>(() => Task.Run(() => LayerPictures.DrawAsync(() => slices.Open(seen.Slice), seen.Printer.Profile.Limits, seen.Grade, CancellationToken.None)));
        })!;
        return pictures.Value;
    }

    public void Dispose() => drawn.Dispose();
}
