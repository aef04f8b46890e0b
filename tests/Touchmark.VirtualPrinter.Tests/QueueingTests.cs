namespace Touchmark.VirtualPrinter.Tests;

/// <summary>When scripts are answered, what holds the queue, and what stops it: the measured facts of Klipper's timing.</summary>
public sealed class QueueingTests
{
    [Fact]
    public void About_one_second_of_motion_is_accepted_ahead_and_then_a_script_waits()
    {
        using var printer = Homed();
        var client = printer.Connect();
        // 100 moves of 0.1 s each: ten seconds of motion, one request per move.
        var ids = Enumerable.Range(0, 100).Select(i => client.Call("printer.gcode.script", Script($"G1 X{100 + 10 * (i % 2)} F6000"))).ToArray();
        printer.Advance(0.001);
        var atOnce = ids.Count(id => client.Answer(id) is not null);
        Assert.InRange(atOnce, 5, 20);
        Assert.InRange(printer.State.GetProperty("queued_seconds").GetDouble(), 0.9, 2.2);
        printer.Advance(3);
        var later = ids.Count(id => client.Answer(id) is not null);
        Assert.InRange(later - atOnce, 15, 35);
        Assert.InRange(printer.State.GetProperty("queued_seconds").GetDouble(), 0.9, 1.4);
    }

    [Fact]
    public void Moves_too_small_to_plan_are_accepted_by_the_thousand()
    {
        using var printer = Homed();
        var client = printer.Connect();
        var lines = Enumerable.Range(0, 3000).Select(i => FormattableString.Invariant($"G1 X{100 + i * 0.00005:F5} F18000"));
        var id = client.Call("printer.gcode.script", Script(string.Join('\n', lines)));
        Assert.NotNull(client.Answer(id));
        Assert.True(printer.State.GetProperty("look_ahead_moves").GetInt32() > 2000);
    }

    [Fact]
    public void The_first_step_after_a_rest_comes_353_ms_after_the_line()
    {
        using var printer = Homed();
        printer.Advance(5);
        var before = printer.State.GetProperty("position")[0].GetDouble();
        printer.Connect().Call("printer.gcode.script", Script("G1 X120 F6000"));
        printer.Advance(0.345);
        Assert.Equal(before, printer.State.GetProperty("position")[0].GetDouble());
        printer.Advance(0.015);
        Assert.NotEqual(before, printer.State.GetProperty("position")[0].GetDouble());
    }

    [Fact]
    public void A_line_behind_a_temperature_wait_waits_with_it()
    {
        using var printer = Homed();
        var client = printer.Connect();
        var wait = client.Call("printer.gcode.script", Script("M109 S150"));
        var behind = client.Call("printer.gcode.script", Script("M115"));
        printer.Advance(3);
        Assert.Null(client.Answer(wait));
        Assert.Null(client.Answer(behind));
        client.WaitFor(wait, 120);
        printer.Advance(0.01);
        Assert.NotNull(client.Answer(behind));
    }

    [Fact]
    public void Emergency_stop_overtakes_a_script_that_holds_the_queue()
    {
        using var printer = Homed();
        var client = printer.Connect();
        var script = client.Call("printer.gcode.script", Script("M104 S200\nG1 X10 F600\nM400"));
        printer.Advance(2);
        Assert.Null(client.Answer(script));
        var stop = client.Call("printer.emergency_stop");
        Assert.Equal("ok", client.Answer(stop)!.Value.GetProperty("result").GetString());
        var stopped = printer.State;
        Assert.Equal("shutdown", stopped.GetProperty("klippy_state").GetString());
        Assert.Equal(0, stopped.GetProperty("nozzle").GetProperty("power").GetDouble());
        printer.Advance(5);
        Assert.Equal(stopped.GetProperty("position").GetRawText(), printer.State.GetProperty("position").GetRawText());
    }

    [Fact]
    public void Nothing_moves_after_an_emergency_stop_while_homing()
    {
        using var printer = new TestPrinter();
        var client = printer.Connect();
        var homing = client.Call("printer.gcode.script", Script("G28\nG1 X50 F6000"));
        printer.Advance(0.6);
        client.Call("printer.emergency_stop");
        var stopped = printer.State.GetProperty("position").GetRawText();
        printer.Advance(20);
        Assert.Equal(stopped, printer.State.GetProperty("position").GetRawText());
        Assert.True(client.Answer(homing)!.Value.TryGetProperty("error", out _));
    }

