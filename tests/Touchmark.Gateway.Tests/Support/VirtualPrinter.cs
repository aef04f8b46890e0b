using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.Tests;

/// <summary>The virtual printer as a process of its own, on a free port, and what is true of it.</summary>
internal sealed class VirtualPrinter : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly ChildProcess _process;

    private VirtualPrinter(ChildProcess process, string url)
    {
        _process = process;
        Url = url;
        _http = new HttpClient { BaseAddress = new Uri(url) };
    }

    public string Url { get; }

    public int Port => new Uri(Url).Port;

    /// <summary>The printer's dead-man timer, as it is shipped.</summary>
    public static string DeadManConfiguration() => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "printer", "klipper", "touchmark.cfg"));

    /// <summary>Thirty printer seconds a second, the dead-man timer, and a Moonraker that keeps no scripts, unless <paramref name="options"/> say otherwise.</summary>
    public static async Task<VirtualPrinter> StartAsync(params string[] options)
    {
        List<string> arguments = [.. options];
        Default("--port", "0");
        Default("--speed", "30");
        Default("--gcode-store-size", "0");
        Default("--config", DeadManConfiguration());
        var process = ChildProcess.Start("VirtualPrinter", arguments);
        var ready = await process.LineAsync("ready on ");
        return new VirtualPrinter(process, ready[ready.IndexOf("http", StringComparison.Ordinal)..].Trim());

        void Default(string name, string value)
        {
            if (!arguments.Contains(name))
            {
                arguments.AddRange([name, value]);
            }
        }
    }

    public async Task<MoonrakerClient> ConnectAsync()
    {
        Assert.True(MoonrakerAddress.TryParse(Url, out var address));
        return await MoonrakerClient.ConnectAsync(address, TimeProvider.System, TestContext.Current.CancellationToken);
    }

    public async Task<JsonNode> StateAsync() => (await _http.GetFromJsonAsync<JsonNode>("virtual/state"))!["result"] is { } result
        ? result
        : (await _http.GetFromJsonAsync<JsonNode>("virtual/state"))!;

    public async Task BreakAsync(string fault) => (await _http.PostAsync("virtual/fault", new StringContent($$"""{"fault":"{{fault}}"}"""))).EnsureSuccessStatusCode();

    /// <summary>Heaters off, fan full.</summary>
    public async Task AssertSafeAsync()
    {
        var state = await StateAsync();
        Assert.Equal(0, (double)state["nozzle"]!["target"]!);
        Assert.Equal(0, (double)state["bed"]!["target"]!);
        Assert.Equal(1, (double)state["fan_speed"]!);
    }

    public Task KillAsync() => _process.KillAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private static string Here([CallerFilePath] string here = "") => here;
}
