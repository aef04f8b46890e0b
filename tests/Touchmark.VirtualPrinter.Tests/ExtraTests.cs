using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Touchmark.VirtualPrinter.Tests;

/// <summary>The printer with Touchmark's extra, as the real one behaves (printer/tests), against a gateway that tests script.</summary>
public sealed class ExtraTests : IAsyncLifetime
{
    private const int Moves = 3000;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("tmvp-");
    private readonly Channel<string> said = Channel.CreateUnbounded<string>();
    private StandInGateway gateway = null!;
    private PrinterHost? host;
    private Client client = null!;

    private static byte[] Program { get; } = Encoding.ASCII.GetBytes("G28\n" + string.Concat(Enumerable.Range(0, Moves).Select(Move)) + "M400\n");

    private string Record => Path.Combine(folder.FullName, "record.csv");

    public ValueTask InitializeAsync()
    {
        folder.CreateSubdirectory("gcodes");
        gateway = new StandInGateway(Path.Combine(folder.FullName, "s")) { Text = Program };
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await gateway.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task An_encrypted_file_moves_the_printer_as_the_plain_one_does()
    {
        await StartAsync();
        await PrintAsync(Program);
        await FinishedAsync("completed");
        await StopAsync();
        var plain = Walked();

        await StartAsync();
        await PrintAsync("tm-gcode"u8.ToArray());
        await FinishedAsync("completed");

        Assert.Equal("complete", (string)(await gateway.AskedAsync("close"))["reason"]!);
        await StopAsync();
        Assert.True(plain.Count > Moves);
        Assert.Equal(plain, Walked());
    }

    [Fact]
    public async Task A_plain_file_never_asks_the_gateway_even_with_a_name_like_an_encrypted_one()
    {
        await gateway.DisposeAsync();
        await StartAsync();
        await PrintAsync(Program);
        await FinishedAsync("completed");
    }

    [Fact]
    public async Task A_refusal_is_told_in_the_gateways_words_and_nothing_is_loaded()
    {
        gateway.Refusal = "FILE_OTHER_PRINTER";
        await StartAsync();
        await PrintAsync("tm-gcode"u8.ToArray());
        await ToldAsync("!! Touchmark: No. Ask again. (FILE_OTHER_PRINTER)");
        Assert.Equal(("standby", "idle"), (Status("print_stats", "state"), Status("touchmark", "phase")));
    }

    [Fact]
    public async Task Without_a_gateway_an_encrypted_file_is_refused()
    {
        await gateway.DisposeAsync();
        await StartAsync();
        await PrintAsync("gAAAAabc"u8.ToArray());
        await ToldAsync("(GATEWAY_ABSENT)");
    }

    [Fact]
    public async Task Pause_and_resume_lose_and_repeat_no_line()
    {
        await StartAsync();
        gateway.Mute.Add("read");
        await PrintAsync("tm-gcode"u8.ToArray());
        await gateway.AskedAsync("read");
        // In the middle of a read that is not answered.
        await RunAsync("M25");
        await UntilAsync("print_stats", "state", "paused");
        await gateway.ReleaseAsync();
        await RunAsync("M24");
        await FinishedAsync("completed");
        await StopAsync();
        Assert.Equal(Moves, Walked().Count(point => point.EndsWith(",1.000000", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Cancelling_closes_the_job_at_the_gateway()
    {
        await StartAsync();
        await PrintAsync("tm-gcode"u8.ToArray());
        await gateway.AskedAsync("read");
        await RunAsync("CANCEL_PRINT_BASE");
        Assert.Equal("cancelled", (string)(await gateway.AskedAsync("close"))["reason"]!);
        Assert.Equal(("cancelled", ""), (Status("print_stats", "state"), Status("touchmark", "job")));
    }

    [Fact]
    public async Task A_shutdown_closes_the_job_at_the_gateway()
    {
        await StartAsync();
        await PrintAsync("tm-gcode"u8.ToArray());
        await gateway.AskedAsync("read");
        await RunAsync("M112");
        Assert.Equal("shutdown", (string)(await gateway.AskedAsync("close"))["reason"]!);
    }

    [Fact]
    public async Task A_file_whose_gateway_restarts_pauses_and_goes_on_when_it_is_back()
    {
        await StartAsync();
        gateway.Mute.Add("read");
        await PrintAsync("tm-gcode"u8.ToArray());
        await gateway.AskedAsync("read");
        await gateway.DisposeAsync();
        gateway = new StandInGateway(Path.Combine(folder.FullName, "s")) { Text = Program };
        await FinishedAsync("completed");
        await StopAsync();
        Assert.Equal(Moves, Walked().Count(point => point.EndsWith(",1.000000", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_file_whose_gateway_is_silent_pauses_and_then_the_printer_goes_cold()
    {
        await StartAsync("[touchmark]\npause_after: 0.5\nrest_after: 1.5\n");
        await RunAsync("M104 S150");
        gateway.Mute.Add("read");
        await PrintAsync("tm-gcode"u8.ToArray());
        await ToldAsync("the print pauses");
        await UntilAsync("print_stats", "state", "paused");
        await ToldAsync("heaters off");
        await UntilAsync("extruder", "target", "0.0");
        await gateway.ReleaseAsync();
        await RunAsync("RESUME_BASE");
        await FinishedAsync("completed");
    }

    [Fact]
    public async Task A_session_prints_as_a_job_and_asks_for_the_next_segment_when_the_one_before_is_queued()
    {
        foreach (var segment in Enumerable.Range(0, 30).Select(number => string.Concat(Enumerable.Range(number * 10, 10).Select(Move))))
            gateway.Segments.Enqueue(segment);
        gateway.Segments.Enqueue("M400\n");
        await StartAsync();
        await RunAsync("G28");
        gateway.Mute.Add("next");
        await gateway.SayAsync("""{"event":"session","handle":7,"name":"bracket.gcode","job":"j","licence":"l","layers":9,"segments":30}""");
        await gateway.AskedAsync("next");
        await gateway.SayAsync("""{"event":"status","verified":6,"exposure_s":1.5,"phase":"streaming","layer":2}""");
        await UntilAsync("touchmark", "verified", "6");
        Assert.Equal(("session", "bracket.gcode", "l", "1.5"), (Status("touchmark", "kind"), Status("print_stats", "filename"), Status("touchmark", "licence"), Status("touchmark", "exposure")));
        Assert.Equal(("0.2", """{"total_layer":9,"current_layer":2}"""), (Status("virtual_sdcard", "progress"), Status("print_stats", "info")));
        await gateway.ReleaseAsync();
        await FinishedAsync("completed");
        Assert.Equal("complete", (string)(await gateway.AskedAsync("close"))["reason"]!);
        await StopAsync();
        Assert.Equal(300, Walked().Count(point => point.EndsWith(",1.000000", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_gateways_stop_ends_a_session_as_an_error_and_brings_the_printer_to_rest()
    {
        for (var i = 0; i < 5; i++)
            gateway.Segments.Enqueue("");
        await StartAsync();
        await RunAsync("G28\nM104 S150");
        await OfferAsync();
        await gateway.SayAsync("""{"event":"stop","handle":8,"text":"Another job."}""");
        await gateway.SayAsync("""{"event":"stop","handle":7,"text":"The licence was revoked."}""");
        await ToldAsync("!! Touchmark: The licence was revoked.");
        await UntilAsync("print_stats", "state", "error");
        Assert.Equal(("The licence was revoked.", "0.0"), (Status("print_stats", "message"), Status("extruder", "target")));
        await UntilAsync("stepper_enable", "steppers", """{"stepper_x":false,"stepper_y":false,"stepper_z":true,"extruder":false}""");
    }

    [Fact]
    public async Task A_session_whose_gateway_is_silent_ends_and_the_printer_rests()
    {
        await StartAsync("[touchmark]\npause_after: 0.5\n");
        await RunAsync("M104 S150");
        await OfferAsync();
        await FinishedAsync("error");
        await UntilAsync("extruder", "target", "0.0");
    }

    [Fact]
    public async Task A_printer_that_prints_refuses_a_session_and_prints_on()
    {
        await StartAsync();
        await PrintAsync("tm-gcode"u8.ToArray());
        await gateway.AskedAsync("read");
        await gateway.SayAsync("""{"event":"session","handle":7,"name":"other"}""");
        Assert.Equal((7, "error"), ((int)(await gateway.AskedAsync("close") is var close ? close["handle"]! : null!), (string)close["reason"]!));
        await FinishedAsync("completed");
    }

    [Fact]
    public async Task Half_a_line_ends_a_session_before_anything_of_it_runs()
    {
        gateway.Segments.Enqueue("G1 X2 E1\nG1 X2");
        await StartAsync();
        await RunAsync("G28");
        await gateway.SayAsync("""{"event":"session","handle":7,"name":"a"}""");
        await ToldAsync("half a line");
        await UntilAsync("print_stats", "state", "error");
        await StopAsync();
        Assert.DoesNotContain(Walked(), point => point.EndsWith(",1.000000", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_answer_and_no_error_repeats_the_line_of_a_protected_job()
    {
        // No counter of bytes, no address and no clock has this in it.
        gateway.Text = "G28\nG1 X77.125 Y987654.321987 F6000\n"u8.ToArray();
        await StartAsync();
        await PrintAsync("tm-gcode"u8.ToArray());
        await FinishedAsync("error");
        Assert.StartsWith("Move out of range", Status("print_stats", "message"), StringComparison.Ordinal);
        Assert.DoesNotContain("987654.3", Status("print_stats", "message") + string.Concat(Everything()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_motion_is_dumped_to_nobody_while_a_protected_job_runs()
    {
        await StartAsync();
        var dumped = Channel.CreateUnbounded<string>();
        KlippySocket bridge = null!;
        host!.Server.Reactor.Run(() => bridge = new KlippySocket(host.Server, message => dumped.Writer.TryWrite(Encoding.UTF8.GetString(message))));
        await RunAsync("G28");
        Ask(1);
        Assert.Contains("header", await dumped.Reader.ReadAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        gateway.Mute.Add("read");
        await PrintAsync("tm-gcode"u8.ToArray());
        await gateway.AskedAsync("read");
        Ask(2);
        Assert.Contains("refused while a protected job runs", await Refused(), StringComparison.Ordinal);
        await RunAsync("CANCEL_PRINT_BASE");
        Ask(3);
        Assert.Contains("and for a minute after it", await Refused(), StringComparison.Ordinal);

        void Ask(int id) => host.Server.Reactor.Run(() => _ = bridge.ReceiveAsync(Encoding.UTF8.GetBytes($$$"""{"id":{{{id}}},"method":"motion_report/dump_trapq","params":{"name":"toolhead"}}""")));
        // The homing before it may still be on its way.
        async Task<string> Refused()
        {
            string message;
            do
                message = await dumped.Reader.ReadAsync(TestContext.Current.CancellationToken);
            while (!message.Contains("\"error\"", StringComparison.Ordinal));
            return message;
        }
    }

    [Fact]
    public void The_extra_needs_a_folder_on_the_disk() => Assert.Contains("--gcodes", PrinterOptions.Parse(["--touchmark", "s"]).Error, StringComparison.Ordinal);

    private static string Move(int number) => string.Create(CultureInfo.InvariantCulture, $"G1 X{10 + number % 100} Y{20 + number / 100} Z1 F12000\n");

    private async Task OfferAsync()
    {
        gateway.Mute.Add("next");
        await gateway.SayAsync("""{"event":"session","handle":7,"name":"bracket.gcode"}""");
        await gateway.AskedAsync("next");
    }

    private async Task StartAsync(string config = "")
    {
        var file = Path.Combine(folder.FullName, "printer.cfg");
        await File.WriteAllTextAsync(file, config, TestContext.Current.CancellationToken);
        host = new PrinterHost(
            new PrinterOptions { Speed = 50, RecordFile = Record, ConfigFile = file, GCodeFolder = Path.Combine(folder.FullName, "gcodes"), TouchmarkSocket = Path.Combine(folder.FullName, "s") }, TimeProvider.System);
        host.Server.Reactor.Run(() => client = host.Server.Connect(message => said.Writer.TryWrite(Encoding.UTF8.GetString(message)), () => { }));
        if (File.Exists(Path.Combine(folder.FullName, "s")))
            await gateway.AskedAsync("hello");
    }

    private async ValueTask StopAsync()
    {
        if (host is not null)
            await host.DisposeAsync();
        host = null;
    }

    /// <summary>Uploads a file and has it printed; the answer is the console's.</summary>
    private Task PrintAsync(byte[] content)
    {
        host!.Server.Reactor.Run(() => FileApi.Upload(host.Server, "gcodes", "", "a.gcode", null, content));
        return CallAsync("printer.print.start", new JsonMap { ["filename"] = "a.gcode" }, wait: false);
    }

    private Task RunAsync(string script) => CallAsync("printer.gcode.script", new JsonMap { ["script"] = script }, wait: true);

    private async Task CallAsync(string method, JsonMap parameters, bool wait)
    {
        var message = Json.Encode(new JsonMap { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = parameters, ["id"] = 99 });
        host!.Server.Reactor.Run(() => _ = host.Server.ReceiveAsync(client, message));
        if (wait)
            await SaidAsync(text => text.Contains("\"id\":99", StringComparison.Ordinal));
    }

    private async Task SaidAsync(Func<string, bool> wanted)
    {
        while (!wanted(await said.Reader.ReadAsync(TestContext.Current.CancellationToken)))
        {
        }
    }

    private Task ToldAsync(string text) => SaidAsync(message => message.Contains("notify_gcode_response", StringComparison.Ordinal) && message.Contains(text, StringComparison.Ordinal));

    private Task FinishedAsync(string status) => SaidAsync(message => message.Contains("\"finished\"", StringComparison.Ordinal) && message.Contains($"\"status\":\"{status}\"", StringComparison.Ordinal));

    /// <summary>Returns when a field of a status object has a value: each message of the printer, and it sends one a second at least, is a moment to look.</summary>
    private async Task UntilAsync(string name, string field, string value)
    {
        while (Status(name, field) != value)
            await said.Reader.ReadAsync(TestContext.Current.CancellationToken);
    }

    private string Status(string name, string field)
    {
        JsonElement status = default;
        host!.Server.Reactor.Run(() => status = Json.ToElement(host.Server.Klippy!.Status(name)!));
        return status.GetProperty(field).ToString();
    }

    private IEnumerable<string> Everything()
    {
        while (said.Reader.TryRead(out var message))
            yield return message;
        string store = "";
        host!.Server.Reactor.Run(() => store = Encoding.UTF8.GetString(Json.Encode(host.Server.Store.Latest(1000))));
        yield return store;
    }

    /// <summary>Where the printer went, without when.</summary>
    private List<string> Walked() => [.. File.ReadLines(Record).Skip(1).Select(row => string.Join(',', row.Split(',')[2..5]))];
}
