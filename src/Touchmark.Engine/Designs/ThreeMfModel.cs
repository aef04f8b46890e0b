using System.Globalization;
using System.Runtime.InteropServices;
using System.Xml;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>The model part of a 3MF: objects with meshes or components, and the build items that place them.</summary>
internal sealed class ThreeMfModel(DesignPicture? picture, CancellationToken cancel) : IDisposable
{
    private const string Core = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02";
    private const int MaximumDepth = 16;
    private const int MaximumObjects = 10_000;

    private readonly List<Vertex> vertices = [];
    private readonly List<Triangle> triangles = [];
    private readonly Dictionary<int, Part> parts = [];
    private readonly List<Placement> items = [];
    private readonly MeshMeasure mesh = new(picture);
    private double unit = 1;
    private int placed;
    private Refusal? refusal;

    /// <exception cref="XmlException">The XML is damaged or not allowed.</exception>
    /// <exception cref="FormatException">A number is none.</exception>
    public void Read(XmlReader reader)
    {
        using var xml = reader;
        Part? part = null;
        var root = true;
        while (refusal is null && xml.Read())
        {
            if (xml.Depth > MaximumDepth)
            {
                throw new XmlException("Too deep.");
            }

            if (xml.NodeType != XmlNodeType.Element || xml.NamespaceURI != Core)
            {
                continue;
            }

            switch (xml.LocalName)
            {
                case "model" when root:
                    refusal = ReadRoot(xml);
                    break;
                case "object":
                    part = new Part(vertices.Count, triangles.Count);
                    if (parts.Count == MaximumObjects || !parts.TryAdd(Integer(xml, "id"), part))
                    {
                        refusal = ThreeMfCheck.Refuse("THREE_MF_OBJECTS", $"The 3MF file has two objects with one id, or more than {MaximumObjects} objects.");
                    }

                    break;
                case "vertex" when part is not null:
                    Add(new Vertex((float)Number(xml, "x"), (float)Number(xml, "y"), (float)Number(xml, "z")));
                    part.Vertices = vertices.Count - part.FirstVertex;
                    break;
                case "triangle" when part is not null:
                    Add(part, new Triangle(Integer(xml, "v1"), Integer(xml, "v2"), Integer(xml, "v3")));
                    break;
                case "component" when part is not null && part.Components.Count < MaximumObjects:
                    part.Components.Add(ReadPlacement(xml));
                    break;
                case "item" when items.Count < MaximumObjects:
                    items.Add(ReadPlacement(xml));
                    break;
                case "component" or "item" or "vertex" or "triangle":
                    throw new XmlException("Out of place.");
            }

            root = false;
        }
    }

    public Outcome<ModelFacts> Measure()
    {
        foreach (var item in items)
        {
            refusal ??= Place(item, Affine.Scale(unit), 0);
        }

        return refusal ?? mesh.Finish(DesignFormat.ThreeMf);
    }

    public void Dispose()
    {
        CollectionsMarshal.AsSpan(vertices).Clear();
        CollectionsMarshal.AsSpan(triangles).Clear();
    }

    private static int Integer(XmlReader xml, string name) => int.Parse(xml.GetAttribute(name) ?? throw new XmlException("An attribute is missing."), NumberStyles.None, CultureInfo.InvariantCulture);

    private static double Number(XmlReader xml, string name) => double.Parse(xml.GetAttribute(name) ?? throw new XmlException("An attribute is missing."), NumberStyles.Float, CultureInfo.InvariantCulture);

    private static Placement ReadPlacement(XmlReader xml) => new(Integer(xml, "objectid"), xml.GetAttribute("transform") is { } text ? Affine.Parse(text) : Affine.Scale(1));

    private Refusal? ReadRoot(XmlReader xml)
    {
        if (!string.IsNullOrWhiteSpace(xml.GetAttribute("requiredextensions")))
        {
            return ThreeMfCheck.Refuse("THREE_MF_EXTENSION", "The 3MF file can only be read with an extension of the format, and none is supported.");
        }

        unit = (xml.GetAttribute("unit") ?? "millimeter") switch
        {
            "micron" => 0.001,
            "millimeter" => 1,
            "centimeter" => 10,
            "inch" => 25.4,
            "foot" => 304.8,
            "meter" => 1000,
            _ => throw new XmlException("Unknown unit."),
        };
        return null;
    }

