namespace Touchmark.GCode.Tests;

public sealed class MetadataTests
{
    private static async Task<ToolpathMetadata> ReadAsync(string sample) => (await Given.CheckAsync(Given.Sample(sample))).Metadata;

    [Theory]
    [InlineData("prusaslicer")]
    [InlineData("cura")]
    [InlineData("orcaslicer")]
    public async Task A_digest_says_what_the_comments_say_and_hashes_what_the_check_hashes(string sample)
    {
        byte[] raw = Given.Sample(sample);
        ToolpathReport report = await Given.CheckAsync(raw);

        ToolpathDigest digest = await CanonicalHash.DigestAsync(new MemoryStream(raw), TestContext.Current.CancellationToken);

        Assert.Equal((Convert.ToHexString(report.CanonicalSha256), report.CanonicalBytes), (Convert.ToHexString(digest.Sha256), digest.Bytes));
        Assert.Equal(
            (report.Metadata.Slicer, report.Metadata.SlicerVersion, report.Metadata.FilamentType, report.Metadata.Layers, report.Metadata.EstimatedSeconds),
            (digest.Metadata.Slicer, digest.Metadata.SlicerVersion, digest.Metadata.FilamentType, digest.Metadata.Layers, digest.Metadata.EstimatedSeconds));
    }

    [Fact]
    public async Task PrusaSlicer_comments_and_the_moves_are_read()
    {
        ToolpathMetadata metadata = await ReadAsync("prusaslicer");

        Assert.Equal(("PrusaSlicer", "2.5.0", "PLA", 3), (metadata.Slicer, metadata.SlicerVersion, metadata.FilamentType, metadata.Layers));
        Assert.Equal((215, 60, 0.3), (metadata.MaxNozzleC, metadata.MaxBedC, metadata.LayerHeight));
        Assert.InRange(metadata.EstimatedSeconds!.Value, 10, 200);
        Assert.InRange(metadata.ExtrudedMm, metadata.FilamentMm!.Value * 0.9, metadata.FilamentMm.Value * 1.01);
        Assert.Equal(new Position(110, 110, 0.65), Middle(metadata.Extent!.Value), CloseTo);
    }

    [Fact]
    public async Task What_a_front_end_shows_is_read_from_settings_and_marks()
    {
        ToolpathMetadata metadata = await ReadAsync("prusaslicer");

        Assert.Equal((0.35, 0.95, 0.4), (metadata.FirstLayerHeight, metadata.ObjectHeight, metadata.NozzleDiameter));
        Assert.Equal((215d, 60d), (metadata.FirstLayerNozzleC, metadata.FirstLayerBedC));
        Assert.Equal(((string?)null, (string?)null), (metadata.FilamentName, metadata.PrinterModel));
    }

    [Fact]
    public async Task Pictures_are_kept_where_they_are_wanted_whole_and_what_they_claim_to_be()
    {
        string qoi = Convert.ToBase64String([.. "qoif"u8, .. new byte[80]]), text = Convert.ToBase64String(new byte[60]);
        string file = $"""
            ; thumbnail_QOI begin 16x16 {qoi.Length}
            ; {qoi[..60]}
            ; {qoi[60..]}
            ; thumbnail_QOI end
            ; thumbnail begin 16x16 {qoi.Length}
            ; {qoi}
            ; thumbnail end
            ; thumbnail begin 16x16 {text.Length}
            ; {text}
            ; thumbnail end
            ; thumbnail begin 16x16 {qoi.Length - 1}
            ; {qoi}
            ; thumbnail end
            ; thumbnail begin 16x16 {qoi.Length}
            ; {qoi[1..]}
            ; thumbnail end
            ; thumbnail begin 16x16 999999999
            ; {qoi}
            ; thumbnail end
            ; thumbnail begin 16x16 {qoi.Length}
            ; %{qoi[1..]}
            ; thumbnail end
            ; thumbnail begin 16x16 {qoi.Length}
            ; {qoi}
            G28
            """;

        ToolpathReport report = await ToolpathCheck.RunAsync(new MemoryStream(Given.Bytes(file)), Given.Limits, null, new ToolpathOptions { Pictures = true }, TestContext.Current.CancellationToken);
        Assert.Equal(["qoi", "qoi"], report.Pictures.Select(picture => picture.Format));
        Assert.Equal(8, report.Metadata.Thumbnails.Count);
        Assert.Empty((await Given.CheckAsync(file)).Pictures);
    }

