using System.Text;

namespace Touchmark.GCode.Tests;

public sealed class ToolpathCheckTests
{
    private const string Ready = "G28\nM104 S200\nM83\n";

    private sealed record Vector(string Name, string Raw, int Line, string Code)
    {
        public override string ToString() => Name;
    }

    [Fact]
    public async Task Every_refusal_vector_is_refused_at_its_line_with_its_code()
    {
        foreach (Vector vector in Given.Vectors<Vector>("refusals"))
        {
            ToolpathReport report = await Given.CheckAsync(vector.Raw);

            Assert.Equal($"{vector.Name}: line {vector.Line} {vector.Code}", $"{vector.Name}: " + string.Join(" and ", report.Refusals.Select(r => $"line {r.Line} {r.Code}")));
            Assert.False(report.Accepted);
            Assert.All(report.Refusals, r => Assert.True(r.Text.Length > 10 && r.Fix.Length > 10));
        }
    }

    [Theory]
    [InlineData("prusaslicer")]
    [InlineData("cura")]
    [InlineData("orcaslicer")]
    public async Task What_slicers_write_is_accepted(string sample)
    {
        ToolpathReport report = await Given.CheckAsync(Given.Sample(sample), Given.Limits with { MaxX = 220, MaxY = 220 });

        Assert.Empty(report.Refusals);
        Assert.Equal((await Given.CutAsync(Given.Canonical(Given.Sample(sample)), Given.Limits with { MaxX = 220, MaxY = 220 })).Count, report.Segments);
    }

    [Fact]
    public async Task Commands_of_another_firmware_are_refused_with_a_way_out()
    {
        ToolpathReport report = await Given.CheckAsync(Given.Sample("bambustudio"));

        Assert.Equal(["M201", "S0A", "gcode_claim_action"], report.Refusals.Select(r => r.Figures.GetValueOrDefault("command") ?? r.Figures["word"]));
        Assert.Contains("Klipper", report.Refusals[0].Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_canonical_output_is_what_was_hashed()
    {
        var output = new MemoryStream();
        ToolpathReport report = await ToolpathCheck.RunAsync(
            new Trickle(Given.Sample("cura"), 1000), Given.Limits with { MaxX = 220, MaxY = 220 }, output, TestContext.Current.CancellationToken);

        Assert.Equal(report.CanonicalBytes, output.Length);
        Assert.Equal(report.Lines, output.ToArray().Count(c => c == '\n'));
        Assert.Equal(report.CanonicalSha256, System.Security.Cryptography.SHA256.HashData(output.ToArray()));
    }

    [Fact]
    public async Task A_hundred_refusals_are_listed_and_all_are_counted()
    {
        ToolpathReport report = await Given.CheckAsync(string.Concat(Enumerable.Repeat("G1 Xabc\n", 250)));

        Assert.Equal(ToolpathCheck.MaxRefusals, report.Refusals.Count);
        Assert.Equal(250, report.RefusalCount);
        Assert.Equal(100, report.Refusals[^1].Line);
    }

    [Fact]
    public async Task A_refusal_names_the_figures_and_the_fix()
    {
        ToolpathRefusal refusal = Assert.Single((await Given.CheckAsync("M109 S275\n")).Refusals);

        Assert.Equal("NOZZLE_RANGE", refusal.Code);
        Assert.Equal("The toolpath demands 275 °C of the nozzle; this printer caps at 260 °C.", refusal.Text);
        Assert.Equal("275", refusal.Figures["demanded_c"]);
        Assert.Equal("260", refusal.Figures["limit_c"]);
        Assert.Contains("260 °C", refusal.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_number_is_quoted()
    {
        ToolpathRefusal refusal = Assert.Single((await Given.CheckAsync(Ready + "G1 X10 Y1O F3000\n")).Refusals);

        Assert.Equal((4, "Y1O"), (refusal.Line, refusal.Figures["word"]));
    }

    [Fact]
    public async Task Macros_of_the_profile_are_allowed_and_others_are_not()
    {
        Assert.True((await Given.CheckAsync("PRINT_START BED=60 EXTRUDER=210\nG1 X10 E.1\nPRINT_END\n")).Accepted);
        Assert.Equal("COMMAND_UNKNOWN", Assert.Single((await Given.CheckAsync("PRINT_STARTED\n")).Refusals).Code);
    }

    [Fact]
    public async Task No_profile_can_allow_an_emergency_stop_or_a_shell()
    {
        MachineLimits limits = Given.Limits with { AllowedMacros = new HashSet<string> { "M112", "RUN_SHELL_COMMAND" } };

        Assert.Equal(["COMMAND_FORBIDDEN", "COMMAND_FORBIDDEN"], (await Given.CheckAsync("M112\nRUN_SHELL_COMMAND CMD=x\n", limits)).Refusals.Select(r => r.Code));
    }

    [Fact]
    public async Task Cold_extrusion_is_left_to_the_printer_where_the_limit_is_zero() =>
        Assert.True((await Given.CheckAsync("G28\nM83\nG1 X1 E.05\n", Given.Limits with { MinExtrudeC = 0 })).Accepted);

    [Theory]
    [InlineData("G2 X120 Y100 R10\n", 110, 110)]
    [InlineData("G3 X120 Y100 R10\n", 110, 90)]
    [InlineData("G2 X110 Y110 R10\n", 102.929, 107.071)]
    [InlineData("G2 X110 Y110 R-10\n", 92.929, 117.071)]
    public async Task An_arc_by_radius_goes_the_way_it_should(string arc, double x, double y)
    {
        MachineLimits limits = Given.Limits with { RadiusArcs = true };
        string text = "G28\nG1 X100 Y100 F6000\n" + arc;
        var moves = (await Given.CutAsync(text, limits)).SelectMany(s => s.Plan.Moves).Skip(1).ToList();

        Assert.True((await Given.CheckAsync(text, limits)).Accepted);
        Position middle = moves[moves.Count / 2].Start;
        Assert.Equal(x, middle.X, 0.6);
        Assert.Equal(y, middle.Y, 0.6);
    }

    [Fact]
    public async Task An_arc_by_a_radius_that_is_too_small_is_refused() =>
        Assert.Equal("ARC_FORM", Assert.Single((await Given.CheckAsync(Ready + "G2 X60 Y60 R10\n", Given.Limits with { RadiusArcs = true })).Refusals).Code);

    [Fact]
    public async Task A_line_with_a_good_checksum_is_accepted()
    {
        const string body = "N3 G1 X10 Y10 F3000";
        int sum = Encoding.ASCII.GetBytes(body).Aggregate(0, (all, c) => all ^ c);

        Assert.True((await Given.CheckAsync(Ready + $"{body}*{sum}\n")).Accepted);
    }
}
