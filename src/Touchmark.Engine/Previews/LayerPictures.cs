using Touchmark.Engine.Drawing;
using Touchmark.GCode;

namespace Touchmark.Engine.Previews;

/// <summary>How much of a toolpath somebody sees (docs/decisions/0024-previews.md).</summary>
/// <param name="PixelMm">The least that a pixel covers, mm along each side.</param>
/// <param name="Pixels">The most pixels along the longer side.</param>
/// <param name="Layers">The most layers that are shown, evenly chosen.</param>
internal sealed record PreviewGrade(double PixelMm, int Pixels, int Layers)
{
    /// <summary>For the owner of the design, who has the model itself, and for those who see everything.</summary>
    public static PreviewGrade Fine { get; } = new(0.2, 480, 250);

    /// <summary>For whoever prints it: enough to see how the part lies, where it is solid and what it stands on.</summary>
    public static PreviewGrade Coarse { get; } = new(1, 160, 100);
}

/// <summary>A picture of one layer.</summary>
/// <param name="Number">Of the layer, from 1.</param>
/// <param name="Z">Its height, mm.</param>
/// <param name="Png">The picture.</param>
internal sealed record LayerPicture(int Number, double Z, byte[] Png);

/// <summary>
/// Draws the layers of a toolpath: for each pixel, in four tones, how much of it is filled. Neither the order of the lines nor their speed, width or flow is in it, and nothing that is finer than a pixel.
/// </summary>
/// <param name="Layers">How many there are in all.</param>
/// <param name="PixelMm">What a pixel covers, mm.</param>
/// <param name="Pictures">Those that are shown, from the bed upwards.</param>
internal sealed record LayerPictures(int Layers, double PixelMm, IReadOnlyList<LayerPicture> Pictures)
{
    private const int Tones = 3;
    private const int MostLayers = 100_000;

    /// <summary>So much of the bed is shown around the part, mm: what lies further away, as the line that primes the nozzle, would make the part a dot.</summary>
    private const double MarginMm = 10;

    /// <summary>No line that primes a nozzle is laid higher, µm.</summary>
    private const long PrimedBelow = 500;

    /// <param name="open">Opens the canonical toolpath; it is read twice.</param>
    /// <param name="machine">Whose toolpath it is.</param>
    /// <param name="grade">How much is shown.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<LayerPictures> DrawAsync(Func<Stream> open, MachineLimits machine, PreviewGrade grade, CancellationToken cancel)
    {
        var layers = new SortedDictionary<long, Frame>();
        await ReadAsync(open, machine, move =>
        {
            var at = Height(move);
            if (layers.TryGetValue(at, out var frame) || layers.Count < MostLayers)
            {
                layers[at] = (frame ?? Frame.Nothing).With(move);
            }
        }, cancel);
        if (layers.Count == 0)
        {
            return new(0, grade.PixelMm, []);
        }

        var all = layers.Keys.ToList();
        var (minX, maxX, minY, maxY) = Frame.Around(layers.Values, [.. layers.Where(layer => layer.Key > PrimedBelow).Select(layer => layer.Value)], MarginMm);
        var shown = Math.Min(grade.Layers, all.Count);
        var pixel = Math.Max(grade.PixelMm, Math.Max(maxX - minX, maxY - minY) / grade.Pixels);
        var (width, height) = (1 + (int)((maxX - minX) / pixel), 1 + (int)((maxY - minY) / pixel));
        // The first and the last one are among them.
        var chosen = Enumerable.Range(0, shown).Select(i => shown == 1 ? 0 : (int)((long)i * (all.Count - 1) / (shown - 1))).ToDictionary(layer => all[layer], layer => (Number: layer + 1, Filled: new float[width * height]));
        await ReadAsync(open, machine, move =>
        {
            if (chosen.TryGetValue(Height(move), out var layer))
            {
                Fill(layer.Filled, width, height, (move.Start.X - minX) / pixel, (move.Start.Y - minY) / pixel, (move.End.X - minX) / pixel, (move.End.Y - minY) / pixel);
            }
        }, cancel);
        // A line is as wide as the nozzle: so many pixel lengths of it fill a pixel.
        var full = pixel / machine.NozzleDiameter;
        return new(all.Count, pixel, [.. chosen.Select(layer => new LayerPicture(layer.Value.Number, layer.Key / 1000.0, Draw(layer.Value.Filled, width, height, full))).OrderBy(picture => picture.Number)]);
    }

