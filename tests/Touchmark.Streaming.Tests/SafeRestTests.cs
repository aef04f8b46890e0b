namespace Touchmark.Streaming.Tests;

public class SafeRestTests
{
    private static readonly PrinterSample Homed = new() { EventTime = 1, X = 50, Y = 60, Z = 20, E = 0, Homed = HomedAxes.All };

    [Fact]
    public void A_homed_printer_is_lifted_and_parked_after_its_heaters_are_off()
    {
        Assert.Equal(
            ["TURN_OFF_HEATERS", "M106 S255", "G91", "G1 Z10 F600", "G90", "G90", "G1 X5 Y215 F6000",
                "SET_STEPPER_ENABLE STEPPER=stepper_y ENABLE=0", "SET_STEPPER_ENABLE STEPPER=extruder ENABLE=0", "SET_STEPPER_ENABLE STEPPER=stepper_x ENABLE=0"],
            SafeRest.Lines(Toolpaths.Profile, Homed));
    }

    [Fact]
    public void A_feed_that_the_engine_may_have_slowed_is_put_back_and_a_faster_one_is_left()
    {
        Assert.Contains("M220 S100", SafeRest.Lines(Toolpaths.Profile, Homed with { SpeedFactor = 0.94 }));
        Assert.DoesNotContain("M220 S100", SafeRest.Lines(Toolpaths.Profile, Homed with { SpeedFactor = 1.2 }));
    }

    [Theory]
    [InlineData(244.5, "G1 Z4.5 F600")]
    [InlineData(100, "G1 Z10 F600")]
    public void The_lift_stays_within_the_volume(double z, string line) => Assert.Contains(line, SafeRest.Lines(Toolpaths.Profile, Homed with { Z = z }));

    [Theory]
    [InlineData(249.5)]
    [InlineData(260)]
    public void There_is_no_lift_where_there_is_no_room(double z) => Assert.DoesNotContain("G91", SafeRest.Lines(Toolpaths.Profile, Homed with { Z = z }));

    [Fact]
    public void An_axis_that_is_not_homed_is_not_moved()
    {
        Assert.DoesNotContain(SafeRest.Lines(Toolpaths.Profile, Homed with { Homed = HomedAxes.X | HomedAxes.Y }), static line => line.StartsWith("G1", StringComparison.Ordinal));
        Assert.DoesNotContain(SafeRest.Lines(Toolpaths.Profile, Homed with { Homed = HomedAxes.Z }), static line => line.StartsWith("G1 X", StringComparison.Ordinal));
        Assert.DoesNotContain(SafeRest.Lines(Toolpaths.Profile, last: null), static line => line.StartsWith("G1", StringComparison.Ordinal));
        Assert.DoesNotContain(SafeRest.Lines(Toolpaths.Profile, Homed with { State = PrinterState.Shutdown }), static line => line.StartsWith("G1", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_one_belt_moves_x_and_z_both_motors_keep_holding() =>
        Assert.DoesNotContain("SET_STEPPER_ENABLE STEPPER=stepper_x ENABLE=0", SafeRest.Lines(Toolpaths.Profile with { Kinematics = "corexz" }, Homed));

    [Fact]
    public void A_machine_whose_volume_has_no_corners_is_lifted_and_not_parked() => Assert.Equal(
        ["TURN_OFF_HEATERS", "M106 S255", "G91", "G1 Z10 F600", "G90"], SafeRest.Lines(Toolpaths.Profile with { Kinematics = "polar" }, Homed));

    [Fact]
    public void A_delta_parks_in_the_middle_and_keeps_its_motors() => Assert.Equal(
        ["TURN_OFF_HEATERS", "M106 S255", "G91", "G1 Z10 F600", "G90", "G90", "G1 X0 Y0 F6000"],
        SafeRest.Lines(Toolpaths.Profile with { Kinematics = "delta" }, Homed));
}
