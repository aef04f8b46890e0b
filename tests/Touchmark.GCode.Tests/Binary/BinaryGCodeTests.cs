using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.GCode.Binary;

namespace Touchmark.GCode.Tests.Binary;

public sealed class BinaryGCodeTests
{
    private const string Program = "; start\nM83\nG1 X10 Y-5.25 E.5 F3000\nG28\nM117 Hello 12 E\nG1 Z0.2\nG92 E0\nM73 P1 R2\nG1 E-.7 F2100\n;TYPE:Perimeter\nG2 X1 Y2 I3 J4 E5\n";

    public static TheoryData<Packing, int, bool> Kinds =>
        new(from packing in Enum.GetValues<Packing>() from encoding in new[] { 0, 1, 2 } from checksums in new[] { true, false } select (packing, encoding, checksums));

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_packing_and_encoding_gives_the_commands_and_what_the_slicer_said(Packing packing, int encoding, bool checksums)
    {
        string program = string.Concat(Enumerable.Repeat(Program, 20));
        byte[] file = BinaryWriter.Everything(program, packing, encoding, checksums);

        ToolpathReport report = await ToolpathCheck.RunAsync(
            BinaryGCode.OpenText(new MemoryStream(file)), Given.Limits, null, new ToolpathOptions { Pictures = true }, TestContext.Current.CancellationToken);

        Assert.Equal(Convert.ToHexString(CanonicalHash.Compute(Given.Bytes(program))), Convert.ToHexString(report.CanonicalSha256));
        ToolpathMetadata about = report.Metadata;
        Assert.Equal(("PrusaSlicer", "2.8.1", "PLA", "MK4S"), (about.Slicer, about.SlicerVersion, about.FilamentType, about.PrinterModel));
        Assert.Equal((65d, 1300.5, 0.2, 0.3), (about.EstimatedSeconds, about.FilamentMm, about.LayerHeight, about.FirstLayerHeight));
        Assert.NotNull(about.SettingsSha256);
        ToolpathPicture picture = Assert.Single(report.Pictures);
        Assert.Equal(("qoi", 16, 12, 204), (picture.Format, picture.Width, picture.Height, picture.Image.Length));
    }

    [Fact]
    public void Text_is_read_as_it_stands_however_short() =>
        Assert.All(["", "G", "GCD", "GCD\n", "G28\nG1 X10\n"], static text => Assert.Equal(text, Read(Encoding.UTF8.GetBytes(text), whole: true)));

    [Fact]
    public void Reading_in_small_pieces_gives_the_same()
    {
        byte[] file = BinaryWriter.Everything(Program, Packing.Heatshrink12, 2);
        Assert.Equal(Read(file, whole: true), Read(file, whole: false));
    }

    [Fact]
    public void A_value_with_a_line_end_in_it_begins_no_command()
    {
        byte[] file = new BinaryWriter().Metadata(3, "printer_model=MK4S\rG28\u0001\n=x\nnothing\n").GCode("G1 X1", Packing.None, 0).Finish();
        Assert.Equal("; printer_model = MK4S G28 \nG1 X1\n", Read(file, whole: true));
    }

    [Fact]
    public void Metadata_in_another_encoding_is_passed_over()
    {
        byte[] file = new BinaryWriter().Block(2, [1, 0], "{\"a\":1}"u8.ToArray(), Packing.None).Picture(9, 1, 1, [1]).GCode("G1 X1", Packing.None, 0).Finish();
        Assert.Equal("G1 X1\n", Read(file, whole: true));
    }