    private void Add(Vertex vertex)
    {
        if (vertices.Count == ModelLimits.Vertices)
        {
            refusal = Refusal.Invalid("DESIGN_FACETS", $"The model has more than {ModelLimits.Vertices} vertices.", "Simplify the mesh, or export it as binary STL.").With("limit", ModelLimits.Vertices);
        }
        else
        {
            vertices.Add(vertex);
        }
    }

    private void Add(Part part, Triangle triangle)
    {
        if (triangles.Count == ModelLimits.Facets)
        {
            refusal = Refusal.Invalid("DESIGN_FACETS", $"The model has more than {ModelLimits.Facets} facets.", "Simplify the mesh.").With("limit", ModelLimits.Facets);
        }
        else if (Math.Max(triangle.A, Math.Max(triangle.B, triangle.C)) >= part.Vertices)
        {
            refusal = ThreeMfCheck.Refuse("THREE_MF_VERTEX", $"Triangle {triangles.Count + 1} of the 3MF file names a vertex that does not exist.").With("triangle", triangles.Count + 1);
        }
        else
        {
            triangles.Add(triangle);
            part.Triangles++;
        }
    }

    private Refusal? Place(Placement placement, Affine outer, int depth)
    {
        cancel.ThrowIfCancellationRequested();
        if (!parts.TryGetValue(placement.ObjectId, out var part) || depth > MaximumDepth || ++placed > MaximumObjects)
        {
            return ThreeMfCheck.Refuse("THREE_MF_OBJECTS", $"The 3MF file places an object that does not exist, that contains itself, or more than {MaximumObjects} objects.").With("object", placement.ObjectId);
        }

        var transform = placement.Transform.Then(outer);
        var corners = CollectionsMarshal.AsSpan(vertices).Slice(part.FirstVertex, part.Vertices);
        foreach (var triangle in CollectionsMarshal.AsSpan(triangles).Slice(part.FirstTriangle, part.Triangles))
        {
            if (mesh.Add(transform.Apply(corners[triangle.A]), transform.Apply(corners[triangle.B]), transform.Apply(corners[triangle.C])) is { } refused)
            {
                return refused;
            }
        }

        foreach (var component in part.Components)
        {
            if (Place(component, transform, depth + 1) is { } refused)
            {
                return refused;
            }
        }

        return null;
    }

    private readonly record struct Vertex(float X, float Y, float Z);

    private readonly record struct Triangle(int A, int B, int C);

    private sealed record Placement(int ObjectId, Affine Transform);

    private sealed class Part(int firstVertex, int firstTriangle)
    {
        public int FirstVertex => firstVertex;

        public int FirstTriangle => firstTriangle;

        public int Vertices { get; set; }

        public int Triangles { get; set; }

        public List<Placement> Components { get; } = [];
    }

    /// <summary>The 4x3 matrix of 3MF, rows first: a point is a row vector, its last row is the translation.</summary>
    private sealed record Affine(double[] M)
    {
        public static Affine Scale(double by) => new([by, 0, 0, 0, by, 0, 0, 0, by, 0, 0, 0]);

        public static Affine Parse(string text)
        {
            var words = text.Split(' ', 13, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return words.Length == 12 ? new Affine([.. words.Select(word => double.Parse(word, NumberStyles.Float, CultureInfo.InvariantCulture))]) : throw new FormatException("Not a transform.");
        }

        public Point Apply(Vertex v) => new(
            (v.X * M[0]) + (v.Y * M[3]) + (v.Z * M[6]) + M[9],
            (v.X * M[1]) + (v.Y * M[4]) + (v.Z * M[7]) + M[10],
            (v.X * M[2]) + (v.Y * M[5]) + (v.Z * M[8]) + M[11]);

        public Affine Then(Affine next)
        {
            var product = new double[12];
            for (var row = 0; row < 4; row++)
            {
                for (var column = 0; column < 3; column++)
                {
                    product[(row * 3) + column] = (M[row * 3] * next.M[column]) + (M[(row * 3) + 1] * next.M[3 + column]) + (M[(row * 3) + 2] * next.M[6 + column])
                        + (row == 3 ? next.M[9 + column] : 0);
                }
            }

            return new Affine(product);
        }
    }
}
