using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Engine.Designs;

namespace Touchmark.Engine.Tests.Designs;

public sealed class ModelCheckTests
{
    public static TheoryData<string, byte[]> Boxes => new()
    {
        { "binary STL", Models.BinaryStl() },
        { "binary STL that begins with solid", Models.BinaryStl(header: "solid box") },
        { "ASCII STL", Encoding.ASCII.GetBytes(Models.TextStl()) },
        { "ASCII STL with CRLF", Encoding.ASCII.GetBytes(Models.TextStl().Replace("\n", "\r\n", StringComparison.Ordinal)) },
        { "ASCII STL in capitals", Encoding.ASCII.GetBytes(Models.TextStl().ToUpperInvariant()) },
        { "3MF", Models.ThreeMf() },
        { "3MF in centimetres, scaled back", Models.ThreeMf(Models.ModelXml("centimeter", """<item objectid="1" transform="0.1 0 0 0 0.1 0 0 0 0.1 0 0 0"/>""")) },
        { "3MF moved far from the origin", Models.ThreeMf(Models.ModelXml(item: """<item objectid="1" transform="1 0 0 0 1 0 0 0 1 50000 -50000 7"/>""")) },
    };

    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "empty", [], "DESIGN_EMPTY" },
        { "text", "a letter to the editor"u8.ToArray(), "DESIGN_FORMAT" },
        { "a picture", [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10], "DESIGN_FORMAT" },
        { "truncated binary", Models.BinaryStl()[..^1], "STL_FACET_COUNT" },
        { "binary cut in the header", Models.BinaryStl()[..83], "DESIGN_FORMAT" },
        { "count too high", Models.WithFacetCount(13), "STL_FACET_COUNT" },
        { "count too low", Models.WithFacetCount(11), "STL_FACET_COUNT" },
        { "count of 2^32-1", Models.WithFacetCount(uint.MaxValue), "STL_FACET_COUNT" },
        { "no facets", [.. Models.WithFacetCount(0)[..84]], "DESIGN_EMPTY" },
        { "NaN", Models.WithCoordinate(float.NaN), "DESIGN_COORDINATE" },
        { "infinity", Models.WithCoordinate(float.NegativeInfinity), "DESIGN_COORDINATE" },
        { "1e38", Models.WithCoordinate(1e38f), "DESIGN_COORDINATE" },
        { "six metres", Models.BinaryStl(x: 6000), "DESIGN_EXTENT" },
        { "flat", Models.BinaryStl(z: 0), "DESIGN_NO_VOLUME" },
        { "ASCII cut in a facet", Text(Models.TextStl()[..200]), "STL_TRUNCATED" },
        { "ASCII without its end", Text(Models.TextStl().Replace("endsolid a box", "", StringComparison.Ordinal)), "STL_TRUNCATED" },
        { "ASCII with NaN", Text(Models.TextStl().Replace("vertex 0.0", "vertex nan", StringComparison.Ordinal)), "DESIGN_COORDINATE" },
        { "ASCII with 1e308", Text(Models.TextStl().Replace("vertex 0.0", "vertex 1e308", StringComparison.Ordinal)), "DESIGN_COORDINATE" },
        { "ASCII with 1e999", Text(Models.TextStl().Replace("vertex 0.0", "vertex 1e999", StringComparison.Ordinal)), "DESIGN_COORDINATE" },
        { "ASCII with a word for a number", Text(Models.TextStl().Replace("vertex 0.0", "vertex zero", StringComparison.Ordinal)), "STL_LINE" },
        { "ASCII with a fourth number", Text(Models.TextStl().Replace("vertex 0.0", "vertex 1 0.0", StringComparison.Ordinal)), "STL_LINE" },
        { "ASCII with a fourth vertex", Text(Models.TextStl().Replace("endloop", "vertex 0 0 0\nendloop", StringComparison.Ordinal)), "STL_LINE" },
        { "ASCII with a shell command", Text(Models.TextStl().Replace("endsolid", "RUN_SHELL_COMMAND\nendsolid", StringComparison.Ordinal)), "STL_LINE" },
        { "ASCII with an endless line", Text("solid " + new string('a', 5_000_000)), "STL_LINE" },
    };

    [Theory]
    [MemberData(nameof(Boxes))]
    public void A_box_of_40_x_20_x_5_mm_is_measured(string kind, byte[] file)
    {
        Assert.True(Run(file, out var facts, out var code), $"{kind}: {code}");
        Assert.Equal(12, facts.Facets);
        Assert.Equal((40, 20, 5), (Math.Round(facts.Size.X, 3), Math.Round(facts.Size.Y, 3), Math.Round(facts.Size.Z, 3)));
        Assert.Equal(4000, facts.VolumeMm3, 0.01);
    }

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_bad_file_is_refused_by_its_cause(string kind, byte[] file, string expected)
    {
        Assert.False(Run(file, out _, out var code), kind);
        Assert.Equal(expected, code);
    }

    [Fact]
    public void Any_truncation_or_flipped_byte_of_a_good_file_is_measured_or_refused_and_nothing_else()
    {
        byte[][] seeds = [Models.BinaryStl(), Text(Models.TextStl()), Models.ThreeMf()];
        var cases = from seed in Gen.Elements(seeds)
                    from at in Gen.Choose(0, seed.Length - 1)
                    from value in Gen.Choose(0, 255)
                    from length in Gen.Choose(0, seed.Length)
                    from cut in Gen.Elements(true, false)
                    select Damage(seed, at, (byte)value, cut ? length : seed.Length);

        Prop.ForAll(cases.ToArbitrary(), file => Run(file, out _, out var code) || code.Length > 0).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Fact]
    public void Any_bytes_after_a_magic_are_measured_or_refused_and_nothing_else()
    {
        byte[][] heads = [[], "solid\n"u8.ToArray(), "PK\u0003\u0004"u8.ToArray(), "PK\u0005\u0006"u8.ToArray()];
        var cases = from head in Gen.Elements(heads)
                    from tail in Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value))
                    select (byte[])[.. head, .. tail];

        Prop.ForAll(cases.ToArbitrary(), file => Run(file, out _, out var code) || code.Length > 0).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Fact]
    public void Formats_are_stored_as_numbers_that_never_change()
    {
        // When this fails: a number that is in people's databases got another meaning. Put the old numbers back; give a new format a new number and add it here.
        Assert.Equal("Stl=1 ThreeMf=2", Server.Frozen.Text<DesignFormat>());
    }

    internal static bool Run(byte[] file, out ModelFacts facts, out string code)
    {
        using var stream = new MemoryStream(file);
        var good = ModelCheck.Run(stream, CancellationToken.None).Has(out facts!, out var refusal);
        code = refusal?.Code ?? "";
        return good;
    }

    internal static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);

    private static byte[] Damage(byte[] seed, int at, byte value, int length)
    {
        var file = seed.ToArray();
        file[at] = value;
        return file[..length];
    }
}
