using System.Text;
using System.Text.Json.Nodes;
using Touchmark.Gateway.DeadMan;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>The printer's dead-man timer: put in, proved, pushed off during a print, stopped after it, and asked for before it.</summary>
public sealed class DeadManTests
{
    private const string SavedBlock = "#*# <---------------------- SAVE_CONFIG ---------------------->\n#*# DO NOT EDIT THIS BLOCK OR BELOW. The contents are auto-generated.\n#*# [extruder]\n#*# pid_kp = 12.000\n";

    [Theory]
    [InlineData("", "[include touchmark.cfg]\n")]
    [InlineData("# mine", "# mine\n[include touchmark.cfg]\n")]
    [InlineData("# mine\n[mcu]\nserial: x\n", "# mine\n[include touchmark.cfg]\n[mcu]\nserial: x\n")]
    [InlineData("# mine\r\n[mcu]\r\nserial: x\r\n", "# mine\r\n[include touchmark.cfg]\r\n[mcu]\r\nserial: x\r\n")]
    [InlineData(SavedBlock, "[include touchmark.cfg]\n" + SavedBlock)]
    [InlineData("#[include touchmark.cfg]\n[mcu]\n" + SavedBlock, "#[include touchmark.cfg]\n[include touchmark.cfg]\n[mcu]\n" + SavedBlock)]
    public void One_line_goes_before_the_first_section_and_leaves_again_without_a_trace(string before, string after)
    {
        Assert.Equal(after, DeadManFile.AddInclude(before));
        Assert.Equal(after, DeadManFile.AddInclude(after));
        Assert.Equal(before.TrimEnd('\n'), DeadManFile.RemoveInclude(after).TrimEnd('\n'));
    }

    [Fact]
    public async Task Installing_changes_one_line_keeps_a_copy_and_proves_that_the_timer_fires()
    {
        await using var printer = await VirtualPrinter.StartAsync("--config", "/dev/null");
        using var files = Files(printer);
        await files.WriteAsync("printer.cfg", Encoding.UTF8.GetBytes("# mine\n" + SavedBlock), TestContext.Current.CancellationToken);

        var said = await RunAsync(printer, DeadManTask.Install);

        Assert.Contains("it fired after", said, StringComparison.Ordinal);
        Assert.Equal("# mine\n[include touchmark.cfg]\n" + SavedBlock, await TextAsync(files, "printer.cfg"));
        await using var client = await printer.ConnectAsync();
        var copy = Assert.Single(await client.ListFilesAsync("config", TestContext.Current.CancellationToken), file => file.Path.Contains("before-touchmark", StringComparison.Ordinal));
        Assert.Equal("# mine\n" + SavedBlock, await TextAsync(files, copy.Path));

        var again = await RunAsync(printer, DeadManTask.Install);
        Assert.DoesNotContain("restarting", again, StringComparison.Ordinal);
        await RunAsync(printer, DeadManTask.Remove);
        Assert.Equal("# mine\n" + SavedBlock, await TextAsync(files, "printer.cfg"));
        Assert.Null(await files.ReadAsync("touchmark.cfg", TestContext.Current.CancellationToken));
        Assert.Equal("NO_DEAD_MAN", (await Assert.ThrowsAsync<GatewayError>(() => RunAsync(printer, DeadManTask.Test))).Code);
    }

    [Fact]
    public async Task A_configuration_that_klipper_does_not_start_with_is_put_back_as_it_was()
    {
        await using var printer = await VirtualPrinter.StartAsync("--config", "/dev/null");
        using var files = Files(printer);
        const string Own = "[gcode_macro touchmark_safe_rest]\ngcode:\n    M117 mine\n";
        await files.WriteAsync("printer.cfg", Encoding.UTF8.GetBytes(Own), TestContext.Current.CancellationToken);

        var refused = await Assert.ThrowsAsync<GatewayError>(() => RunAsync(printer, DeadManTask.Install));

        Assert.Equal("DEAD_MAN_CONFIG", refused.Code);
        Assert.Contains("TOUCHMARK_SAFE_REST already registered", refused.Message, StringComparison.Ordinal);
        Assert.Equal(Own, await TextAsync(files, "printer.cfg"));
        Assert.Equal("ready", (string)(await printer.StateAsync())["klippy_state"]!);
    }