    [Fact]
    public async Task Cura_comments_are_read()
    {
        ToolpathMetadata metadata = await ReadAsync("cura");

        Assert.Equal(("Cura", "4.13.0", 0.2), (metadata.Slicer, metadata.SlicerVersion, metadata.LayerHeight));
        Assert.Equal((6666, 0), (metadata.EstimatedSeconds, metadata.FilamentMm));
        Assert.Equal(5, metadata.Layers);
    }

    [Fact]
    public async Task OrcaSlicer_comments_and_thumbnails_are_read()
    {
        ToolpathMetadata metadata = await ReadAsync("orcaslicer");

        Assert.Equal(("OrcaSlicer", "2.1.1", "PETG", 2), (metadata.Slicer, metadata.SlicerVersion, metadata.FilamentType, metadata.Layers));
        Assert.Equal((65, 2.73, 0.01), (metadata.EstimatedSeconds, metadata.FilamentMm, metadata.FilamentGrams));
        Assert.Equal(new ToolpathThumbnail(12, "PNG", 48, 48, 76), Assert.Single(metadata.Thumbnails));
    }

    [Fact]
    public async Task BambuStudio_comments_are_read()
    {
        ToolpathMetadata metadata = await ReadAsync("bambustudio");

        Assert.Equal(("BambuStudio", "01.09.05.51", "PLA", 50), (metadata.Slicer, metadata.SlicerVersion, metadata.FilamentType, metadata.Layers));
        Assert.Equal(4720, metadata.EstimatedSeconds);
        Assert.Equal(1300, metadata.FilamentMm!.Value, 6);
        Assert.Equal(3.9, metadata.FilamentGrams!.Value, 6);
    }

    [Theory]
    [InlineData("prusaslicer_config = begin", "prusaslicer_config = end")]
    [InlineData("CONFIG_BLOCK_START", "CONFIG_BLOCK_END")]
    public async Task A_block_of_settings_is_hashed_line_by_line_and_names_its_profile(string begin, string end)
    {
        ToolpathMetadata metadata = (await Given.CheckAsync($"G28\n; {begin}\n; layer_height = 0.2\n;print_settings_id = \"0.20mm QUALITY\" \n; {end}\n; print_settings_id = another\n")).Metadata;

        Assert.Equal("0.20mm QUALITY", metadata.Profile);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("layer_height = 0.2\nprint_settings_id = \"0.20mm QUALITY\"\n"u8)), metadata.SettingsSha256);
    }

    [Fact]
    public async Task Settings_without_an_end_have_no_hash() =>
        Assert.Null((await Given.CheckAsync("; CONFIG_BLOCK_START\n; a = b\nG28\n")).Metadata.SettingsSha256);

    [Fact]
    public async Task A_thumbnail_in_another_format_keeps_its_name()
    {
        ToolpathReport report = await Given.CheckAsync("; thumbnail_QOI begin 220x124 5678\n; thumbnail end\n; thumbnail begin 9999999999x1 1\nG28\n");

        Assert.Equal(new ToolpathThumbnail(1, "QOI", 220, 124, 5678), Assert.Single(report.Metadata.Thumbnails));
    }

    [Fact]
    public async Task A_file_that_says_nothing_has_no_metadata()
    {
        ToolpathMetadata metadata = (await Given.CheckAsync("G28\n")).Metadata;

        Assert.Equal((null, null, 0, null, null), (metadata.Slicer, metadata.FilamentType, metadata.Layers, metadata.EstimatedSeconds, metadata.Extent));
    }

    private static Position Middle(BoundingBox box) =>
        new((box.Min.X + box.Max.X) / 2, (box.Min.Y + box.Max.Y) / 2, (box.Min.Z + box.Max.Z) / 2);

    private static bool CloseTo(Position a, Position b) => a.DistanceTo(b) < 0.2;
}
