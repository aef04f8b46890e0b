using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>
/// Looks at a model file before anything else does, and says what it is or why it is refused. It never throws for what the file holds, and what it keeps in
/// memory is bounded by <see cref="ModelLimits"/>. The kind is told by the content; a file name is nothing to rely on.
/// </summary>
internal static class ModelCheck
{
    /// <param name="file">Seekable, at its beginning.</param>
    /// <param name="cancel">Checked every few thousand facets.</param>
    /// <param name="picture">Is drawn on the way; null for none.</param>
    public static Outcome<ModelFacts> Run(Stream file, CancellationToken cancel, DesignPicture? picture = null)
    {
        if (file.Length == 0)
        {
            return Refusal.Invalid("DESIGN_EMPTY", "The file is empty.", "Send an STL or 3MF file.");
        }

        Span<byte> head = stackalloc byte[StlCheck.HeaderBytes];
        head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        file.Position = 0;
        if (ZipDirectory.IsZip(head))
        {
            return ThreeMfCheck.Run(file, picture, cancel);
        }

        if (StlCheck.IsBinary(head, file.Length))
        {
            return StlCheck.RunBinary(file, picture, cancel);
        }

        if (StlCheck.IsText(head))
        {
            return new StlText(file, picture, cancel).Run();
        }

        return StlCheck.DeclaredFacets(head) is { } declared
            ? StlCheck.LyingCount(declared, file.Length)
            : Refusal.Invalid("DESIGN_FORMAT", "The file is neither an STL nor a 3MF.", "Export the part as binary STL, ASCII STL or 3MF.").With("bytes", file.Length);
    }
}
