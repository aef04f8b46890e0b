namespace Touchmark.VirtualPrinter.Tests;

/// <summary>What each printer of <c>--behave</c> does and tells, and that the honest ones lose nothing.</summary>
public sealed class BehaviourTests
{
    private const string Line = "G91\nM83\nG1 X100 E5 F600\nG90";

    [Fact]
    public void Every_behaviour_is_named_in_the_help_and_taken()
    {
        Assert.All(Behaviours.Names, static name =>
        {
            Assert.Contains(name, PrinterOptions.Usage, StringComparison.Ordinal);
            Assert.Equal(name, PrinterOptions.Parse(["--behave", name]).Options?.Behave);
        });
        Assert.NotNull(PrinterOptions.Parse(["--behave", "kind"]).Error);
    }

    [Fact]
    public void Recorder_takes_moves_at_once_and_makes_none()
    {
        using var printer = Ready("recorder");
        var before = Position(printer);
        printer.Run(Line + "\nG1 X20\nG1 X200\nG1 X20", atMost: 0.1);
        printer.Advance(5);
        Assert.Equal(before, Position(printer));
        Assert.Equal("xyz", printer.State.GetProperty("homed_axes").GetString());
    }

    [Fact]
    public void Frozen_telemetry_stands_still_while_the_machine_goes_on()
    {
        using var printer = Ready("frozen");
        for (var i = 0; i < 10; i++)
            printer.Run($"G1 X{20 + (100 * (i % 2))} E5 F6000");
        var reported = Position(printer);
        var truth = printer.State.GetProperty("position")[0].GetDouble();
        printer.Run("G1 Y150 F600");
        printer.Advance(2);
        Assert.Equal(reported, Position(printer));
        Assert.NotEqual(truth, printer.State.GetProperty("position")[1].GetDouble());
    }

    [Fact]
    public void Replay_plays_another_print_once_filament_flows()
    {
        using var printer = Ready("replay");
        Assert.Equal(printer.State.GetProperty("position")[0].GetDouble(), Position(printer)[0], 3);
        printer.Run(Line);
        printer.Advance(3);
        Assert.InRange(Position(printer)[0], 90, 130);
        Assert.InRange(Position(printer)[1], 90, 130);
        Assert.Equal(20, printer.State.GetProperty("position")[1].GetDouble(), 3);
    }

    [Fact]
    public void Replay_plays_what_another_printer_recorded()
    {
        var motion = RecordedMotion.Read(["start,end,x,y,z,e", "5,6,0,0,5,0", "6,8,10,0,0.2,1", "8,9,10,10,0.2,2"]);
        Assert.Equal((new Position(10, 5, 0.2, 1.5), 10), motion.At(2.5));
        Assert.Equal((new Position(10, 10, 0.2, 2), 0), motion.At(100));
    }

    [Fact]
    public void Emulator_homes_at_once_and_heats_by_the_data_sheet_whichever_machine_it_claims_to_be()
    {
        var readings = new[] { 3UL, 4UL }.Select(static seed =>
        {
            using var printer = new TestPrinter(new PrinterOptions { Behave = "emulator", Seed = seed });
            printer.Run("G28", atMost: 0.2);
            printer.Run("M104 S200");
            printer.Advance(10);
            return printer.Query("extruder").GetProperty("temperature").GetDouble();
        }).ToArray();
        Assert.InRange(readings[0], 100, 250);
        Assert.Equal(readings[0], readings[1]);
    }

    [Fact]
    public void Half_speed_takes_twice_as_long_and_says_nothing_of_it()
    {
        var seconds = new[] { Behaviours.Honest, "half-speed" }.Select(static name =>
        {
            using var printer = Ready(name);
            var start = printer.Now;
            printer.Run(Line + "\nM400");
            Assert.Equal(1, printer.Query("gcode_move").GetProperty("speed_factor").GetDouble());
            return printer.Now - start;
        }).ToArray();
        Assert.InRange(seconds[1] / seconds[0], 1.9, 2.05);
    }

    [Theory]
    [InlineData(2, 0, 0)]
    [InlineData(3, 0.001, 2.5)]
    public void Skipped_extrusion_shows_less_filament_than_was_ordered(ulong seed, double least, double most)
    {
        using var printer = Ready("skips-extrusion", seed);
        printer.Run(Line + "\nM400");
        Assert.InRange(Position(printer)[3], least, most);
    }

