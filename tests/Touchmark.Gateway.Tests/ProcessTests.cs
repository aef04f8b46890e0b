using Touchmark.Cryptography;

namespace Touchmark.Gateway.Tests;

/// <summary>The gateway as its user has it: a process, its exit codes and its output.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tmgw-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    public async Task A_signal_in_mid_print_makes_the_printer_safe_before_the_process_ends(string signal)
    {
        await using var printer = await VirtualPrinter.StartAsync();
        await using var engine = await StandInEngine.StartAsync();
        await EnrolAsync(engine, printer);
        await using var gateway = ChildProcess.Start("Gateway", "run", "--home", _root);
        await gateway.LineAsync("engine: connected");
        var print = engine.PrintAsync(await TestToolpath.CreateAsync(engine.Enrolled!, layers: 200));
        await engine.StreamedAsync(8);

        await gateway.SignalAsync(signal);

        Assert.Equal(0, await gateway.ExitAsync());
        Assert.Equal(Streaming.EndReason.GatewayStopped, (await print).End!.Reason);
        await printer.AssertSafeAsync();
    }

    [Fact]
    public async Task Diagnostics_and_status_show_a_running_gateway_and_nothing_listens_on_tcp()
    {
        await using var printer = await VirtualPrinter.StartAsync();
        await using var engine = await StandInEngine.StartAsync();
        await EnrolAsync(engine, printer);
        await using var gateway = ChildProcess.Start("Gateway", "run", "--home", _root);
        await gateway.LineAsync("engine: connected");

        await using var diagnostics = ChildProcess.Start("Gateway", "diagnostics", "--home", _root);
        Assert.Equal(0, await diagnostics.ExitAsync());
        Assert.Contains("engine: connected", diagnostics.Output, StringComparison.Ordinal);

        await using var second = ChildProcess.Start("Gateway", "run", "--home", _root);
        Assert.Equal(1, await second.ExitAsync());
        Assert.Contains("ALREADY_RUNNING", second.Output, StringComparison.Ordinal);
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(Path.Combine(_root, "gateway", "diagnostics.sock")));
        Assert.Empty(gateway.ListeningTcpSockets());
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(Path.Combine(_root, "gateway", "printer.sock")));
        using var klipper = await PrinterClient.ConnectAsync(Path.Combine(_root, "gateway", "printer.sock"));
        Assert.Equal("connected", (string)(await klipper.AskAsync("status")).Answer["engine"]!);
    }

    [Fact]
    public async Task A_Fernet_key_is_kept_sealed_listed_by_a_name_and_removed()
    {
        await using var printer = await VirtualPrinter.StartAsync();
        await using var engine = await StandInEngine.StartAsync();
        await EnrolAsync(engine, printer);
        using var key = FernetKey.Generate();
        using var text = key.ToText();
        var file = Path.Combine(_root, "market.key");
        await File.WriteAllBytesAsync(file, [.. text.Span, (byte)'\n'], TestContext.Current.CancellationToken);

        var name = (await RunAsync(0, "keys", "--add-fernet", file)).Trim().Split('\n')[^1];

        Assert.Matches("^[0-9a-f]{16}[.]fernet$", name);
        var kept = await File.ReadAllBytesAsync(Path.Combine(_root, "gateway", "printer-keys", name), TestContext.Current.CancellationToken);
        Assert.True(kept.AsSpan().IndexOf(text.Span[..8]) < 0);
        Assert.Contains(name, await RunAsync(0, "keys"), StringComparison.Ordinal);
        Assert.Contains("KEY_UNKNOWN", await RunAsync(1, "keys", "--remove", "../device.key"), StringComparison.Ordinal);
        Assert.DoesNotContain(name, await RunAsync(0, "keys", "--remove", name), StringComparison.Ordinal);
        Assert.Contains("FERNET_KEY_MALFORMED", await RunAsync(1, "keys", "--add-fernet", Path.Combine(_root, "gateway", "gateway.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_other_process_can_ask_the_runtime_of_a_gateway_for_a_memory_dump()
    {
        await using var printer = await VirtualPrinter.StartAsync();
        await using var engine = await StandInEngine.StartAsync();
        await EnrolAsync(engine, printer);
        await using var gateway = ChildProcess.Start("Gateway", "run", "--home", _root);
        await gateway.LineAsync("engine: connected");

        Assert.Empty(DiagnosticsPorts(gateway.Id));
        // The control: a process that leaves it on has such files.
        Assert.Equal(Environment.GetEnvironmentVariable("DOTNET_EnableDiagnostics") != "0", DiagnosticsPorts(Environment.ProcessId).Any());
    }

    [Fact]
    public async Task An_account_enrols_a_printer_and_its_password_and_token_are_told_to_nobody()
    {
        await using var printer = await VirtualPrinter.StartAsync();
        await using var engine = await StandInEngine.StartAsync();
        var password = Path.Combine(_root, "password");
        string[] arguments = ["enrol", "--home", _root, "--engine", engine.Url, "--email", StandInEngine.Email, "--password-file", password, "--printer", printer.Url, "--no-snapshot", "--no-dead-man"];
        await File.WriteAllTextAsync(password, "wrong\n", TestContext.Current.CancellationToken);
        await using var refused = ChildProcess.Start("Gateway", arguments);
        Assert.Equal(1, await refused.ExitAsync());
        Assert.Contains("SIGN_IN_REFUSED", refused.Output, StringComparison.Ordinal);

        await File.WriteAllTextAsync(password, StandInEngine.Password + "\r\nsecond line\n", TestContext.Current.CancellationToken);
        await using var enrol = ChildProcess.Start("Gateway", arguments);

        Assert.True(await enrol.ExitAsync() == 0, enrol.Output);
        Assert.DoesNotContain(StandInEngine.Password, enrol.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("e30", enrol.Output, StringComparison.Ordinal);
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(Path.Combine(_root, "gateway", "printer.token")));
    }

    [Fact]
    public async Task A_wrong_pairing_code_is_told_in_the_engines_words()
    {
        await using var printer = await VirtualPrinter.StartAsync();
        await using var engine = await StandInEngine.StartAsync();
        await using var enrol = ChildProcess.Start("Gateway", "enrol", "--home", _root, "--engine", engine.Url, "--code", "WRONG", "--printer", printer.Url, "--no-snapshot", "--no-dead-man");
        Assert.Equal(1, await enrol.ExitAsync());
        Assert.Contains("PAIRING_CODE: The pairing code is unknown or used.", enrol.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_root, "gateway", "device.key")));
    }

    [Theory]
    [InlineData("USAGE")]
    [InlineData("USAGE", "dance")]
    [InlineData("USAGE", "run", "--port", "1")]
    [InlineData("USAGE", "enrol", "--engine", "ftp://x", "--code", "A", "--printer", "http://p")]
    [InlineData("USAGE", "enrol", "--engine", "https://x", "--code", "A")]
    [InlineData("USAGE", "enrol", "--engine", "https://x", "--printer", "http://p", "--repeats", "0")]
    [InlineData("USAGE", "enrol", "--engine", "https://x", "--printer", "http://p", "--repeats", "2", "--no-snapshot")]
    [InlineData("USAGE", "enrol", "--again", "--code", "A")]
    [InlineData("USAGE", "enrol", "--engine", "https://x", "--printer", "http://p", "--email", "a@b")]
    [InlineData("USAGE", "enrol", "--engine", "https://x", "--printer", "http://p", "--code", "A", "--email", "a@b", "--password-file", "f")]
    [InlineData("USAGE", "sessions")]
    [InlineData("USAGE", "sessions", "--through", "air")]
    [InlineData("ENGINE_NOT_ENCRYPTED", "enrol", "--engine", "http://engine.example", "--code", "A", "--printer", "http://p")]
    public void Wrong_usage_is_told_apart(string code, params string[] arguments) =>
        Assert.Equal(code, Assert.Throws<GatewayError>(() => CommandLine.Parse(arguments)).Code);

    private static IEnumerable<string> DiagnosticsPorts(int process) =>
        new[] { $"dotnet-diagnostic-{process}-*", $"clr-debug-pipe-{process}-*" }.SelectMany(name => Directory.EnumerateFiles(Path.GetTempPath(), name));

    private async Task<string> RunAsync(int exitCode, params string[] arguments)
    {
        await using var process = ChildProcess.Start("Gateway", [.. arguments, "--home", _root]);
        Assert.True(await process.ExitAsync() == exitCode, process.Output);
        return process.Output;
    }

    private async Task EnrolAsync(StandInEngine engine, VirtualPrinter printer)
    {
        await using var enrol = ChildProcess.Start("Gateway", "enrol", "--home", _root, "--engine", engine.Url, "--code", StandInEngine.Code, "--printer", printer.Url, "--no-snapshot");
        Assert.True(await enrol.ExitAsync() == 0, enrol.Output);
    }
}
