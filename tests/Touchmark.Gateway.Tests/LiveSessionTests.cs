using System.Text;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>
/// Live sessions through Klipper's extra: the real engine session, this gateway, the real extra under a stand-in of Klipper, and the virtual printer, which runs each line that the extra lets through.
/// </summary>
public sealed class LiveSessionTests
{
    [Fact]
    public async Task A_session_prints_line_for_line_as_a_job_of_virtual_sdcard()
    {
        await using var rig = await StartAsync("--gcode-store-size", "1000");
        await using var klipper = await KlipperAsync(rig);
        var toolpath = await rig.ToolpathAsync();

        // A Moonraker that keeps scripts is no reason to refuse: it gets none.
        using var session = await rig.Engine.PrintAsync(toolpath);

        rig.AssertEnded(EndReason.Completed, session);
        Assert.True(session.End!.MadeSafe);
        await klipper.LineAsync("// connected idle complete");
        Assert.Equal(Sent(toolpath), Ran(klipper));
        Assert.DoesNotContain(session.Record.Alerts, static alert => alert.Code.StartsWith("GCODE_STORE", StringComparison.Ordinal));
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task Two_sessions_are_two_jobs_and_nothing_of_them_is_in_log_output_or_status()
    {
        await using var rig = await StartAsync();
        await using var klipper = await KlipperAsync(rig);
        for (var i = 0; i < 2; i++)
        {
            using var session = await rig.PrintAsync(layers: 2);
            rig.AssertEnded(EndReason.Completed, session);
            await klipper.LineAsync("// connected idle complete");
        }

        var said = rig.Output + string.Join('\n', rig.Log) + rig.Status;
        Assert.Contains("through Klipper's extra", said, StringComparison.Ordinal);
        Assert.DoesNotContain("G1", said, StringComparison.Ordinal);
        Assert.DoesNotContain("F2400", said, StringComparison.Ordinal);
    }

    [Fact]
    public Task A_pause_at_the_printer_loses_and_repeats_no_line() => PausedTwiceAsync(
        static async (_, klipper) =>
        {
            await klipper.SayAsync("PAUSE");
            await klipper.LineAsync("// connected paused paused");
            await klipper.SayAsync("RESUME");
            await klipper.LineAsync("// connected printing printing");
        },
        alerts: 0);

    [Fact]
    public Task A_pause_by_the_engine_raises_the_head_and_loses_and_repeats_no_line() => PausedTwiceAsync(
        static async (engine, _) =>
        {
            engine.Pause();
            await engine.ReachedAsync(static progress => progress.Paused is { Stands: true, IsRaised: true });
            engine.GoOn();
        },
        alerts: 2);

    [Fact]
    public async Task A_pause_that_nobody_ends_ends_the_job_and_leaves_the_printer_safe()
    {
        await using var rig = await StartAsync();
        rig.Engine.PauseSeconds = 1;
        await using var klipper = await KlipperAsync(rig);
        var toolpath = await rig.ToolpathAsync(layers: 200);
        var print = rig.Engine.PrintAsync(toolpath);
        await rig.Engine.StreamedAsync(8);
        rig.Engine.Pause();

        using var session = await print;
        rig.AssertEnded(EndReason.PausedTooLong, session);
        Assert.True(session.End!.MadeSafe);
        await klipper.LineAsync("idle error");
        Assert.StartsWith(Ran(klipper), Sent(toolpath), StringComparison.Ordinal);
        await rig.Printer.AssertSafeAsync();
    }

    [Theory]
    [InlineData("CANCEL_PRINT", EndReason.Cancelled, "// connected idle cancelled")]
    [InlineData("M112", EndReason.PrinterShutdown, "Klipper was shut down.")]
    [InlineData("end", EndReason.PrinterVanished, null)]
    public async Task What_a_person_does_to_the_job_ends_the_session_and_leaves_the_printer_safe(string typed, EndReason reason, string? told)
    {
        await using var rig = await StartAsync();
        await using var klipper = await KlipperAsync(rig);
        var toolpath = await rig.ToolpathAsync(layers: 200);
        var print = rig.Engine.PrintAsync(toolpath);
        await rig.Engine.StreamedAsync(8);

        await klipper.SayAsync(typed);

        using var session = await print;
        rig.AssertEnded(reason, session);
        Assert.True(session.End!.MadeSafe);
        if (told is not null)
        {
            await klipper.LineAsync(told);
        }

        Assert.StartsWith(Ran(klipper), Sent(toolpath), StringComparison.Ordinal);
        await rig.Printer.AssertSafeAsync();
    }

    [Theory]
    [InlineData("cancel", EndReason.Cancelled)]
    [InlineData("halt", EndReason.Halted)]
    [InlineData("stop the gateway", EndReason.GatewayStopped)]
    public async Task The_end_of_a_session_ends_the_job_before_the_printer_is_made_safe(string how, EndReason reason)
    {
        await using var rig = await StartAsync();
        await using var klipper = await KlipperAsync(rig);
        var toolpath = await rig.ToolpathAsync(layers: 200);
        var print = rig.Engine.PrintAsync(toolpath);
        await rig.Engine.StreamedAsync(8);

        switch (how)
        {
            case "cancel":
                rig.Engine.Cancel();
                break;
            case "halt":
                rig.Engine.Halt();
                break;
            default:
                await rig.StopAsync();
                break;
        }

        using var session = await print;
        rig.AssertEnded(reason, session);
        Assert.True(session.End!.MadeSafe);
        await klipper.LineAsync("idle error");
        Assert.StartsWith(Ran(klipper), Sent(toolpath), StringComparison.Ordinal);
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task A_connection_to_the_engine_that_breaks_does_not_end_the_job()
    {
        await using var rig = await StartAsync();
        await using var klipper = await KlipperAsync(rig);
        var toolpath = await rig.ToolpathAsync();
        var print = rig.Engine.PrintAsync(toolpath);
        await rig.Engine.StreamedAsync(6);
        await rig.Engine.DropAsync();

        using var session = await print;
        rig.AssertEnded(EndReason.Completed, session);
        await klipper.LineAsync("// connected idle complete");
        Assert.Equal(Sent(toolpath), Ran(klipper));
    }

    [Fact]
    public async Task A_setting_has_sessions_go_through_Moonraker_all_the_same()
    {
        await using var rig = await GatewayRig.StartAsync(throughMoonraker: true);
        await using var klipper = await KlipperAsync(rig);
        using var session = await rig.PrintAsync(layers: 2);
        rig.AssertEnded(EndReason.Completed, session);
        Assert.Equal("", Ran(klipper));
    }

    [Theory]
    [InlineData("complete")]
    [InlineData("error")]
    [InlineData(null)]
    public async Task An_extra_that_ends_the_job_early_ends_the_session(string? reason)
    {
        await using var rig = await StartAsync();
        using var extra = await PrinterClient.ConnectAsync(rig.SocketPath, rig.Gcodes);
        var print = rig.PrintAsync();
        var handle = (long)(await extra.EventAsync("session"))["handle"]!;
        Assert.True((bool)(await extra.AskAsync("close", ("handle", handle), ("reason", reason))).Answer["ok"]!);

        using var session = await print;
        rig.AssertEnded(EndReason.PrinterError, session);
        Assert.Equal("HANDLE_UNKNOWN", await extra.RefusedAsync("next", ("handle", handle)));
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task The_extra_hears_what_is_printed_and_under_which_licence()
    {
        await using var rig = await StartAsync();
        using var extra = await PrinterClient.ConnectAsync(rig.SocketPath, rig.Gcodes);
        var toolpath = await rig.ToolpathAsync(layers: 2);
        var print = rig.Engine.PrintAsync(toolpath);
        var offered = await extra.EventAsync("session");
        Assert.Equal(
            (toolpath.Facts.Title, $"{toolpath.Facts.LicenceId:D}", $"{toolpath.Facts.JobId:D}"), ((string)offered["name"]!, (string)offered["licence"]!, (string)offered["job"]!));
        await extra.AskAsync("close", ("handle", (long)offered["handle"]!), ("reason", "cancelled"));

        using var session = await print;
        rig.AssertEnded(EndReason.Cancelled, session);
    }

    [Fact]
    public async Task An_extra_that_does_not_begin_ends_the_session()
    {
        // By the real clock: to a faster one an engine that has nothing to say is silent for too long, and the connection is given up again and again.
        await using var rig = await StartAsync();
        using var extra = await PrinterClient.ConnectAsync(rig.SocketPath, rig.Gcodes);

        using var session = await rig.PrintAsync();

        rig.AssertEnded(EndReason.PrinterError, session);
        Assert.Contains("did not begin", session.End!.Text, StringComparison.Ordinal);
        Assert.Equal("PRINTER_ERROR", (string)(await extra.EventAsync("stop"))["reason"]!);
        await rig.Printer.AssertSafeAsync();
    }

    [Fact]
    public async Task Segments_are_for_the_extra_they_were_offered_to_one_at_a_time_and_for_nobody_after_the_end()
    {
        await using var rig = await StartAsync();
        using var former = await PrinterClient.ConnectAsync(rig.SocketPath, rig.Gcodes);
        using var extra = await PrinterClient.ConnectAsync(rig.SocketPath, rig.Gcodes);
        var toolpath = await rig.ToolpathAsync();
        var print = rig.Engine.PrintAsync(toolpath);
        var offered = await extra.EventAsync("session");
        Assert.Equal(toolpath.Facts.Segments, (ulong)offered["segments"]!);
        var handle = (long)offered["handle"]!;

        foreach (var stranger in new[] { "next", "close" })
        {
            Assert.Equal("HANDLE_UNKNOWN", await former.RefusedAsync(stranger, ("handle", handle), ("reason", "error")));
        }

        Assert.Equal("HANDLE_UNKNOWN", await extra.RefusedAsync("next", ("handle", handle + 1)));
        Assert.Equal("HANDLE_UNKNOWN", await extra.RefusedAsync("read", ("handle", handle), ("offset", 0), ("length", 1)));
        var (first, lines) = await extra.AskAsync("next", ("handle", handle));
        Assert.False((bool)first["eof"]!);
        Assert.StartsWith(Encoding.ASCII.GetString(lines), Sent(toolpath), StringComparison.Ordinal);
        Assert.Equal(0, (int)(await extra.EventAsync("status"))["verified"]!);
        // Its lines are run by nobody here: what comes is at most what a printer has queued.
        rig.Engine.Cancel();
        Assert.Equal("CANCELLED", (string)(await extra.EventAsync("stop"))["reason"]!);
        Assert.Equal("SESSION_ENDED", await extra.RefusedAsync("next", ("handle", handle)));
        Assert.True((bool)(await extra.AskAsync("close", ("handle", handle), ("reason", "error"))).Answer["ok"]!);
        using var session = await print;
        rig.AssertEnded(EndReason.Cancelled, session);
    }

    [Fact]
    public async Task A_session_follows_on_one_that_was_closed_while_it_asked()
    {
        await using var rig = await StartAsync();
        using var extra = await PrinterClient.ConnectAsync(rig.SocketPath, rig.Gcodes);
        var print = rig.PrintAsync();
        var handle = (long)(await extra.EventAsync("session"))["handle"]!;
        var requests = Enumerable.Range(100, 10).Select(id => $$"""{"id":{{id}},"op":"next","handle":{{handle}}}""").Append($$"""{"id":110,"op":"close","handle":{{handle}},"reason":"cancelled"}""");
        await extra.SendAsync([.. requests.SelectMany(request => PrinterClient.Frame(Encoding.ASCII.GetBytes(request)))]);
        using (var first = await print)
        {
            rig.AssertEnded(EndReason.Cancelled, first);
        }

        var second = rig.PrintAsync();
        var next = (long)(await extra.EventAsync("session"))["handle"]!;
        Assert.True(next > handle);
        await extra.SendAsync(PrinterClient.Frame(Encoding.ASCII.GetBytes($$"""{"id":111,"op":"next","handle":{{next}}}""")));
        var answered = new HashSet<int>(extra.Events.Select(static told => (int?)told["id"] ?? 0));
        while (!answered.Contains(111))
        {
            answered.Add((int?)(await extra.ReceiveAsync())!.Value.Message["id"] ?? 0);
        }

        Assert.Equal(Enumerable.Range(100, 12), answered.Where(static id => id >= 100).Order());
        rig.Engine.Cancel();
        await extra.EventAsync("stop");
        await extra.AskAsync("close", ("handle", next), ("reason", "error"));
        (await second).Dispose();
    }

    [Fact]
    public async Task An_extra_that_asks_without_end_loses_its_connection_and_the_session()
    {
        await using var rig = await StartAsync();
        using var extra = await PrinterClient.ConnectAsync(rig.SocketPath, rig.Gcodes);
        var print = rig.PrintAsync();
        var handle = (long)(await extra.EventAsync("session"))["handle"]!;
        // In one piece: the gateway closes in the middle of it.
        await extra.SendAsync([.. Enumerable.Range(100, 40).SelectMany(id => PrinterClient.Frame(Encoding.ASCII.GetBytes($$"""{"id":{{id}},"op":"next","handle":{{handle}}}""")))]);

        using var session = await print;
        rig.AssertEnded(EndReason.PrinterVanished, session);
        await rig.Printer.AssertSafeAsync();
    }

    private static async Task PausedTwiceAsync(Func<StandInEngine, ChildProcess, Task> pauseAsync, int alerts)
    {
        await using var rig = await StartAsync();
        await using var klipper = await KlipperAsync(rig);
        // Long enough that a pause always comes in its middle.
        var toolpath = await rig.ToolpathAsync(layers: 40);
        var print = rig.Engine.PrintAsync(toolpath);
        for (ulong segments = 6; segments <= 12; segments += 6)
        {
            await rig.Engine.StreamedAsync(segments);
            await pauseAsync(rig.Engine, klipper);
        }

        using var session = await print;
        rig.AssertEnded(EndReason.Completed, session);
        await klipper.LineAsync("// connected idle complete");
        Assert.Equal(Sent(toolpath), Ran(klipper));
        Assert.Equal(alerts, session.Record.Alerts.Count(static alert => alert.Code == "PAUSED"));
    }

    private static async Task<GatewayRig> StartAsync(params string[] options)
    {
        var rig = await GatewayRig.StartAsync(["--speed", "20", .. options]);
        rig.Engine.ChallengeSeconds = 0;
        return rig;
    }

    private static async Task<ChildProcess> KlipperAsync(GatewayRig rig)
    {
        var klipper = ChildProcess.StartPython("print_session.py", rig.SocketPath, rig.Gcodes, rig.Printer.Url);
        await klipper.LineAsync("// connected");
        return klipper;
    }

    /// <summary>What Klipper gets of a toolpath: no heater is waited for in its queue.</summary>
    private static string Sent(TestToolpath toolpath) => Encoding.ASCII.GetString(toolpath.Canonical).Replace("M190", "M140", StringComparison.Ordinal).Replace("M109", "M104", StringComparison.Ordinal);

    private static string Ran(ChildProcess klipper) => string.Concat(klipper.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => !line.StartsWith("//", StringComparison.Ordinal)).Select(static line => line + "\n"));
}