    [Fact]
    public void M112_in_a_script_waits_its_turn()
    {
        using var printer = Homed();
        var client = printer.Connect();
        client.Call("printer.gcode.script", Script("G1 X10 F600\nM400"));
        client.Call("printer.gcode.script", Script("M112"));
        printer.Advance(3);
        Assert.Equal("ready", printer.State.GetProperty("klippy_state").GetString());
        printer.Advance(20);
        Assert.Equal("shutdown", printer.State.GetProperty("klippy_state").GetString());
        Assert.Equal(10, printer.State.GetProperty("position")[0].GetDouble(), 6);
    }

    [Fact]
    public void A_disconnect_pauses_nothing()
    {
        using var printer = Homed();
        var client = printer.Connect();
        client.Call("printer.gcode.script", Script(string.Join('\n', Enumerable.Range(0, 40).Select(i => $"G1 X{100 + 10 * (i % 2)} F6000"))));
        printer.Advance(0.5);
        client.Disconnect();
        printer.Advance(10);
        Assert.Equal(110, printer.State.GetProperty("position")[0].GetDouble(), 6);
        Assert.Equal(0, printer.State.GetProperty("queued_seconds").GetDouble());
    }

    [Fact]
    public void The_first_error_ends_the_script_and_what_came_before_is_done()
    {
        using var printer = Homed();
        var answer = printer.Run("G1 X20 F6000\nG1 X999\nG1 X30");
        Assert.Equal(400, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.StartsWith("Move out of range: 999.000", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        printer.Run("M400");
        Assert.Equal(20, printer.State.GetProperty("position")[0].GetDouble(), 6);
    }

    [Fact]
    public void Status_is_told_every_250_ms_of_printer_time_with_changed_fields_only()
    {
        using var printer = new TestPrinter(new PrinterOptions { Speed = 20 });
        var client = printer.Connect();
        var id = client.Call("printer.objects.subscribe", new JsonMap { ["objects"] = new JsonMap { ["toolhead"] = null, ["webhooks"] = null } });
        client.WaitFor(id, 1);
        client.Messages.Clear();
        var first = printer.Now;
        // Half a second of the wall clock is ten seconds of the printer's.
        printer.Advance(0.5);
        var updates = client.Notifications("notify_status_update").ToArray();
        Assert.InRange(updates.Length, 39, 41);
        Assert.InRange(printer.Now - first, 9.99, 10.01);
        Assert.All(updates, update => Assert.Equal(["estimated_print_time"], update.GetProperty("params")[0].GetProperty("toolhead").EnumerateObject().Select(field => field.Name)));
        var times = updates.Select(update => update.GetProperty("params")[1].GetDouble()).ToArray();
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.Equal(0.25, pair.Second - pair.First, 6));
    }

    [Fact]
    public void Subscriptions_end_with_a_restart()
    {
        using var printer = Homed();
        var client = printer.Connect();
        client.WaitFor(client.Call("printer.objects.subscribe", new JsonMap { ["objects"] = new JsonMap { ["toolhead"] = null } }), 1);
        client.Call("printer.firmware_restart");
        printer.Advance(3);
        Assert.Single(client.Notifications("notify_klippy_ready"));
        client.Messages.Clear();
        printer.Advance(2);
        Assert.Empty(client.Notifications("notify_status_update"));
        Assert.Equal("", printer.Query("toolhead").GetProperty("homed_axes").GetString());
    }

    [Fact]
    public void A_killed_host_moves_on_for_0_65_s_and_comes_back_in_error_until_the_firmware_is_reset()
    {
        using var printer = Homed();
        var client = printer.Connect();
        var id = client.Call("printer.gcode.script", Script("G1 X200 F3000\nM400"));
        printer.Advance(1);
        var killed = printer.State.GetProperty("position")[0].GetDouble();
        printer.Inject("klippy_killed");
        Assert.Equal(503, client.Answer(id)!.Value.GetProperty("error").GetProperty("code").GetInt32());
        printer.Advance(5);
        Assert.Equal(0.65 * 50, printer.State.GetProperty("position")[0].GetDouble() - killed, 3);
        printer.Inject("klippy_revived");
        printer.Advance(3);
        Assert.Equal("error", printer.State.GetProperty("klippy_state").GetString());
        client.Call("printer.firmware_restart");
        printer.Advance(3);
        Assert.Equal("ready", printer.State.GetProperty("klippy_state").GetString());
    }

    private static JsonMap Script(string text) => new() { ["script"] = text };

    private static TestPrinter Homed()
    {
        var printer = new TestPrinter();
        printer.Run("G28\nG1 X100 Y100 Z10 F6000\nM400");
        printer.Advance(1);
        return printer;
    }
}
