using System.Xml;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>
/// 3MF (core specification 1.3): a zip with one model part in XML. Every file in it is unpacked once with its declared size as a limit, the XML has no DTD, bounded
/// tokens and bounded names, and the mesh is measured in place.
/// </summary>
internal static class ThreeMfCheck
{
    private const string ModelRelation = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel";

    public static Outcome<ModelFacts> Run(Stream file, DesignPicture? picture, CancellationToken cancel)
    {
        if (ZipDirectory.Read(file, out var problem) is not { } entries)
        {
            return Refuse("THREE_MF_ZIP", $"The 3MF file {problem}.");
        }

        if (CheckSizes(entries) is { } bomb)
        {
            return bomb;
        }

        var models = entries.Where(entry => entry.Name.EndsWith(".model", StringComparison.OrdinalIgnoreCase)).ToList();
        var relations = entries.FirstOrDefault(entry => entry.Name == "_rels/.rels");
        if (models.Count != 1 || relations is null)
        {
            return Refuse("THREE_MF_PARTS", $"The 3MF file has {models.Count} model parts{(relations is null ? " and no relationships" : "")}; exactly one is accepted.").With("models", models.Count);
        }

        try
        {
            foreach (var entry in entries.Where(entry => entry != models[0] && entry != relations))
            {
                if (Unpack(file, entry, stream => Drain(stream, cancel), isXml: false) is { } refusal)
                {
                    return refusal;
                }
            }

            string? target = null;
            if (Unpack(file, relations, stream => target = ReadTarget(stream)) is { } badRelations)
            {
                return badRelations;
            }

            if (target?.TrimStart('/') != models[0].Name)
            {
                return Refuse("THREE_MF_PARTS", "The relationships of the 3MF file do not lead to its model part.");
            }

            using var model = new ThreeMfModel(picture, cancel);
            return Unpack(file, models[0], stream => model.Read(Xml(stream))) ?? model.Measure();
        }
        catch (Exception error) when (error is XmlException or InvalidDataException or FormatException or OverflowException)
        {
            return Refuse("THREE_MF_DAMAGED", "The 3MF file holds packed data or XML that is damaged or not allowed.");
        }
    }

    internal static Refusal Refuse(string code, string text) => Refusal.Invalid(code, text, "Export the part again as a plain 3MF, or as binary STL.");

    private static Refusal? CheckSizes(IReadOnlyList<ZipEntry> entries)
    {
        var total = entries.Sum(entry => entry.Bytes);
        if (total > ModelLimits.UnpackedBytes)
        {
            return Refuse("THREE_MF_BOMB", $"The 3MF file unpacks to {total} bytes; at most {ModelLimits.UnpackedBytes} are accepted.").With("unpacked_bytes", total).With("limit", ModelLimits.UnpackedBytes);
        }

        // Small files may be all zeros: only what is large and packed absurdly well is suspect.
        var worst = entries.FirstOrDefault(entry => entry.Bytes > (1 << 20) && entry.Bytes / Math.Max(1, entry.PackedBytes) > ModelLimits.UnpackRatio);
        return worst is null ? null
            : Refuse("THREE_MF_BOMB", $"The 3MF file holds {worst.PackedBytes} bytes that unpack to {worst.Bytes}, more than {ModelLimits.UnpackRatio} times as much.")
                .With("packed_bytes", worst.PackedBytes).With("unpacked_bytes", worst.Bytes).With("ratio_limit", ModelLimits.UnpackRatio);
    }

    private static Refusal? Unpack(Stream file, ZipEntry entry, Action<Stream> read, bool isXml = true)
    {
        using var packed = ZipDirectory.Open(file, entry);
        if (packed is null)
        {
            return Refuse("THREE_MF_ZIP", "The 3MF file has a directory that its files contradict.");
        }

        using var bounded = new UnpackedPart(packed, entry.Bytes, isXml);
        read(bounded);
        return bounded.IsWhole ? null : Refuse("THREE_MF_BOMB", "A file in the 3MF file unpacks to another size than it declares.").With("declared_bytes", entry.Bytes);
    }

    private static XmlReader Xml(Stream stream) => XmlReader.Create(stream, new XmlReaderSettings
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersFromEntities = 1024,
        MaxCharactersInDocument = ModelLimits.UnpackedBytes,
        NameTable = new BoundedNames(),
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        IgnoreWhitespace = true,
    });

    private static string? ReadTarget(Stream stream)
    {
        using var xml = Xml(stream);
        string? target = null;
        while (xml.Read())
        {
            if (xml is { NodeType: XmlNodeType.Element, LocalName: "Relationship" } && xml.GetAttribute("Type") == ModelRelation)
            {
                target ??= xml.GetAttribute("Target");
            }
        }

        return target;
    }

    private static void Drain(Stream stream, CancellationToken cancel)
    {
        Span<byte> buffer = stackalloc byte[8192];
        while (stream.Read(buffer) > 0)
        {
            cancel.ThrowIfCancellationRequested();
        }
    }

    /// <summary>XML names are kept for as long as the reader lives; a file of nothing but new names must not fill the memory.</summary>
    private sealed class BoundedNames : NameTable
    {
        private const int Limit = 4096;
        private int count;

        public override string Add(char[] key, int start, int len) => Get(key, start, len) ?? (++count > Limit ? throw new XmlException("Too many names.") : base.Add(key, start, len));

        public override string Add(string key) => Get(key) ?? (++count > Limit ? throw new XmlException("Too many names.") : base.Add(key));
    }
}
