using System.Globalization;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.VirtualPrinter.Tests;

/// <summary>Heat, faults, identity, options, and that nothing a client says can bring the printer down.</summary>
public sealed class MachineTests
{
    [Fact]
    public void A_nozzle_reaches_its_target_and_stays_there()
    {
        using var printer = new TestPrinter();
        printer.Run("M109 S200");
        printer.Advance(30);
        Assert.InRange(printer.State.GetProperty("nozzle").GetProperty("temperature").GetDouble(), 198.5, 201.5);
    }

    [Fact]
    public void The_fan_cools_a_nozzle_that_is_off()
    {
        Assert.True(After("M106 S255") < After("M107") - 5);

        static double After(string fan)
        {
            using var printer = new TestPrinter();
            printer.Run("M109 S200\nM104 S0\n" + fan);
            printer.Advance(5);
            return printer.State.GetProperty("nozzle").GetProperty("temperature").GetDouble();
        }
    }

    [Fact]
    public void Machines_differ_by_seed_and_a_machine_is_always_itself()
    {
        Assert.Equal(Identify(7), Identify(7));
        Assert.NotEqual(Identify(7), Identify(8));

        static string Identify(ulong seed)
        {
            using var printer = new TestPrinter(new PrinterOptions { Seed = seed });
            printer.Run("M104 S200");
            printer.Advance(4);
            return printer.Query("configfile").GetProperty("settings").GetProperty("mcu").GetProperty("serial").GetString()
                + printer.State.GetProperty("nozzle").GetProperty("temperature").GetDouble().ToString("R", CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public void Another_machine_can_have_the_same_serial_numbers_and_heat_and_home_differently()
    {
        var honest = Measure(new PrinterOptions());
        var weak = Measure(new PrinterOptions { HeaterPower = 0.7, HomingSpeed = 0.8 });
        Assert.Equal(honest.Serial, weak.Serial);
        Assert.InRange(weak.Temperature, 25, honest.Temperature - 15);
        Assert.True(weak.Homing > honest.Homing * 1.1);

        static (string Serial, double Temperature, double Homing) Measure(PrinterOptions options)
        {
            using var printer = new TestPrinter(options);
            var began = printer.Now;
            printer.Run("G28");
            var homing = printer.Now - began;
            printer.Run("M104 S200");
            printer.Advance(4);
            return (printer.Query("configfile").GetProperty("settings").GetProperty("mcu").GetProperty("serial").GetString()!,
                printer.State.GetProperty("nozzle").GetProperty("temperature").GetDouble(), homing);
        }
    }

    [Fact]
    public void A_broken_heater_is_noticed_and_stops_the_printer()
    {
        using var printer = new TestPrinter();
        printer.Inject("heater_broken");
        printer.Run("M104 S200");
        printer.Advance(30);
        Assert.Equal("shutdown", printer.State.GetProperty("klippy_state").GetString());
        Assert.StartsWith("Heater extruder not heating at expected rate", printer.Query("webhooks").GetProperty("state_message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_microcontroller_stops_the_printer()
    {
        using var printer = new TestPrinter();
        printer.Inject("mcu_lost");
        Assert.StartsWith("Lost communication with MCU 'mcu'", printer.Query("webhooks").GetProperty("state_message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_frozen_printer_says_nothing_and_answers_when_it_thaws()
    {
        using var printer = new TestPrinter();
        var client = printer.Connect();
        printer.Inject("freeze");
        var id = client.Call("server.info");
        printer.Advance(10);
        Assert.Empty(client.Messages);
        printer.Inject("thaw");
        Assert.NotNull(client.Answer(id));
    }

    [Fact]
    public void Idle_timeout_switches_heaters_and_motors_off()
    {
        using var printer = new TestPrinter();
        printer.Run("G28\nM104 S100\nSET_IDLE_TIMEOUT TIMEOUT=10");
        Assert.Equal("xyz", printer.Query("toolhead").GetProperty("homed_axes").GetString());
        printer.Advance(20);
        Assert.Equal("", printer.Query("toolhead").GetProperty("homed_axes").GetString());
        Assert.Equal(0, printer.State.GetProperty("nozzle").GetProperty("target").GetDouble());
        Assert.Equal("Idle", printer.Query("idle_timeout").GetProperty("state").GetString());
    }

    [Fact]
    public void Delayed_gcode_runs_when_its_time_is_up_unless_it_is_pushed_off()
    {
        var file = Path.Combine(Path.GetTempPath(), $"vprinter-{Environment.ProcessId}-delayed.cfg");
        File.WriteAllText(file, "[delayed_gcode deadman]\ninitial_duration: 0\ngcode:\n    TURN_OFF_HEATERS\n    M106 S255\n");
        try
        {
            using var printer = new TestPrinter(new PrinterOptions { ConfigFile = file });
            printer.Run("M104 S150\nUPDATE_DELAYED_GCODE ID=deadman DURATION=5");
            printer.Advance(4);
            printer.Run("UPDATE_DELAYED_GCODE ID=deadman DURATION=5");
            printer.Advance(4);
            Assert.Equal(150, printer.State.GetProperty("nozzle").GetProperty("target").GetDouble());
            printer.Advance(2);
            Assert.Equal(0, printer.State.GetProperty("nozzle").GetProperty("target").GetDouble());
            Assert.Equal(1, printer.State.GetProperty("fan_speed").GetDouble());
            Assert.Contains("TURN_OFF_HEATERS", printer.Query("configfile").GetProperty("config").GetProperty("delayed_gcode deadman").GetProperty("gcode").GetString(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_printer_without_a_bed_heater_says_so_everywhere()
    {
        using var printer = new TestPrinter(new PrinterOptions { NoBed = true });
        var objects = printer.Connect();
        var names = objects.WaitFor(objects.Call("printer.objects.list"), 1).GetRawText();
        Assert.DoesNotContain("heater_bed", names, StringComparison.Ordinal);
        Assert.False(printer.Query("configfile").GetProperty("settings").TryGetProperty("heater_bed", out _));
        Assert.Equal(JsonValueKind.Null, printer.State.GetProperty("bed").ValueKind);
    }

    [Fact]
    public void A_printer_that_is_not_ready_refuses_moves()
    {
        using var printer = new TestPrinter(new PrinterOptions { NotReady = true });
        var answer = printer.Run("G28");
        Assert.StartsWith("Printer is not ready", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_console_store_of_size_zero_keeps_nothing()
    {
        using var printer = new TestPrinter(new PrinterOptions { GCodeStoreSize = 0 });
        printer.Run("M115");
        var client = printer.Connect();
        var store = client.WaitFor(client.Call("server.gcode_store"), 1).GetProperty("result").GetProperty("gcode_store");
        Assert.Equal(0, store.GetArrayLength());
    }

    [Fact]
    public void The_record_holds_the_motion_that_was_carried_out()
    {
        var file = Path.Combine(Path.GetTempPath(), $"vprinter-{Environment.ProcessId}-record.csv");
        try
        {
            using (var printer = new TestPrinter(new PrinterOptions { RecordFile = file }))
            {
                printer.Run("G28\nG1 X50 Y40 F6000\nG1 X60\nM400");
                printer.Connect().Call("printer.gcode.script", new JsonMap { ["script"] = "G1 X200 F600" });
                printer.Advance(1.35);
                printer.Connect().Call("printer.emergency_stop");
            }

            var rows = File.ReadAllLines(file);
            Assert.Equal("start,end,x,y,z,e", rows[0]);
            Assert.Contains(rows, row => row.EndsWith(",50.000000,40.000000,0.000000,0.000000", StringComparison.Ordinal));
            Assert.EndsWith(",60.000000,40.000000,0.000000,0.000000", rows[^2], StringComparison.Ordinal);
            // The last move was cut short: 10 mm/s for about a second.
            Assert.InRange(double.Parse(rows[^1].Split(',')[2], CultureInfo.InvariantCulture), 65, 75);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Moves_keep_to_their_speed_and_join_without_a_jump() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.GeneratorFor<int[]>().ToArbitrary(),
        seeds =>
        {
            using var printer = new TestPrinter();
            printer.Run("G28\nG1 X100 Y100 Z10 F6000\nM400");
            var before = printer.Server.Klippy!.Toolhead.History.Added;
            printer.Run(string.Join('\n', seeds.Select(seed => FormattableString.Invariant($"G1 X{100 + seed % 80} Y{100 + seed / 7 % 80} Z{10 + Math.Abs(seed) / 3 % 5} F{600 + Math.Abs(seed % 977) * 10}"))));
            var toolhead = printer.Server.Klippy.Toolhead;
            var segments = toolhead.History.Latest(toolhead.History.Added - before).ToArray();
            var continuous = segments.Zip(segments.Skip(1)).All(pair =>
                pair.Second.Time >= pair.First.End - 1e-9
                && (pair.Second.Time > pair.First.End + 1e-9 || Math.Abs(pair.Second.Move.StartSpeed - pair.First.Move.EndSpeed) < 1e-6)
                && pair.Second.Move.Start == pair.First.Move.End);
            var within = segments.All(segment => segment.Move.CruiseSpeed * segment.Move.CruiseSpeed <= segment.Move.MaxCruise2 * (1 + 1e-9)
                && segment.At(segment.End - 1e-7).Position is var end
                && Math.Abs(end.X - segment.Move.End.X) < 1e-2 && Math.Abs(end.Y - segment.Move.End.Y) < 1e-2);
            return continuous && within;
        }));

    [Fact]
    public void No_line_of_text_brings_the_printer_down() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.GeneratorFor<string>().ToArbitrary(),
        text =>
        {
            using var printer = new TestPrinter();
            var client = printer.Connect();
            var words = text ?? "";
            client.Send(words);
            foreach (var line in new[] { words, "G1 X" + words, "G1" + words, "RESPOND " + words, "M117 " + words, "G2 " + words, "SET_HEATER_TEMPERATURE " + words })
                client.Call("printer.gcode.script", new JsonMap { ["script"] = line });
            var id = client.Call("server.info");
            return client.Answer(id) is not null;
        }));

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[1,\"x\",{}]")]
    [InlineData("""{"jsonrpc":"2.0","method":5,"id":1}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"printer.objects.query","params":[1],"id":1}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"printer.objects.query","params":{"objects":{"toolhead":5}},"id":1}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"printer.objects.subscribe","params":{"objects":[]},"id":{"a":1}}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"server.history.list","params":{"limit":1e400},"id":1}""")]
    public void A_bad_request_is_answered_with_an_error(string message)
    {
        using var printer = new TestPrinter();
        var client = printer.Connect();
        client.Send(message);
        printer.Advance(1);
        Assert.Contains(client.Messages, answer => answer.GetRawText().Contains("\"error\"", StringComparison.Ordinal));
        Assert.NotNull(client.Answer(client.Call("server.info")));
    }

    [Theory]
    [InlineData("SET_VELOCITY_LIMIT ACCEL=1e-300 VELOCITY=1e-300")]
    [InlineData("SET_VELOCITY_LIMIT SQUARE_CORNER_VELOCITY=1e300 ACCEL=1e300")]
    [InlineData("M220 S1e-300")]
    [InlineData("M220 S1e300")]
    [InlineData("M221 S1e-300")]
    [InlineData("G1 F1e-300")]
    [InlineData("G92 X1e308 Y-1e308 E1e308")]
    [InlineData("G4 P1e300")]
    public void Numbers_at_the_edge_of_what_a_double_holds_do_not_stop_the_clock(string line)
    {
        using var printer = new TestPrinter();
        printer.Run("G28");
        var client = printer.Connect();
        client.Call("printer.gcode.script", new JsonMap { ["script"] = line });
        client.Call("printer.gcode.script", new JsonMap { ["script"] = "G1 X10 Y10\nG1 X20 Y20\nG91\nG1 X1" });
        printer.Advance(5);
        Assert.Equal("ok", client.Answer(client.Call("printer.emergency_stop"))!.Value.GetProperty("result").GetString());
    }

    [Theory]
    [InlineData("--port", "70000")]
    [InlineData("--speed", "0")]
    [InlineData("--bed", "10x10")]
    [InlineData("--what")]
    [InlineData("--seed", "x")]
    public void Options_that_make_no_sense_are_refused_with_a_sentence(params string[] arguments)
    {
        var (options, error) = PrinterOptions.Parse(arguments);
        Assert.Null(options);
        Assert.Contains(arguments[0], error, StringComparison.Ordinal);
    }
}