    [Fact]
    public void A_file_that_was_changed_or_cut_off_anywhere_is_refused()
    {
        byte[] file = BinaryWriter.Everything(Program, Packing.Deflate, 1);
        Prop.ForAll(Gen.Choose(8, file.Length - 1).ToArbitrary(), Gen.Choose(1, 255).ToArbitrary(), (at, change) =>
        {
            byte[] bad = [.. file];
            bad[at] ^= (byte)change;
            return IsRefused(bad);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
        Prop.ForAll(Gen.Choose(4, file.Length - 1).ToArbitrary(), length => IsRefused(file[..length])).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Bytes_of_any_kind_are_read_or_refused()
    {
        var numbers = ArbMap.Default.ArbFor<byte[]>();
        Prop.ForAll(numbers, static bytes => Outcome([.. BinaryWriter.Header(1, 0), .. bytes]) is not null).QuickCheckThrowOnFailure();
        Prop.ForAll(numbers, Gen.Choose(0, 3).ToArbitrary(), Gen.Choose(0, 2).ToArbitrary(), static (bytes, packing, encoding) =>
        {
            byte[] block = [1, 0, (byte)packing, 0, 100, 0, 0, 0, .. packing == 0 ? Array.Empty<byte>() : [(byte)bytes.Length, 0, 0, 0], (byte)encoding, 0, .. bytes];
            return Outcome([.. BinaryWriter.Header(1, 0), .. block]) is not null;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(1, 2)]
    public void Another_version_or_checksum_is_refused(uint version, int checksum) => Assert.True(IsRefused([.. BinaryWriter.Header(version, checksum), .. new byte[20]]));

    [Fact]
    public void Blocks_that_claim_what_they_are_not_are_refused()
    {
        byte[] gcode = Given.Bytes("G1 X1\n");
        Func<BinaryWriter, BinaryWriter>[] wrong =
        [
            file => file.Block(6, [0, 0], gcode, Packing.None),
            file => file.Block(1, [3, 0], gcode, Packing.None),
            file => file.Block(1, [0, 0], gcode, (Packing)4),
            file => file.Block(1, [0, 0], gcode, Packing.Deflate, claimed: 5),
            file => file.Block(1, [0, 0], gcode, Packing.Deflate, claimed: 7),
            file => file.Block(1, [0, 0], gcode, Packing.Heatshrink11, claimed: 3),
            file => file.Block(1, [0, 0], gcode, Packing.Heatshrink12, claimed: 200),
            file => file.Block(1, [0, 0], new byte[(4 << 20) + 1], Packing.Deflate),
            file => file.Block(1, [0, 0], gcode, Packing.None, claimed: uint.MaxValue),
            file => file.GCode("G1 X1", Packing.None, 0).Metadata(3, "a=b\n"),
            file => file.Metadata(3, "a=b\n"),
            file => file,
        ];
        Assert.All(wrong, static make => Assert.True(IsRefused(make(new BinaryWriter(checksums: false)).Finish())));
    }

    [Fact]
    public void Packed_text_never_grows_more_than_fourfold()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), static bytes =>
            Read(new BinaryWriter().Block(1, [1, 0], [255, 255, 251, .. bytes], Packing.None).Finish(), whole: true).Length <= 4 * bytes.Length).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(Packing.Deflate)]
    [InlineData(Packing.Heatshrink11)]
    [InlineData(Packing.Heatshrink12)]
    public void Whatever_was_packed_comes_back(Packing packing)
    {
        Prop.ForAll(Gen.Choose(1, 3).Select(static number => (char)('0' + number)).ArrayOf().ToArbitrary(), digits =>
        {
            string content = new(digits);
            return Read(new BinaryWriter().Block(1, [0, 0], Encoding.ASCII.GetBytes(content), packing).Finish(), whole: true) == content;
        }).QuickCheckThrowOnFailure();
    }

    private static bool IsRefused(byte[] file) => Outcome(file) == "refused";

    private static string Outcome(byte[] file)
    {
        try
        {
            return Read(file, whole: true);
        }
        catch (InvalidDataException)
        {
            return "refused";
        }
    }

    private static string Read(byte[] file, bool whole)
    {
        using Stream text = BinaryGCode.OpenText(new MemoryStream(file));
        using var read = new MemoryStream();
        text.CopyTo(read, whole ? 1 << 16 : 7);
        return Encoding.UTF8.GetString(read.ToArray());
    }
}
