using System.Text;
using System.Text.Json;

namespace Touchmark.Cli.Tests;

/// <summary>Looking into toolpaths, with the files that the specification comes with.</summary>
public sealed class GCodeTests : IDisposable
{
    private readonly CommandLine _touchmark = new();

    public void Dispose() => _touchmark.Dispose();

    [Fact]
    public async Task The_hash_is_that_of_the_canonical_form()
    {
        var example = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(CommandLine.VectorFolder, "gcode/canonical.json"))).RootElement[0];
        var file = _touchmark.Write("example.gcode", Encoding.UTF8.GetBytes(example.GetProperty("raw").GetString()!));

        var outcome = await _touchmark.RunAsync("gcode", "hash", file);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(example.GetProperty("sha256").GetString(), outcome.Output.Trim());
    }

    [Fact]
    public async Task Inspecting_tells_what_no_protected_print_may_hold_by_line()
    {
        var file = _touchmark.Write("hostile.gcode", "G28\nG1 X10 Y1O\nRUN_SHELL_COMMAND CMD=x\n"u8.ToArray());

        var outcome = await _touchmark.RunAsync("gcode", "inspect", file, "--json");

        Assert.Equal(1, outcome.ExitCode);
        var report = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.False(report.GetProperty("accepted").GetBoolean());
        Assert.Equal([2, 3], report.GetProperty("refusals").EnumerateArray().Select(refusal => refusal.GetProperty("line").GetInt32()));
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_told_apart()
    {
        var outcome = await _touchmark.RunAsync("gcode", "hash", Path.Combine(_touchmark.Home, "missing.gcode"));
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("cannot be read", outcome.Errors, StringComparison.Ordinal);
    }
}
