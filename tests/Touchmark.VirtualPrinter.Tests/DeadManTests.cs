using System.Runtime.CompilerServices;
using System.Text;

namespace Touchmark.VirtualPrinter.Tests;

/// <summary>The dead-man timer as it is shipped (printer/klipper/touchmark.cfg), carried out line by line as stock Klipper does.</summary>
public sealed class DeadManTests : IDisposable
{
    private readonly TestPrinter printer = Installed();

    [Fact]
    public void Not_pushed_off_it_ends_heat_lifts_parks_and_frees_all_motors_but_z()
    {
        printer.Run("G28\nM104 S150\nM140 S60\nG90\nG1 X100 Y100 Z20 F6000");
        printer.Run("UPDATE_DELAYED_GCODE ID=touchmark_deadman DURATION=5");
        printer.Advance(7.5);
        Assert.Equal(150, Target("nozzle"));
        printer.Advance(6);

        Assert.Equal(0, Target("nozzle"));
        Assert.Equal(0, Target("bed"));
        Assert.Equal(1, printer.State.GetProperty("fan_speed").GetDouble());
        Assert.Equal([5, 215, 30], Position().Take(3));
        Assert.Equal([false, false, true, false], Motors());
        Assert.Equal(1, Fired());
    }

    [Fact]
    public void Pushed_off_every_two_seconds_it_never_fires()
    {
        printer.Run("M104 S150");
        for (var second = 0; second < 60; second += 2)
        {
            printer.Run("UPDATE_DELAYED_GCODE ID=touchmark_rest DURATION=0\nUPDATE_DELAYED_GCODE ID=touchmark_deadman DURATION=5");
            printer.Advance(2);
        }

        Assert.Equal(150, Target("nozzle"));
        Assert.Equal(0, Fired());
    }

    [Fact]
    public void A_line_that_holds_the_queue_for_long_does_not_make_it_fire_while_somebody_goes_on_pushing_it_off()
    {
        printer.Run("M104 S150\nUPDATE_DELAYED_GCODE ID=touchmark_deadman DURATION=5");
        printer.Send("G4 P40000");
        printer.Advance(2);
        printer.Send("UPDATE_DELAYED_GCODE ID=touchmark_rest DURATION=0\nUPDATE_DELAYED_GCODE ID=touchmark_deadman DURATION=5");
        printer.Advance(39);
        // The line is over, the gateway has its answer and sends the next word.
        printer.Run("UPDATE_DELAYED_GCODE ID=touchmark_rest DURATION=0\nUPDATE_DELAYED_GCODE ID=touchmark_deadman DURATION=5");
        printer.Advance(4.5);
        Assert.Equal(150, Target("nozzle"));
        Assert.Equal(0, Fired());

        printer.Advance(5);
        Assert.Equal(0, Target("nozzle"));
    }

    [Fact]
    public void A_printer_that_does_not_know_where_its_axes_are_goes_cold_without_moving()
    {
        var before = Position();
        printer.Run("M104 S150\nUPDATE_DELAYED_GCODE ID=touchmark_deadman DURATION=1");
        printer.Advance(10);

        Assert.Equal(0, Target("nozzle"));
        Assert.Equal(1, printer.State.GetProperty("fan_speed").GetDouble());
        Assert.Equal(before, Position());
        Assert.Equal(1, Fired());
    }

    [Fact]
    public void Near_the_top_it_lifts_only_as_far_as_there_is_room()
    {
        printer.Run("G28\nG1 Z245 F1500\nM400\nTOUCHMARK_SAFE_REST\nM400");
        Assert.Equal(249, Position()[2]);
    }

    [Fact]
    public void Safe_rest_a_second_time_does_not_lift_again()
    {
        printer.Run("G28\nG1 Z20 F1500\nM400\nTOUCHMARK_SAFE_REST\nM400\nTOUCHMARK_SAFE_REST\nM400");
        Assert.Equal(30, Position()[2]);
    }

    [Fact]
    public void A_printer_without_a_bed_heater_is_brought_to_rest_too()
    {
        using var plain = Installed(new PrinterOptions { NoBed = true });
        plain.Run("M104 S150\nUPDATE_DELAYED_GCODE ID=touchmark_deadman DURATION=1");
        plain.Advance(10);
        Assert.Equal(0, plain.State.GetProperty("nozzle").GetProperty("target").GetDouble());
        Assert.Equal(1, plain.Query("gcode_macro TOUCHMARK_SAFE_REST").GetProperty("fired").GetInt32());
    }

    [Fact]
    public void A_configuration_that_includes_a_missing_file_ends_in_an_error_that_names_it()
    {
        Put(printer, "printer.cfg", "[include nowhere.cfg]\n");
        Restart(printer);
        Assert.Equal("error", printer.State.GetProperty("klippy_state").GetString());
    }

    public void Dispose() => printer.Dispose();

    private static TestPrinter Installed(PrinterOptions? options = null)
    {
        var made = new TestPrinter(options);
        Put(made, "touchmark.cfg", File.ReadAllText(Path.Combine(Root(), "printer", "klipper", "touchmark.cfg")));
        Put(made, "printer.cfg", "[include touchmark.cfg]\n");
        Restart(made);
        return made;
    }

    private static void Put(TestPrinter to, string name, string text) =>
        to.Do(() => FileApi.Upload(to.Server, "config", "", name, null, Encoding.UTF8.GetBytes(text)));

    private static void Restart(TestPrinter which)
    {
        which.Do(() => which.Server.Restart(firmware: true));
        which.Advance(5);
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    private double Target(string heater) => printer.State.GetProperty(heater).GetProperty("target").GetDouble();

    private double[] Position() => [.. printer.State.GetProperty("position").EnumerateArray().Take(3).Select(axis => Math.Round(axis.GetDouble(), 3))];

    private bool[] Motors() => [.. printer.State.GetProperty("motors").EnumerateObject().Select(motor => motor.Value.GetBoolean())];

    private int Fired() => printer.Query("gcode_macro TOUCHMARK_SAFE_REST").GetProperty("fired").GetInt32();
}