    [Fact]
    public async Task A_printer_that_moves_is_left_alone()
    {
        await using var printer = await VirtualPrinter.StartAsync("--speed", "1");
        await using var client = await printer.ConnectAsync();
        await client.RunScriptAsync("SET_KINEMATIC_POSITION X=0 Y=0 Z=0\nG1 X200 F600", timeout: null, TestContext.Current.CancellationToken);

        var refused = await Task.WhenAll(Enum.GetValues<DeadManTask>().Select(task => Assert.ThrowsAsync<GatewayError>(() => RunAsync(printer, task))));

        Assert.All(refused, refusal => Assert.Equal("BUSY", refusal.Code));
    }

    [Fact]
    public async Task An_older_timer_is_told_with_both_versions()
    {
        var refusal = DeadManFile.Judge(0);
        Assert.Equal(("NO_DEAD_MAN", "0", $"{DeadManFile.Version}"), (refusal!.Code, refusal.Figures["installed"], refusal.Figures["needed"]));
        Assert.NotEmpty(refusal.Fix);
        Assert.Null(DeadManFile.Judge(DeadManFile.Version));
        await using var printer = await VirtualPrinter.StartAsync();
        await using var client = await printer.ConnectAsync();
        Assert.Equal(DeadManFile.Version, await DeadManFile.InstalledVersionAsync(client, await client.GetObjectsAsync(TestContext.Current.CancellationToken), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_timer_runs_during_a_print_and_stands_still_after_it()
    {
        await using var rig = await GatewayRig.StartAsync();
        var print = rig.PrintAsync(layers: 60);
        await rig.Engine.StreamedAsync(8);
        Assert.Equal(["touchmark_deadman"], await ArmedAsync(rig.Printer));

        using var session = await print;

        rig.AssertEnded(EndReason.Completed, session);
        Assert.Empty(await ArmedAsync(rig.Printer));
        Assert.Contains("dead-man timer: pushed off", rig.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_printer_without_the_timer_prints_only_what_the_licence_allows_it_to_and_the_record_says_so()
    {
        await using var rig = await GatewayRig.StartAsync(["--config", "/dev/null"]);
        using var refused = await rig.PrintAsync(layers: 2);
        Assert.Equal("NO_DEAD_MAN", refused.End!.Refusal!.Code);

        var toolpath = await TestToolpath.CreateAsync(rig.Profile, layers: 2);
        using var printed = await rig.Engine.PrintAsync(toolpath with { Facts = toolpath.Facts with { AllowNoDeadMan = true } });

        rig.AssertEnded(EndReason.Completed, printed);
        Assert.Contains(printed.Record.Alerts, alert => alert.Code == "NO_DEAD_MAN");
    }

    private static async Task<string[]> ArmedAsync(VirtualPrinter printer) => [.. ((JsonObject)(await printer.StateAsync())["armed"]!).Select(timer => timer.Key)];

    private static async Task<string> TextAsync(MoonrakerFiles files, string path) => Encoding.UTF8.GetString((await files.ReadAsync(path, TestContext.Current.CancellationToken))!);

    private static MoonrakerFiles Files(VirtualPrinter printer) => new(Address(printer), "config");

    private static MoonrakerAddress Address(VirtualPrinter printer)
    {
        Assert.True(MoonrakerAddress.TryParse(printer.Url, out var address));
        return address;
    }

    private static async Task<string> RunAsync(VirtualPrinter printer, DeadManTask task)
    {
        await using var output = new StringWriter();
        await DeadManCommand.RunAsync(Address(printer), task, TimeProvider.System, output, TestContext.Current.CancellationToken);
        return output.ToString();
    }
}
