namespace Touchmark.Engine.Labels;

/// <summary>The fonts of labels, from the system: DejaVu (Debian's fonts-dejavu-core), which has most of the world's alphabets, may be embedded, and is not carried about by us. Read when first needed.</summary>
/// <param name="folder">Where they lie.</param>
internal sealed class LabelFonts(string folder)
{
    private readonly Lock gate = new();
    private LabelPrinter? printer;

    /// <summary>A printer with these fonts.</summary>
    /// <exception cref="IOException">A font is not there.</exception>
    /// <exception cref="InvalidDataException">A file is no font that is read here.</exception>
    public LabelPrinter Load()
    {
        lock (gate)
        {
            return printer ??= new LabelPrinter(Read("DejaVuSans.ttf"), Read("DejaVuSans-Bold.ttf"), Read("DejaVuSansMono-Bold.ttf"));
        }
    }

    private TrueTypeFont Read(string name) => new(File.ReadAllBytes(Path.Combine(folder, name)));
}