    [Fact]
    public void Cold_nozzle_heats_until_filament_flows_and_then_cools_while_moving()
    {
        using var printer = Ready("cold");
        Assert.InRange(printer.Query("extruder").GetProperty("temperature").GetDouble(), 195, 205);
        printer.Run(Line + "\nM400");
        var extruder = printer.Query("extruder");
        Assert.InRange(extruder.GetProperty("temperature").GetDouble(), 25, 150);
        Assert.Equal(200, extruder.GetProperty("target").GetDouble());
    }

    [Fact]
    public void Unheated_takes_its_target_and_stays_at_room_temperature()
    {
        using var printer = new TestPrinter(new PrinterOptions { Behave = "unheated" });
        printer.Run("M104 S200");
        printer.Advance(15);
        Assert.Equal((25, 200), (printer.Query("extruder").GetProperty("temperature").GetDouble(), printer.Query("extruder").GetProperty("target").GetDouble()));
    }

    [Fact]
    public void Reports_once_a_second_are_a_second_apart()
    {
        using var printer = Ready("one-hertz");
        var times = ReportsDuring(printer, 10);
        Assert.All(times.Zip(times.Skip(1)), static pair => Assert.Equal(1, pair.Second - pair.First, 3));
    }

    [Theory]
    [InlineData("slow-wifi", 0.25)]
    [InlineData("stalled", 0.5)]
    public void A_bad_link_delays_messages_and_loses_none(string name, double longest)
    {
        using var printer = Ready(name);
        var client = Subscribed(printer);
        printer.Run("M104 S0\nG91\nM83\nG1 X150 F300", atMost: 60);
        printer.Advance(60);
        var times = client.Notifications("notify_status_update").Select(static message => message.GetProperty("params")[1].GetDouble()).ToArray();
        Assert.All(times.Zip(times.Skip(1)), static pair => Assert.Equal(0.25, pair.Second - pair.First, 3));
        Assert.Contains(client.Times.Zip(client.Times.Skip(1)), pair => pair.Second - pair.First > longest);
    }

    [Fact]
    public void Late_telemetry_shows_what_was_seconds_ago()
    {
        using var printer = Ready("laggy");
        var client = Subscribed(printer);
        printer.Run("G91\nG1 X100 F600");
        printer.Advance(20);
        var moving = client.Notifications("notify_status_update").First(static message => message.GetProperty("params")[0].TryGetProperty("motion_report", out var motion)
            && motion.TryGetProperty("live_velocity", out var velocity) && velocity.GetDouble() > 9);
        var late = printer.Now - 20 + 0.35 + 2;
        Assert.InRange(moving.GetProperty("params")[1].GetDouble(), late - 0.3, late + 0.8);
    }

    [Fact]
    public void A_pause_at_the_printer_holds_its_queue_and_ends_where_it_began()
    {
        using var printer = Ready("paused");
        var longest = 0.0;
        for (var i = 0; i < 20; i++)
        {
            var start = printer.Now;
            printer.Run($"G1 X{20 + (100 * (i % 2))} Y50 Z2 E4 F6000\nM400");
            longest = Math.Max(longest, printer.Now - start);
            Assert.Equal([20 + (100 * (i % 2)), 50, 2], Position(printer)[..3]);
        }

        Assert.InRange(longest, 4, 100);
    }

    [Fact]
    public void Knobs_that_are_turned_show_in_the_telemetry()
    {
        using var printer = Ready("knob");
        for (var i = 0; i < 10; i++)
            printer.Run($"G1 X{20 + (100 * (i % 2))} E5 F6000");
        var move = printer.Query("gcode_move");
        Assert.NotEqual(1, move.GetProperty("speed_factor").GetDouble());
        Assert.NotEqual(1, move.GetProperty("extrude_factor").GetDouble());
    }

    private static TestPrinter Ready(string name, ulong seed = 1)
    {
        var printer = new TestPrinter(new PrinterOptions { Behave = name, Seed = seed });
        printer.Run("M104 S200\nG28\nG1 X20 Y20 Z2 F6000\nM83\nM109 S200\nM400");
        return printer;
    }

    private static double[] Position(TestPrinter printer) =>
        printer.Query("motion_report").GetProperty("live_position").EnumerateArray().Select(static value => value.GetDouble()).ToArray();

    private static TestClient Subscribed(TestPrinter printer)
    {
        var client = printer.Connect();
        client.WaitFor(client.Call("printer.objects.subscribe", new JsonMap { ["objects"] = new JsonMap { ["motion_report"] = null, ["toolhead"] = null } }), 10);
        return client;
    }

    private static double[] ReportsDuring(TestPrinter printer, double seconds)
    {
        var client = Subscribed(printer);
        printer.Advance(seconds);
        return client.Notifications("notify_status_update").Select(static message => message.GetProperty("params")[1].GetDouble()).ToArray();
    }
}
