using System.Buffers.Binary;
using System.Text;

namespace Touchmark.Engine.Tests.Designs;

public sealed class ThreeMfTests
{
    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "cut", Models.ThreeMf()[..^5], "THREE_MF_ZIP" },
        { "no directory", [.. Models.ThreeMf()[..100]], "THREE_MF_ZIP" },
        { "too many files", Models.ThreeMf(null, [.. Enumerable.Range(0, 1001).Select(i => ($"x/{i}", new byte[1]))]), "THREE_MF_ZIP" },
        { "path upwards", Models.ThreeMf(null, ("../../etc/cron.d/x", [1])), "THREE_MF_ZIP" },
        { "absolute path", Models.ThreeMf(null, ("/etc/passwd", [1])), "THREE_MF_ZIP" },
        { "drive", Models.ThreeMf(null, ("c:\\autoexec.bat", [1])), "THREE_MF_ZIP" },
        { "zeros", Models.ThreeMf(null, ("Metadata/zeros", new byte[64 << 20])), "THREE_MF_BOMB" },
        { "two models", Models.ThreeMf(null, ("3D/other.model", Encoding.UTF8.GetBytes(Models.ModelXml()))), "THREE_MF_PARTS" },
        { "document type", Models.ThreeMf(Models.ModelXml(before: "<!DOCTYPE model SYSTEM \"file:///etc/passwd\">")), "THREE_MF_DAMAGED" },
        { "billion laughs", Models.ThreeMf(Models.ModelXml(before: "<!DOCTYPE x [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>", item: "<metadata>&b;</metadata>")), "THREE_MF_DAMAGED" },
        { "not XML", Models.ThreeMf("solid"), "THREE_MF_DAMAGED" },
        { "XML cut", Models.ThreeMf(Models.ModelXml()[..300]), "THREE_MF_DAMAGED" },
        { "too deep", Models.ThreeMf(Models.ModelXml(item: string.Concat(Enumerable.Repeat("<a>", 5000)) + string.Concat(Enumerable.Repeat("</a>", 5000)))), "THREE_MF_DAMAGED" },
        { "one endless attribute", Models.ThreeMf(Models.ModelXml(modelAttributes: $" a=\"{Noise(2_000_000)}\"")), "THREE_MF_DAMAGED" },
        { "nothing but new names", Models.ThreeMf(Models.ModelXml(item: string.Concat(Enumerable.Range(0, 20_000).Select(i => $"<n{i}/>")))), "THREE_MF_DAMAGED" },
        { "unknown unit", Models.ThreeMf(Models.ModelXml("furlong")), "THREE_MF_DAMAGED" },
        { "number that is none", Models.ThreeMf(Models.ModelXml().Replace("x=\"40\"", "x=\"wide\"", StringComparison.Ordinal)), "THREE_MF_DAMAGED" },
        { "NaN", Models.ThreeMf(Models.ModelXml().Replace("x=\"40\"", "x=\"NaN\"", StringComparison.Ordinal)), "DESIGN_COORDINATE" },
        { "1e308", Models.ThreeMf(Models.ModelXml().Replace("x=\"40\"", "x=\"1e308\"", StringComparison.Ordinal)), "DESIGN_COORDINATE" },
        { "vertex that does not exist", Models.ThreeMf(Models.ModelXml().Replace("v1=\"3\"", "v1=\"8\"", StringComparison.Ordinal)), "THREE_MF_VERTEX" },
        { "negative vertex", Models.ThreeMf(Models.ModelXml().Replace("v1=\"3\"", "v1=\"-1\"", StringComparison.Ordinal)), "THREE_MF_DAMAGED" },
        { "object that does not exist", Models.ThreeMf(Models.ModelXml(item: "<item objectid=\"9\"/>")), "THREE_MF_OBJECTS" },
        { "object that contains itself", Models.ThreeMf(Recursive), "THREE_MF_OBJECTS" },
        { "components that multiply", Models.ThreeMf(Multiplying), "THREE_MF_OBJECTS" },
        { "nothing to build", Models.ThreeMf(Models.ModelXml(item: "")), "DESIGN_EMPTY" },
        { "extension needed", Models.ThreeMf(Models.ModelXml(modelAttributes: " requiredextensions=\"p\"")), "THREE_MF_EXTENSION" },
    };

    private static string Recursive => """
        <model xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02"><resources><object id="1"><components><component objectid="1"/></components></object></resources>
        <build><item objectid="1"/></build></model>
        """;

    // Ten objects, each of ten times the one before, would be ten thousand million placements.
    private static string Multiplying => $"""
        <model xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02"><resources><object id="0"/>
        {string.Concat(Enumerable.Range(1, 10).Select(i => $"<object id=\"{i}\"><components>{string.Concat(Enumerable.Repeat($"<component objectid=\"{i - 1}\"/>", 10))}</components></object>"))}
        </resources><build><item objectid="10"/></build></model>
        """;

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_bad_file_is_refused_by_its_cause(string kind, byte[] file, string expected)
    {
        Assert.False(ModelCheckTests.Run(file, out _, out var code), kind);
        Assert.Equal(expected, code);
    }

    [Fact]
    public void A_file_that_unpacks_to_more_than_its_directory_says_is_refused()
    {
        var file = Models.ThreeMf(null, ("Metadata/thumbnail.png", new byte[500_000]));
        var entry = FindEntry(file, "Metadata/thumbnail.png");
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(entry + 24), 1000);

        Assert.False(ModelCheckTests.Run(file, out _, out var code));
        Assert.Equal("THREE_MF_BOMB", code);
    }

    [Fact]
    public void Two_entries_over_the_same_bytes_are_refused()
    {
        var file = Models.ThreeMf(null, ("a", [1, 2, 3]), ("b", [1, 2, 3]));
        var (a, b) = (FindEntry(file, "a"), FindEntry(file, "b"));
        file.AsSpan(a + 42, 4).CopyTo(file.AsSpan(b + 42));

        Assert.False(ModelCheckTests.Run(file, out _, out var code));
        Assert.Equal("THREE_MF_ZIP", code);
    }

    [Fact]
    public void Repeated_parts_count_each_time()
    {
        var items = "<item objectid=\"1\"/><item objectid=\"1\" transform=\"1 0 0 0 1 0 0 0 1 100 0 0\"/>";

        Assert.True(ModelCheckTests.Run(Models.ThreeMf(Models.ModelXml(item: items)), out var facts, out _));
        Assert.Equal(24, facts.Facets);
        Assert.Equal(140, facts.Size.X, 0.001);
        Assert.Equal(8000, facts.VolumeMm3, 0.01);
    }

    private static int FindEntry(byte[] file, string name)
    {
        var at = file.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(name)) - 46;
        Assert.Equal(0x02014b50u, BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at)));
        return at;
    }

    // Text that deflate cannot shrink to nothing, so that it is the long attribute that is refused, and not the ratio.
    private static string Noise(int length) => string.Create(length, 0, (span, _) =>
    {
        var state = 12345u;
        for (var i = 0; i < span.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            span[i] = (char)('a' + ((state >> 24) % 26));
        }
    });
}
