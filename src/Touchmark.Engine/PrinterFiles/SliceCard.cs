using Touchmark.Engine.Custody;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Slicing;
using Touchmark.Evidence.Documents;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.PrinterFiles;

/// <summary>The card of a slice: its canonical toolpath has no comments left that would say any of it.</summary>
internal static class SliceCard
{
    // Front ends show pictures of a few hundred pixels; a card has room for 4 MiB.
    private const int MostThumbnails = 4;
    private const int MostThumbnailBytes = 512 * 1024;

    public static GCodeCard Of(Slice slice, EnrolledPrinter printer, IReadOnlyList<CardThumbnail> thumbnails)
    {
        var record = CustodyChains.Read<SliceRecord>(slice.Statement);
        var diameter = printer.Profile.Limits.FilamentDiameter;
        var (program, version) = Program(slice.Slicer);
        return new()
        {
            Slicer = program,
            SlicerVersion = version,
            EstimatedTime = slice.MotionS,
            LayerCount = record.Layers is > 0 and <= int.MaxValue ? (int)record.Layers : null,
            ObjectHeight = Math.Max(0, slice.MaxZ),
            FirstLayerExtrTemp = slice.NozzleC,
            FirstLayerBedTemp = slice.BedC,
            FilamentTotal = record.FilamentMm,
            FilamentWeightTotal = Material.Find(slice.Material)?.DensityGCm3 * record.FilamentMm * Math.PI / 4 * diameter * diameter / 1000,
            FilamentType = slice.Material,
            PrinterModel = printer.Model,
            Thumbnails = [.. thumbnails.Where(picture => picture.Image.Length <= MostThumbnailBytes).Take(MostThumbnails)],
        };
    }

    /// <summary><c>PrusaSlicer 2.8.1 sha256:…</c>, taken apart.</summary>
    private static (string Name, string? Version) Program(string slicer)
    {
        var words = slicer.Split(' ');
        return (words[0], words.Length > 1 && !words[1].StartsWith("sha256:", StringComparison.Ordinal) ? words[1] : null);
    }
}
