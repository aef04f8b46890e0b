using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.GCode.Tests;

public sealed class MotionPlanTests
{
    private sealed record Vector(string Name, string Gcode, double[][] Moves);

    [Fact]
    public async Task Moves_are_planned_as_Klipper_plans_them()
    {
        foreach (Vector vector in Given.Vectors<Vector>("plans"))
        {
            List<PlannedMove> moves = await Given.MovesAsync(Given.Bytes(vector.Gcode));

            Assert.True(vector.Moves.Length == moves.Count, $"{vector.Name}: {moves.Count} moves, Klipper makes {vector.Moves.Length}");
            for (int i = 0; i < moves.Count; i++)
            {
                PlannedMove m = moves[i];
                double[] ours = [m.End.X, m.End.Y, m.End.Z, m.ExtrudedMm, m.StartSpeed, m.CruiseSpeed, m.EndSpeed, m.DurationSeconds];
                Assert.All(ours.Zip(vector.Moves[i]), pair => Assert.Equal(pair.Second, pair.First, 2e-6 * Math.Max(1, Math.Abs(pair.Second))));
            }
        }
    }

    [Fact]
    public async Task A_single_long_move_takes_the_time_of_its_trapezoid()
    {
        // 100 mm at 100 mm/s with 3000 mm/s2: 1/30 s up, the same down, 100 - 2 * 5/3 mm held.
        PlannedMove move = Assert.Single(await Given.MovesAsync(Given.Bytes("G1 X100 F6000\n")));

        Assert.Equal((2.0 / 30) + ((100 - (10.0 / 3)) / 100), move.DurationSeconds, 9);
        Assert.Equal(50, move.PositionAt(move.DurationSeconds / 2).X, 9);
        Assert.Equal(5.0 / 3, move.PositionAt(1.0 / 30).X, 9);
        Assert.Equal((0, 100), (move.PositionAt(-1).X, move.PositionAt(5).X));
    }

    [Fact]
    public void Planned_moves_keep_to_the_limits_and_join_up() => Check.QuickThrowOnFailure(Prop.ForAll(Programs.Plausible, raw =>
    {
        PlannedMove? before = null;
        foreach (PlannedMove move in Given.MovesAsync(raw).GetAwaiter().GetResult())
        {
            double length = move.Start.DistanceTo(move.End);
            bool travels = length >= 1e-9;
            Assert.True(double.IsFinite(move.DurationSeconds) && move.DurationSeconds >= 0);
            Assert.True(!travels || move.CruiseSpeed <= Given.Limits.MaxVelocity + 1e-6);
            Assert.True(move.StartSpeed <= move.CruiseSpeed + 1e-9 && move.EndSpeed <= move.CruiseSpeed + 1e-9);
            Assert.True(!travels || Math.Abs(Reached(move) - length) < 1e-6 * Math.Max(1, length));
            Assert.True(move.StartSpeed == 0 || (before is { } last && Math.Abs(last.EndSpeed - move.StartSpeed) < 1e-6));
            before = move;
        }
    }));

    /// <summary>Distance under the speed curve.</summary>
    private static double Reached(PlannedMove move)
    {
        double up = (move.CruiseSpeed - move.StartSpeed) / move.Acceleration;
        double down = (move.CruiseSpeed - move.EndSpeed) / move.Acceleration;
        return ((move.StartSpeed + move.CruiseSpeed) / 2 * up) + ((move.EndSpeed + move.CruiseSpeed) / 2 * down) + (move.CruiseSpeed * (move.DurationSeconds - up - down));
    }

    [Fact]
    public async Task Modes_and_origins_move_where_they_say()
    {
        var moves = await Given.MovesAsync(Given.Bytes(
            "G28\nG1 X10 Y10 F6000\nG91\nG1 X5\nG90\nG92 X0\nG1 X1\nM82\nG92 E5\nG1 E6\nM83\nG1 E1\nM221 S50\nG1 E1\nG28 X\nG1 X3\n"));

        Assert.Equal([10, 15, 16, 16, 16, 16, 3], moves.Select(m => m.End.X));
        Assert.Equal([0, 0, 0, 1, 1, 0.5, 0], moves.Select(m => m.ExtrudedMm));
    }

    [Fact]
    public async Task The_speed_factor_scales_speeds() =>
        Assert.Equal([100, 50], (await Given.MovesAsync(Given.Bytes("G1 X50 F6000\nM400\nM220 S50\nG1 X0\n"))).Select(m => m.CruiseSpeed));

    [Theory]
    [InlineData("G4 P0")]
    [InlineData("M400")]
    [InlineData("M84")]
    [InlineData("T1")]
    [InlineData("ACTIVATE_EXTRUDER EXTRUDER=extruder1")]
    [InlineData("PRINT_END")]
    public async Task The_head_stops_before_what_waits_for_it(string line)
    {
        var through = await Given.MovesAsync(Given.Bytes("G1 X50 F6000\nM106 S255\nG1 X100\n"));
        var stopped = await Given.MovesAsync(Given.Bytes($"G1 X50 F6000\n{line}\nG1 X100\n"));

        Assert.Equal(100, through[0].EndSpeed, 9);
        Assert.Equal((0, 0), (stopped[0].EndSpeed, stopped[1].StartSpeed));
    }
}