    /// <summary>All moves that lay plastic down, in order.</summary>
    private static async Task ReadAsync(Func<Stream> open, MachineLimits machine, Action<PlannedMove> take, CancellationToken cancel)
    {
        await using var toolpath = open();
        using var segmenter = new Segmenter(toolpath, machine);
        while (await segmenter.NextAsync(cancel) is { } segment)
        {
            using (segment)
            {
                foreach (var move in segment.Plan.Moves)
                {
                    if (move.ExtrudedMm > 0 && (move.Start.X != move.End.X || move.Start.Y != move.End.Y))
                    {
                        take(move);
                    }
                }
            }
        }
    }

    /// <summary>µm, so that equal heights are equal.</summary>
    private static long Height(PlannedMove move) => (long)Math.Round(move.End.Z * 1000);

    /// <summary>Adds to each pixel how much of the line lies in it, in lengths of a pixel.</summary>
    private static void Fill(float[] filled, int width, int height, double ax, double ay, double bx, double by)
    {
        var length = Math.Sqrt(((bx - ax) * (bx - ax)) + ((by - ay) * (by - ay)));
        var steps = Math.Max(1, (int)Math.Ceiling(4 * length));
        for (var step = 0; step < steps; step++)
        {
            var share = (step + 0.5) / steps;
            var (x, y) = ((int)Math.Floor(ax + (share * (bx - ax))), (int)Math.Floor(ay + (share * (by - ay))));
            if ((uint)x < (uint)width && (uint)y < (uint)height)
            {
                filled[(y * width) + x] += (float)(length / steps);
            }
        }
    }

    private static byte[] Draw(float[] filled, int width, int height, double full)
    {
        var pixels = new byte[2 * filled.Length];
        for (var i = 0; i < filled.Length; i++)
        {
            // From the top: Y grows away from whoever stands before the printer.
            var at = ((height - 1 - (i / width)) * width) + (i % width);
            var tone = filled[i] == 0 ? 0 : Math.Clamp((int)Math.Ceiling(filled[i] / full * Tones), 1, Tones);
            (pixels[2 * at], pixels[(2 * at) + 1]) = (128, (byte)(255 * tone / Tones));
        }

        return Png.Write(pixels, width);
    }
}

/// <summary>A rectangle on the bed, mm.</summary>
internal sealed record Frame(double MinX, double MaxX, double MinY, double MaxY)
{
    public static Frame Nothing { get; } = new(double.MaxValue, double.MinValue, double.MaxValue, double.MinValue);

    /// <summary>Around the upper layers, and what the lowest ones lay down near them; around everything where there are none.</summary>
    public static Frame Around(IEnumerable<Frame> layers, IReadOnlyList<Frame> upper, double margin)
    {
        var all = layers.Aggregate(With);
        var part = upper.Count > 0 ? upper.Aggregate(With) : all;
        return new(Math.Max(all.MinX, part.MinX - margin), Math.Min(all.MaxX, part.MaxX + margin), Math.Max(all.MinY, part.MinY - margin), Math.Min(all.MaxY, part.MaxY + margin));
    }

    public Frame With(PlannedMove move) => With(this, new(
        Math.Min(move.Start.X, move.End.X), Math.Max(move.Start.X, move.End.X), Math.Min(move.Start.Y, move.End.Y), Math.Max(move.Start.Y, move.End.Y)));

    private static Frame With(Frame one, Frame other) =>
        new(Math.Min(one.MinX, other.MinX), Math.Max(one.MaxX, other.MaxX), Math.Min(one.MinY, other.MinY), Math.Max(one.MaxY, other.MaxY));
}
