using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Touchmark.Cryptography;

namespace Touchmark.Gateway.Tests;

/// <summary>Klipper's extra (printer/klipper) against this gateway: Python on one side of the socket, C# on the other, Klipper itself a stand-in.</summary>
public sealed class ExtraTests
{
    [Theory]
    [InlineData("sealed")]
    [InlineData("fernet")]
    [InlineData("plain")]
    public async Task A_file_prints_line_for_line_through_virtual_sdcard(string kind)
    {
        await using var rig = new FileRig();
        using var key = FernetKey.Generate();
        rig.Keys.Add(key);
        var toolpath = FileRig.Toolpath(5_000);
        var path = kind switch
        {
            "sealed" => await rig.SealAsync("a \"ü\".gcode", toolpath),
            "fernet" => await rig.FernetAsync("a.gcode", toolpath, key),
            _ => rig.Write("a.gcode", toolpath),
        };

        var (exitCode, ran, told) = await PrintAsync(rig, path);

        Assert.True(exitCode == 0, told);
        Assert.Equal(Encoding.ASCII.GetString(toolpath), ran);
        Assert.Equal(kind != "plain", rig.Journal.Entries.Any(entry => entry.EndsWith("file job: complete", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_file_of_another_printer_is_refused_in_the_gateways_words()
    {
        await using var rig = new FileRig();
        await using var other = new FileRig();
        var path = rig.Write("a.gcode", await File.ReadAllBytesAsync(await other.SealAsync("a.gcode", FileRig.Toolpath(100)), TestContext.Current.CancellationToken));

        var (exitCode, ran, told) = await PrintAsync(rig, path);

        Assert.Equal((2, ""), (exitCode, ran));
        Assert.Contains("The file was sealed for another printer. Have it sealed for this printer. (FILE_OTHER_PRINTER)", told, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Ran, string Told)> PrintAsync(FileRig rig, string path, [CallerFilePath] string here = "")
    {
        var program = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../printer/tests/print_file.py"));
        var start = new ProcessStartInfo("python3", ["-B", program, rig.SocketPath, rig.Gcodes, Path.GetFileName(path)]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var told = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var ran = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, ran, await told);
    }
}
